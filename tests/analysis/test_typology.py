"""Question 1 with a planted slope, without one, and with too little data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from calibration.simulation import Spreads, simulated, xtreme_study

from xstilts.analysis.answers import Answer
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.questions import typology
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import load
from xstilts.scores.score_files import SCORES
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

THREE = {task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")}
WIDE = {target: TASKS[target].languages for target in ("xnli", "udpos", "panx", "tatoeba")}
ONE, PANX = {"ccg": {"tasks": ["ccg"]}}, {"panx": TASKS["panx"].languages}
COLUMNS = list(estimate_table([]).columns)


def studied(slope: float, seed: int = 0, spreads: Spreads | None = None, **changes: object) -> StudyData:
    """Of one arm and one target, which is quick, unless the changes say otherwise."""
    study = xtreme_study(**{"arms": ONE, "targets": PANX, "seeds": 3, **changes})  # type: ignore[arg-type]
    return simulated(np.random.default_rng(seed), study, spreads, slope)


@pytest.fixture(scope="module")
def planted() -> Answer:
    return typology.answer(studied(-1.5, seed=1, arms=THREE, targets=WIDE))


def test_a_planted_slope_is_found_with_its_sign_and_size(planted: Answer) -> None:
    assert planted.verdict == "supported"
    assert planted.primary is not None and planted.primary.p is not None
    assert planted.primary.low < -1.5 < planted.primary.high < 0
    assert planted.primary.p < 0.05
    assert planted.primary.unit == "points per SD of distance"
    assert planted.primary.n == "39 languages of 20 genera, 3 seeds"
    assert "−1." in planted.reason and "partial R²" in planted.reason


def test_secondary_slopes_are_by_group_arm_and_distance_with_adjusted_p(planted: Answer) -> None:
    names = planted.secondary["name"].tolist()
    assert names[:3] == ["Sentence pairs", "Structured prediction", "Retrieval"]
    assert names[3:6] == ["CCG", "MNLI", "SQuAD 1.1"]
    assert names[6:11] == [
        f"{kind} distance" for kind in ("genetic", "geographic", "inventory", "phonological", "featural")
    ]
    assert list(planted.secondary.columns) == [*COLUMNS, "p_adjusted"]
    tested = planted.secondary.dropna(subset=["p"])
    assert (tested["p_adjusted"] >= tested["p"]).all()
    by_name = planted.secondary.set_index("name")["value"]
    assert by_name[["Structured prediction", "CCG", "MNLI", "SQuAD 1.1"]].between(-2.6, -0.5).all()


def test_the_score_itself_is_described_and_not_tested(planted: Answer) -> None:
    (row,) = planted.secondary[planted.secondary["name"] == "zero-shot score per SD of distance"].to_dict("records")
    assert np.isnan(row["p"]) and np.isnan(row["p_adjusted"])


def test_robustness_holds_every_check_that_was_announced(planted: Answer) -> None:
    names = planted.robustness["name"].tolist()
    assert names[:5] == [
        "syntactic distance, observed features only",
        "without retrieval",
        "without af bn jv kk ml",
        "gains in log-odds above chance",
        "rank correlation of genus means",
    ]
    assert names[5].endswith("the largest p of 14 without one family")
    assert (planted.robustness["value"] < 0).all()
    observed, without = (planted.robustness.loc[index, "n"] for index in (0, 2))
    assert observed.startswith("37 languages")
    assert without.startswith("34 languages")


def test_frames_for_figures_have_what_figures_draw(planted: Answer) -> None:
    data = planted.data
    assert len(data["scatter"]) == sum(len(set(languages) - {"en"}) for languages in WIDE.values())
    assert {"language", "family", "target", "distance", "delta", "partial_residual"} <= set(data["scatter"])
    assert planted.primary is not None
    slope = np.polyfit(data["scatter"]["z_distance"], data["scatter"]["partial_residual"], 1)[0]
    assert slope == pytest.approx(planted.primary.value, abs=0.15)
    line = data["line"]
    assert np.ptp(line["partial_residual"]) == pytest.approx(-planted.primary.value * np.ptp(line["z_distance"]))
    assert len(data["leave_one_out"]) == 14
    specifications = data["specifications"]
    assert len(specifications) == 7 * 2 * 3
    assert not specifications.duplicated(["distance", "scale", "subset"]).any()
    assert data["missing"].empty
    pd.testing.assert_frame_equal(data["forest"], planted.secondary)


def test_the_same_study_has_the_same_answer() -> None:
    assert typology.answer(studied(-0.5)).primary == typology.answer(studied(-0.5)).primary


def test_no_slope_at_all_can_rule_out_one_of_half_a_point() -> None:
    answer = typology.answer(studied(0.0, spreads=Spreads(0.1, 0.1, 1.0, 0.1, noise=0.2)))
    assert answer.verdict == "not supported"
    assert "can be ruled out" in answer.reason


def test_no_slope_among_large_effects_can_rule_out_nothing() -> None:
    answer = typology.answer(studied(0.0, seed=4, spreads=Spreads(language=3, genus=3)))
    assert answer.verdict == "not supported"
    assert "a slope of 0.5 points cannot be ruled out" in answer.reason


def test_gains_that_grow_with_distance_are_the_opposite_of_the_hypothesis() -> None:
    answer = typology.answer(studied(+2.0))
    assert answer.verdict == "not supported"
    assert answer.primary is not None and answer.primary.p is not None and answer.primary.p < 0.05
    assert "opposite" in answer.reason


def test_other_models_are_a_check_and_the_first_is_named() -> None:
    models = {name: {"path": f"models/{name}"} for name in ("large", "base")}
    answer = typology.answer(studied(-1.5, models=models))
    assert answer.robustness["name"].iloc[-1] == "base"
    assert any("Of model large" in note for note in answer.notes)


def test_missing_cells_are_listed_and_left_out() -> None:
    whole = studied(-1.5, seed=1, arms=THREE, targets=WIDE)
    lost = (whole.scores["arm"] == "ccg") & (whole.scores["target"] == "panx") & (whole.scores["language"] == "sw")
    lost |= (whole.scores["target"] == "xnli") & (whole.scores["language"] == "th") & (whole.scores["arm"] == "none")
    nan = whole.scores["score"].mask((whole.scores["language"] == "my") & (whole.scores["arm"] == "mnli"))
    answer = typology.answer(replace(whole, scores=whole.scores.assign(score=nan)[~lost]))
    assert answer.verdict == "supported"
    missing = set(answer.data["missing"][["arm", "target", "language"]].itertuples(index=False, name=None))
    assert missing == {("ccg", "panx", "sw"), ("mnli", "panx", "my"), *((arm, "xnli", "th") for arm in THREE)}
    assert any("5 cells" in note for note in answer.notes)


def test_without_pretraining_data_the_covariate_is_dropped_and_named() -> None:
    whole = studied(-1.5)
    answer = typology.answer(replace(whole, languages=whole.languages[["family", "genus", "script", "distance"]]))
    assert answer.verdict == "supported"
    assert any("pretraining data" in note for note in answer.notes)
    assert "syntactic distance, observed features only" not in set(answer.robustness["name"])


def synthetic_data(slope: float, score_slope: float) -> StudyData:
    """Two targets of a synthetic study: seven languages beside English in six genera."""
    sections = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    study = load(
        {
            "study": "demo",
            "source": {"kind": "synthetic"},
            "models": {"tiny": {"path": "models/tiny"}},
            "arms": sections,
            "targets": {"xnli": {}, "udpos": {}},
        }
    )
    rng, found = np.random.default_rng(0), []
    for target, metric in (("xnli", "accuracy"), ("udpos", "f1")):
        for code, language in languages_of("synthetic").items():
            for arm in sections:
                score = 70 + (score_slope + (slope if arm == "mnli" else 0)) * language.distance + rng.normal(0, 0.3)
                found.append(("demo", "tiny", arm, target, code, "test", metric, score, 200, 1, "r", None))
    return StudyData.of(study, pd.DataFrame(found, columns=SCORES.names))


def test_a_synthetic_study_has_too_few_languages_and_describes_what_it_has() -> None:
    answer = typology.answer(synthetic_data(slope=-10, score_slope=-30))
    assert (answer.verdict, answer.primary) == ("not identifiable", None)
    assert "7 languages of 6 genera" in answer.reason and "25 languages of 10 genera" in answer.reason
    described = answer.secondary.set_index("name")
    assert described["p"].isna().all()
    assert described.loc["gain by syntactic distance", "value"] < 0
    assert described.loc["zero-shot score per SD of distance", "high"] < 0
    assert any("Synthetic" in note for note in answer.notes)


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": {"xnli": ["en", "de", "sw"], "xquad": ["de", "en", "th"]}, "seeds": 1},
        {"targets": {"xnli": ["en"]}},
        {"targets": {"tatoeba": ["de", "sw", "th", "ja"]}},
        {"arms": {"ccg": {"tasks": ["ccg"]}}, "targets": {"xnli": ["de", "es", "fr", "ru"]}, "seeds": 1},
        {"arms": {"untrained": {"weights": "random"}}},
    ],
)
def test_small_studies_are_not_identifiable_and_never_an_error(changes: dict[str, object]) -> None:
    answer = typology.answer(studied(-1.0, **changes))
    assert (answer.verdict, answer.primary) == ("not identifiable", None)
    assert answer.reason
    assert list(answer.secondary.columns) == [*COLUMNS, "p_adjusted"]
    assert list(answer.robustness.columns) == COLUMNS


@pytest.mark.parametrize("arms", [{"ccg": {"tasks": ["ccg"]}}, {"mix": {"tasks": ["ccg", "mnli"]}}])
def test_one_arm_and_one_seed_are_tested_in_enough_languages_and_have_no_verdict(arms: dict[str, object]) -> None:
    answer = typology.answer(studied(-2.0, arms=arms, seeds=1))
    assert answer.verdict == "not enough seeds" and "1 seed: a verdict needs at least 3" in answer.reason
    assert answer.primary is not None and answer.primary.p is not None and answer.primary.p < 0.05
    assert any("one seed" in note for note in answer.notes)


def test_constant_scores_and_no_scores_are_not_identifiable() -> None:
    whole = studied(0.0)
    constant = typology.answer(replace(whole, scores=whole.scores.assign(score=50.0)))
    assert constant.verdict == "not identifiable"
    assert "do not vary" in constant.reason
    for scores in (
        whole.scores.iloc[:0],
        whole.scores.assign(score=np.nan),
        whole.scores[whole.scores["arm"] == "none"],
    ):
        answer = typology.answer(replace(whole, scores=scores))
        assert answer.verdict == "not identifiable"
        assert len(answer.data["missing"]) == 39


def test_scores_at_the_floor_and_ceiling_have_finite_log_odds() -> None:
    whole = studied(-1.5)
    edge = (
        whole.scores["score"]
        .where(whole.scores["language"] != "sw", 0.0)
        .where(whole.scores["language"] != "de", 100.0)
    )
    answer = typology.answer(replace(whole, scores=whole.scores.assign(score=edge)))
    assert np.isfinite(answer.robustness.set_index("name").loc["gains in log-odds above chance", "value"])
