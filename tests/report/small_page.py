"""Reports of small studies, and a reader of their HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd

from xstilts.analysis.answers import Answer, Estimate
from xstilts.report.page import PageFigure

_VOID = {"meta", "link", "br", "input", "hr", "img"}

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100" viewBox="0 0 300 100">'
    '<defs><clipPath id="clip0"><rect width="9" height="9"/></clipPath></defs>'
    '<g clip-path="url(#clip0)"><path aria-roledescription="rect mark" aria-label="gain: 1.23456789" '
    'd="M0,0.123456h9"/>'
    "<text>+1.2</text></g></svg>"
)


def figure(name: str) -> PageFigure:
    return PageFigure(name, f"Title of {name}", f"What {name} shows.", f"Image of {name}", SVG, None, f"of,{name}\n")


def answers() -> list[Answer]:
    """Return an answer with an estimate and one that is not identifiable."""
    rows = pd.DataFrame(
        {"name": ["tagging"], "value": [0.2], "low": [float("nan")], "high": [0.4], "unit": ["points"], "p": [0.0001]}
    )
    return [
        Answer(
            "q1", "Distance and gain", "gains fall with distance", "supported", "the interval is below 0",
            Estimate("slope", -1.25, -2.0, -0.5, "points per SD", 0.012, "7 languages"), 0.048,
            secondary=rows.assign(p_adjusted=0.01), robustness=rows, cannot=("Causes.",), notes=("One seed.",),
        ),
        Answer("q2", "Code", "code helps", "not identifiable", "there is no pair of encoders"),
    ]  # fmt: skip


class Html(HTMLParser):
    """The elements of a page with their attributes, and its text; unbalanced tags fail an assertion."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes <{self._open[-1:]}> at {self.getpos()}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self.text += f" {data.strip()}" if data.strip() else ""

    def values(self, attribute: str, tag: str | None = None) -> list[str]:
        return [attrs[attribute] for name, attrs in self.elements if attribute in attrs and tag in (None, name)]
