"""A browser tab, and a small report to open in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from browser import Tab, browsing, executable
from small_page import answers, figure

from xstilts.config.study import Study
from xstilts.report.coverage import missing_scores
from xstilts.report.page import PageContent, write_page

#: As wide as no window of the tests, with text of ten pixels.
WIDE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1500" height="100" viewBox="0 0 1500 100">'
    '<rect width="1500" height="100" fill="#eee"/><text y="50" font-size="10px">text</text></svg>'
)


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    program = executable()
    if program is None:
        pytest.skip(
            "opens the report in Chromium or Chrome, which is not installed (Debian: apt-get "
            "install chromium), and XSTILTS_BROWSER names no other"
        )
    with browsing(program) as tab:
        yield tab


@pytest.fixture(scope="module")
def report(study: Study, scores: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    figures = {name: figure(name) for name in ("gains", "q1", "q2")}
    figures["gains_wide"] = replace(figure("gains_wide"), svg=WIDE)
    missing = missing_scores(scores, study, {})
    write_page(PageContent(study, scores, answers=answers(), figures=figures, missing=missing), path)
    return path
