"""The report in a browser: it loads nothing, has no errors, fits its window, and its chart is interactive."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Tab
from browser_fixtures import report, tab

from xstilts.config.study import Study
from xstilts.report.page import PageContent, write_page

__all__ = ["report", "tab"]

#: Pairs of visible boxes of text that overlap by more than two pixels.
_OVERLAPS = """(() => {
  const seen = (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest(".skip, .same caption");
  const what = "h1,h2,h3,h4,p,li,td,th,caption span,summary,figcaption,label,.bar-name,.bar-value";
  const boxes = [...document.querySelectorAll(what)]
    .filter((e) => seen(e) && e.textContent.trim()).map((e) => [e, e.getBoundingClientRect()]);
  const found = [];
  for (const [a, p] of boxes) for (const [b, q] of boxes) {
    if (a === b || a.contains(b) || b.contains(a) || (a.closest(".scroll") && a.tagName === "TH")) continue;
    if (b.closest(".scroll") && b.tagName === "TH") continue;
    const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (across > 2 && down > 2)
      found.push(a.textContent.slice(0, 40) + " / " + b.textContent.slice(0, 40));
  }
  return found;
})()"""


@pytest.mark.parametrize("width", [1400, 1000, 400])
def test_a_page_loads_nothing_and_fits_its_window(tab: Tab, report: Path, width: int) -> None:
    seconds = tab.open(report, width)
    assert tab.requests == [report.resolve().as_uri()] and tab.errors == [] and seconds < 2
    for unfold in (False, True):
        tab.run(f"document.querySelectorAll('details').forEach((one) => {{ one.open = {str(unfold).lower()}; }})")
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.run(_OVERLAPS) == []


_CHOOSE = (
    "((key, value) => {{ const box = document.querySelector(`select[data-key='${{key}}']`); box.focus();"
    " box.value = value; box.dispatchEvent(new Event('change')); }})('{}', '{}')"
)


def text_of(tab: Tab, name: str) -> str:
    return str(tab.run(f"document.getElementById('{name}').textContent"))


def test_the_explorer_shows_the_numbers_of_the_tables(tab: Tab, report: Path) -> None:
    tab.open(report, 1400)
    for key, value in (("target", "xquad"), ("arm", "mnli"), ("language", "de")):
        tab.run(_CHOOSE.format(key, value))
    values = (
        "[...document.querySelectorAll('#explorer-languages .bar')].map((one) => one.innerText.split('\\n').join(' '))"
    )
    assert tab.run(values) == ["mean of all +0.7", "mean without English +1.4", "English 0.0", "German +1.4"]
    assert tab.run("document.activeElement.dataset.key") == "language"
    assert text_of(tab, "explorer-readout").startswith(
        "XQuAD, German, MNLI: 51.4 points; gain +1.4; from +0.8 to +2.0 by seed; 100 examples; 2 of 2 seeds"
    )
    tab.run("document.querySelector('#explorer-arms .bar[aria-label*=\"two_tasks\"]').click()")
    assert "two_tasks" in text_of(tab, "explorer-languages-title")
    tab.run(_CHOOSE.format("measure", "score"))
    tab.run(_CHOOSE.format("arm", "none"))
    assert tab.run(values)[-1] == "German 50.0" and tab.errors == []


def test_the_explorer_says_which_arm_is_best(tab: Tab, report: Path) -> None:
    tab.open(report, 1400)
    tab.run(_CHOOSE.format("target", "xquad"))
    tab.run(_CHOOSE.format("language", "de"))
    answer = text_of(tab, "explorer-answer")
    assert answer == (
        "XQuAD, German: two_tasks helps most, +5.0 points; 2 of 2 arms gain. Without an arm: 50.0 points (chance 0.0)."
    )
    rows = tab.run(
        "[...document.querySelectorAll('#explorer-table tr')]"
        ".map((row) => [...row.cells].map((one) => one.textContent))"
    )
    assert rows[0] == ["language", "none (baseline)", "MNLI", "two_tasks", "random (control)"]
    assert rows[-1][:3] == ["German", "50.0", "+1.4"]


def test_a_view_of_the_explorer_has_an_address(tab: Tab, report: Path) -> None:
    tab.open(report, 1400)
    for key, value in (("target", "xquad"), ("arm", "two_tasks"), ("language", "de")):
        tab.run(_CHOOSE.format(key, value))
    address = tab.run("location.hash")
    assert address == tab.run("document.getElementById('explorer-link').getAttribute('href')")
    assert "target=xquad" in address and "arm=two_tasks" in address
    before = text_of(tab, "explorer-readout")
    tab.open(report, 1400)
    assert text_of(tab, "explorer-readout") != before
    tab.run(f"location.hash = {address!r}; new Promise((done) => setTimeout(done, 50))")
    assert text_of(tab, "explorer-readout") == before
    hostile = "#explore?target=<script>&arm=__proto__&language=xx&measure=score"
    tab.run(f"location.hash = {hostile!r}; new Promise((done) => setTimeout(done, 50))")
    assert text_of(tab, "explorer-readout") == before and tab.errors == []


def test_the_explorers_numbers_can_be_saved(tab: Tab, report: Path) -> None:
    tab.open(report, 1400)
    tab.run(_CHOOSE.format("target", "xquad"))
    saved = tab.run(
        "decodeURIComponent(document.getElementById('explorer-csv').getAttribute('href').split(',').slice(1).join(','))"
    )
    assert saved.splitlines()[0] == "model,split,target,language,arm,score,gain,low,high,seeds,n"
    assert '"xlmr","test","xquad","de","mnli",51.38,1.38,0.75,2,2,100' in saved.splitlines()


def test_without_javascript_everything_else_is_there(tab: Tab, report: Path) -> None:
    tab.open(report, 1400, javascript=False)
    shown = tab.call("DOM.getDocument", depth=0) and tab.call("DOM.performSearch", query="#explorer[hidden]")
    assert shown["resultCount"] == 1 and tab.errors == []
    tab.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_page_without_any_results_has_no_errors(tab: Tab, study: Study, tmp_path: Path) -> None:
    write_page(PageContent(study), tmp_path / "report.html")
    tab.open(tmp_path / "report.html", 400)
    assert tab.errors == [] and tab.run("document.documentElement.scrollWidth") <= 400
    assert tab.run(_OVERLAPS) == []
