"""Images on the page."""

from __future__ import annotations

import pytest
from small_page import SVG, Html

from xstilts.errors import UserError
from xstilts.report.page.svg import embedded


def test_ids_do_not_clash_and_references_follow_them() -> None:
    one, two = (str(embedded(SVG, name, "")) for name in ("one", "two"))
    assert 'id="one-clip0"' in one and 'clip-path="url(#one-clip0)"' in one
    assert not set(Html(one + two).values("id", "clippath")) & {"clip0"}
    assert len(set(Html(one + two).values("id"))) == 2


def test_the_image_is_described_once_and_marks_have_tooltips() -> None:
    image = embedded(SVG, "one", 'a "map"')
    page = Html(str(image))
    assert page.elements[0] == (
        "svg",
        {"viewbox": "0 0 300 100", "role": "img", "aria-label": 'a "map"', "style": "--natural:300px;--least:300px"},
    )
    assert page.values("aria-label") == ['a "map"'] and "<title>gain: 1.23</title>" in image
    assert 'd="M0,0.12h9"' in image


@pytest.mark.parametrize(
    "unwanted",
    [
        "<script>alert(1)</script>",
        "<style>* { color: red }</style>",
        '<image href="https://example.org/x.png"/>',
        '<a href="https://example.org"><text>x</text></a>',
        '<foreignObject><div xmlns="http://www.w3.org/1999/xhtml">x</div></foreignObject>',
    ],
)
def test_nothing_in_an_image_runs_or_loads(unwanted: str) -> None:
    image = embedded(SVG.replace("<text>", f"{unwanted}<text>"), "one", "")
    tags = [tag for tag, _ in Html(str(image)).elements]
    assert tags == ["svg", "defs", "clippath", "rect", "g", "path", "title", "text"]


def test_handlers_and_foreign_references_are_dropped() -> None:
    hostile = SVG.replace("<text>", '<text onclick="alert(1)">').replace(
        "</g>", '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://example.org/x#y"/></g>'
    )
    image = str(embedded(hostile, "one", ""))
    assert "onclick" not in image and "example.org" not in image


def test_a_size_without_a_view_box_becomes_one() -> None:
    image = embedded('<svg xmlns="http://www.w3.org/2000/svg" width="20.5" height="10"/>', "one", "")
    assert 'viewBox="0 0 20.5 10"' in image


@pytest.mark.parametrize("text", ["", "<svg>", "<html/>"])
def test_what_is_no_image_is_refused_by_name(text: str) -> None:
    with pytest.raises(UserError, match="The figure 'gains' is not an SVG image"):
        embedded(text, "gains", "")
