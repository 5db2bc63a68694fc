"""Read the texts of a plotted figure."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

import vl_convert

from xstilts.report.plots.figure import Figure, specification

_SVG = "{http://www.w3.org/2000/svg}"


class Text(NamedTuple):
    """A line of text with its position and size in pixels."""

    text: str
    x: float
    y: float
    size: float
    anchor: str
    upright: bool


def texts(figure: Figure) -> list[Text]:
    """Return every line of text in drawing order."""
    svg = ElementTree.fromstring(vl_convert.vegalite_to_svg(specification(figure.chart)))
    return list(_texts(svg, 0.0, 0.0))


def _texts(node: ElementTree.Element, x: float, y: float) -> list[Text]:
    """Return the texts of a node and below; (x, y) is its parent's origin."""
    upright = True
    for part in node.get("transform", "").split(")"):
        kind, _, numbers = part.partition("(")
        values = [float(number) for number in numbers.split(",") if number]
        if kind.strip() == "translate":
            x, y = x + values[0], y + (values[1] if len(values) > 1 else 0.0)
        upright = upright and kind.strip() != "rotate"
    found = []
    if node.tag == f"{_SVG}text":
        size = float(node.get("font-size", "0").removesuffix("px"))
        lines = list(node) or [node]
        for line in lines:
            y += float(line.get("dy", 0))
            found.append(Text(line.text or "", x, y, size, node.get("text-anchor", "start"), upright))
    return found + [text for child in node for text in _texts(child, x, y)]


def collisions(found: list[Text]) -> list[tuple[str, str]]:
    """Return pairs of overlapping upright texts; the same text in the same place is an outline."""
    boxes = []
    for text in {text for text in found if text.text and text.upright}:
        width = 0.5 * text.size * len(text.text)
        left = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * width
        boxes.append((left, left + width, text.y - 0.7 * text.size, text.y, text.text))
    boxes.sort()
    met = []
    for place, (_, right, top, bottom, text) in enumerate(boxes):
        for left, _, other_top, other_bottom, other in boxes[place + 1 :]:
            if left >= right - 1:
                break
            if top < other_bottom - 1 and other_top < bottom - 1:
                met.append((text, other))
    return met
