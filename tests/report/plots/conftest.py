"""One invented study for all tests of figures, and its figures."""

from __future__ import annotations

import pandas as pd
import pytest
from invented import invented_answers, invented_curves, invented_effects, invented_scores, xtreme_study
from pictures import Text, texts

from xstilts.analysis.study_data import language_frame
from xstilts.config.study import Study
from xstilts.report.figures import all_figures
from xstilts.report.plots.figure import Figure


@pytest.fixture(scope="session")
def large_study() -> Study:
    return xtreme_study()


@pytest.fixture(scope="session")
def large_scores(large_study: Study) -> pd.DataFrame:
    """Scores without QQP on PAN-X with seed 2, CCG on XNLI, and MNLI on UDPOS in Tamil."""
    scores = invented_scores(large_study)
    arm, target = scores["arm"], scores["target"]
    lost = (arm == "qqp") & (target == "panx") & (scores["seed"] == 2)
    lost |= (arm == "ccg") & (target == "xnli")
    lost |= (arm == "mnli") & (target == "udpos") & (scores["language"] == "ta")
    return scores[~lost]


@pytest.fixture(scope="session")
def figures(large_study: Study, large_scores: pd.DataFrame) -> dict[str, Figure]:
    """All figures of a study as large as XTREME; none may be absent."""
    found, absent = all_figures(
        large_study,
        large_scores,
        language_frame(large_study),
        invented_answers(large_study),
        invented_effects(large_study),
        invented_curves(large_study),
    )
    assert absent == []
    return {figure.name: figure for figure in found}


@pytest.fixture(scope="session")
def shown(figures: dict[str, Figure]) -> dict[str, list[Text]]:
    """The texts of every figure."""
    return {name: texts(figure) for name, figure in figures.items()}
