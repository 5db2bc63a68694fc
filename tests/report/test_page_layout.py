"""How the report looks: the answer on the first screen, nothing cut, text to read, light and dark, and axe."""

from __future__ import annotations

import json
from pathlib import Path

import axe_core_python
import pytest
from browser import Tab
from browser_fixtures import report, tab

__all__ = ["report", "tab"]

#: Widths of windows, with the height of the screen that they have.
SCREENS = {400: 800, 1000: 800, 1400: 900}
_UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
_BOX = "JSON.stringify(document.querySelector('{}').getBoundingClientRect())"

#: Elements that stick out of the window and are in no box that scrolls.
_CUT = """(() => [...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility() && !e.closest(".scroll > *, .skip, svg *, .same caption, .bar"))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.outerHTML.slice(0, 80)))()"""

#: By figure, the size in pixels in which its smallest text is shown.
_TEXT = """JSON.stringify(Object.fromEntries([...document.querySelectorAll("figure svg")].map((svg) => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const sizes = [...svg.querySelectorAll("text[font-size]")].map((text) => parseFloat(text.getAttribute("font-size")));
  return [svg.closest("figure").id, scale * Math.min(99, ...sizes)];
})))"""


@pytest.mark.parametrize("width", SCREENS)
def test_the_first_screen_holds_the_answer(tab: Tab, report: Path, width: int) -> None:
    height = SCREENS[width]
    tab.open(report, width, height)
    boxes = {place: json.loads(tab.run(_BOX.format(place))) for place in ("h1", ".headline", ".ends", ".strip")}
    tops = [box["top"] for box in boxes.values()]
    assert tops == sorted(tops), "question, answer, best and worst arm, verdicts"
    for place, box in boxes.items():
        assert box["left"] >= 0 and box["right"] <= width and box["bottom"] <= height, place
    assert boxes[".headline"]["top"] < height / 2 and boxes[".headline"]["height"] < height / 3
    chips = json.loads(tab.run("JSON.stringify([...document.querySelectorAll('.strip li')].map((e) => e.offsetTop))"))
    assert len(chips) == 5 and len(set(chips)) == (1 if width > 768 else 5)


@pytest.mark.parametrize("width", SCREENS)
def test_nothing_is_cut(tab: Tab, report: Path, width: int) -> None:
    tab.open(report, width, SCREENS[width])
    tab.run(_UNFOLD)
    assert tab.run(_CUT) == [] and tab.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", SCREENS)
def test_text_in_figures_has_nine_pixels_at_least(tab: Tab, report: Path, width: int) -> None:
    tab.open(report, width, SCREENS[width])
    tab.run(_UNFOLD)
    sizes = json.loads(tab.run(_TEXT))
    assert sizes["figure-gains_wide"] == pytest.approx(9, abs=0.02), "it is scaled down, then scrolls in its own box"
    assert min(sizes.values()) >= 9


def test_first_columns_stay_in_sight(tab: Tab, report: Path) -> None:
    tab.open(report, 400)
    tab.run(_UNFOLD)
    found = tab.run("""(() => {
      const wide = (e) => e.querySelector("table") && e.scrollWidth > e.clientWidth + 40;
      const box = [...document.querySelectorAll(".scroll")].find(wide);
      const first = box.querySelector("tbody th"), before = first.getBoundingClientRect().left;
      box.scrollLeft = 40;
      return [before, first.getBoundingClientRect().left];
    })()""")
    assert found[0] == found[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tab: Tab, report: Path, scheme: str) -> None:
    tab.open(report, 1400)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.run(_UNFOLD)
    tab.run(Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8") + ";0")
    found = tab.run("axe.run({exclude: [['figure svg']]}).then((all) => JSON.stringify(all.violations))")
    tab.call("Emulation.setEmulatedMedia", features=[])
    assert [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in json.loads(found)] == []


def test_a_dark_screen_has_a_dark_page_and_print_a_light_one(tab: Tab, report: Path) -> None:
    colours = (
        "[getComputedStyle(document.documentElement).backgroundColor,"
        " getComputedStyle(document.querySelector('figure svg')).filter]"
    )
    tab.open(report, 1000)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    tab.call("Emulation.setEmulatedMedia", media="screen", features=dark)
    assert tab.run(colours) == ["rgb(20, 20, 20)", "invert(1) hue-rotate(180deg)"]
    tab.call("Emulation.setEmulatedMedia", media="print", features=dark)
    assert tab.run(colours) == ["rgb(255, 255, 255)", "none"]
    assert tab.run("document.querySelector('nav').checkVisibility()") is False
    tab.call("Emulation.setEmulatedMedia", media="", features=[])


def test_printing_opens_what_is_folded(tab: Tab, report: Path) -> None:
    tab.open(report, 1000)
    folded = "document.querySelectorAll('details:not([open])').length"
    before = tab.run(folded)
    assert before > 3
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert tab.run(folded) == 0
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert tab.run(folded) == before
