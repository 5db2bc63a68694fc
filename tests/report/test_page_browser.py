"""The report in a browser: it loads nothing, has no errors, fits its window, and its chart is interactive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from browser import Tab, browsing, executable
from small_page import answers, figure

from xstilts.config.study import Study
from xstilts.report.coverage import missing_scores
from xstilts.report.page import PageContent, write_page

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


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    program = executable()
    if program is None:
        pytest.skip("no Chromium or Chrome is installed; XSTILTS_BROWSER can name one")
    with browsing(program) as tab:
        yield tab


@pytest.fixture(scope="module")
def report(study: Study, scores: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    figures = {name: figure(name) for name in ("gains", "q1", "q2")}
    missing = missing_scores(scores, study, {})
    write_page(PageContent(study, scores, answers=answers(), figures=figures, missing=missing), path)
    return path


@pytest.mark.parametrize("width", [1400, 400])
def test_a_page_loads_nothing_and_fits_its_window(tab: Tab, report: Path, width: int) -> None:
    seconds = tab.open(report, width)
    assert tab.requests == [report.resolve().as_uri()] and tab.errors == [] and seconds < 2
    for unfold in (False, True):
        tab.run(f"document.querySelectorAll('details').forEach((one) => {{ one.open = {str(unfold).lower()}; }})")
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.run(_OVERLAPS) == []


def test_the_explorer_shows_the_numbers_of_the_tables(tab: Tab, report: Path) -> None:
    tab.open(report, 1400)
    choose = (
        "((key, value) => {{ const box = document.querySelector(`select[data-key='${{key}}']`); box.focus();"
        " box.value = value; box.dispatchEvent(new Event('change')); }})('{}', '{}')"
    )
    for key, value in (("target", "xquad"), ("arm", "mnli"), ("language", "de")):
        tab.run(choose.format(key, value))
    values = (
        "[...document.querySelectorAll('#explorer-languages .bar')].map((one) => one.innerText.split('\\n').join(' '))"
    )
    assert tab.run(values) == ["mean of all +0.7", "mean without English +1.4", "English 0.0", "German +1.4"]
    assert tab.run("document.activeElement.dataset.key") == "language"
    readout = tab.run("document.getElementById('explorer-readout').textContent")
    assert readout.startswith(
        "XQuAD, German, MNLI: 51.4 points; gain +1.4; from +0.8 to +2.0 by seed; 100 examples; 2 of 2 seeds"
    )
    tab.run("document.querySelector('#explorer-arms .bar[aria-label*=\"two_tasks\"]').click()")
    assert "two_tasks" in tab.run("document.getElementById('explorer-languages-title').textContent")
    tab.run(choose.format("measure", "score"))
    tab.run(choose.format("arm", "none"))
    assert tab.run(values)[-1] == "German 50.0" and tab.errors == []


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
