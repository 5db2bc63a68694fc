"""What axe would check, by hand: contrast of the style sheet's colours, order of headings, names of images."""

from __future__ import annotations

import re
from importlib import resources
from itertools import pairwise

import pytest
from small_page import Html, answers, figure

from xstilts.config.study import Study
from xstilts.report.page import PageContent
from xstilts.report.page.page import render

CSS = resources.files("xstilts.report.page").joinpath("style.css").read_text(encoding="utf-8")
#: Text and what it stands on.
PAIRS = [
    *(("ink", ground) for ground in ("paper", "wash", "faint", "lacking")),
    *(("ink", f"{kind}-{step}") for kind in ("gain", "loss") for step in (1, 2, 3)),
    *((text, "paper") for text in ("soft", "link", "yes", "no", "open")),
    ("soft", "wash"), ("link", "wash"), ("on-yes", "yes"),
]  # fmt: skip


def palette(scheme: str) -> dict[str, str]:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in CSS.split("prefers-color-scheme: dark", 1)
    )
    return light if scheme == "light" else light | dark


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(one * 2 for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(scheme: str) -> None:
    colours = palette(scheme)
    for text, ground in PAIRS:
        low, high = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"--{text} on --{ground}, {scheme}"


def test_headings_descend_one_by_one_and_images_have_names(study: Study) -> None:
    page = Html(render(PageContent(study, answers=answers(), figures={name: figure(name) for name in ("gains", "q1")})))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    images = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert images and all(image["role"] == "img" and image["aria-label"] for image in images)
    named = [attributes["aria-label"] for _, attributes in page.elements if attributes.get("role") == "region"]
    assert len(named) == len(set(named))
