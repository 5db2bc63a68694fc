"""Question 3 on matrices with a planted slope on similarity, without one, with formats that mimic one, with holes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from planted import at, nothing, scores_of, study_of

from xstilts.analysis.answers import Answer
from xstilts.analysis.permutation import double_centred
from xstilts.analysis.questions.domain import answer
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study, as_text, load
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS

TARGETS = {
    "xnli": ["en", "de", "zh"], "pawsx": ["en", "de", "zh"], "udpos": ["en", "de", "zh"], "panx": ["en", "de", "zh"],
    "xquad": ["en", "de", "zh"], "mlqa": ["en", "de", "zh"], "tydiqa": ["en", "ru", "ko"], "bucc2018": ["de", "zh"],
    "tatoeba": ["de", "zh"],
}  # fmt: skip
SIDES = (len(INTERMEDIATE_TASKS), len(TARGET_TASKS))


def full() -> Study:
    return study_of({task: [task] for task in INTERMEDIATE_TASKS}, TARGETS)


def similarity(values: np.ndarray, measures: tuple[str, ...] = ("jsd", "cosine_centred")) -> pd.DataFrame:
    """Values of intermediate tasks x targets, in the catalogue's order."""
    return pd.DataFrame(
        [
            (task, target, "en", measure, values[i, j])
            for i, task in enumerate(INTERMEDIATE_TASKS)
            for j, target in enumerate(TARGET_TASKS)
            for measure in measures
        ],
        columns=["intermediate", "target", "language", "measure", "value"],
    )


def answered(values: np.ndarray, gains: np.ndarray, draw: int = 0, noise: float = 0.2) -> Answer:
    def gain(model: str, arm: str, target: str, language: str, seed: int) -> float:
        return float(gains[INTERMEDIATE_TASKS.index(arm), TARGET_TASKS.index(target)]) * (language != "en")

    study = full()
    return answer(StudyData.of(study, scores_of(study, gain, noise, draw=draw), similarity(values)))


def same_format() -> np.ndarray:
    return np.array([[float(TASKS[a].type == TASKS[b].type) for b in TARGET_TASKS] for a in INTERMEDIATE_TASKS])


def margins(rng: np.random.Generator) -> np.ndarray:
    """Effects of rows and columns."""
    return rng.normal(0, 2, (SIDES[0], 1)) + rng.normal(0, 2, (1, SIDES[1]))


def test_a_planted_slope_is_found_with_its_sign_and_size() -> None:
    rng = np.random.default_rng(2)
    values = rng.uniform(0.3, 0.9, SIDES)
    found = answered(values, margins(rng) + 1.5 * values / values.std() + 3 * same_format())
    assert found.verdict == "supported"
    assert found.primary is not None and found.primary.p is not None
    assert found.primary.value == pytest.approx(1.5, abs=0.15)
    assert found.primary.low < 1.5 < found.primary.high and found.primary.p < 0.001
    assert "9 intermediate tasks x 9 targets" in found.primary.n
    robust = found.robustness.set_index("name")["value"]
    assert robust["without question answering"] == pytest.approx(1.5, abs=0.3)
    secondary = found.secondary.set_index("name")
    assert secondary.loc["cosine of centred embeddings", "value"] == pytest.approx(1.5, abs=0.15)
    assert abs(secondary.loc["similarity of words, gain in English", "value"]) < 0.3
    assert (secondary["p_adjusted"] >= secondary["p"]).all()


def test_a_slope_of_the_other_sign_does_not_support_the_hypothesis() -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0.3, 0.9, SIDES)
    found = answered(values, margins(rng) - 1.5 * values / values.std())
    assert found.verdict == "not supported" and "opposite" in found.reason
    assert found.primary is not None and found.primary.high < 0


def test_arms_of_one_domain_have_estimates_of_their_own_and_do_not_change_the_test() -> None:
    rng = np.random.default_rng(6)
    whole, domains = rng.uniform(0.3, 0.9, SIDES), rng.uniform(0.3, 0.9, (4, SIDES[1]))
    names = [f"mnli_{number}" for number in range(4)]
    genre = {"tasks": ["mnli"], "choose": {"how": "domain", "where": {"genre": ["travel"]}}}
    study = study_of({task: [task] for task in INTERMEDIATE_TASKS}, TARGETS)
    config = json.loads(as_text(study))
    study = load({**config, "arms": {**config["arms"], **dict.fromkeys(names, genre)}})
    rows = {**dict(zip(INTERMEDIATE_TASKS, whole, strict=True)), **dict(zip(names, domains, strict=True))}
    slope = 1.5 / whole.std()

    def gain(model: str, arm: str, target: str, language: str, seed: int) -> float:
        return float(slope * rows[arm][TARGET_TASKS.index(target)]) * (language != "en")

    of_domains = pd.DataFrame(
        [
            (f"mnli/{name}", target, "en", "jsd", rows[name][column])
            for name in names
            for column, target in enumerate(TARGET_TASKS)
        ],
        columns=["intermediate", "target", "language", "measure", "value"],
    )
    found = answer(StudyData.of(study, scores_of(study, gain, 0.2), pd.concat([similarity(whole), of_domains])))
    assert found.primary is not None and "9 intermediate tasks x 9 targets" in found.primary.n
    robust = found.robustness.set_index("name")
    assert "13 intermediate tasks x 9 targets" in robust.loc["with arms of one domain of a task", "n"]
    alone = robust.loc["arms of one domain of a task alone"]
    assert alone["value"] / domains.std() == pytest.approx(slope, rel=0.2) and "4 intermediate tasks" in alone["n"]


def test_rows_columns_and_formats_alone_are_seldom_taken_for_a_slope() -> None:
    supported = 0
    for draw in range(8):
        rng = np.random.default_rng(100 + draw)
        own = margins(rng)
        values = 0.5 + 0.05 * own + 0.2 * same_format() + rng.normal(0, 0.05, SIDES)
        gains = own + 4 * same_format() + rng.normal(0, 1, SIDES)
        supported += answered(values, gains, draw).verdict == "supported"
    assert supported <= 2


def test_a_hole_costs_its_arm_or_target_and_is_noted() -> None:
    rng = np.random.default_rng(4)
    study, values = full(), rng.uniform(0.3, 0.9, SIDES)
    scores = scores_of(study, nothing)
    scores = scores[~at(scores, arm="hellaswag", target="panx", language="zh")]
    scores = scores[~at(scores, arm="hellaswag", target="xnli")]
    found = answer(StudyData.of(study, scores, similarity(values)))
    assert found.primary is not None and "8 intermediate tasks x 9 targets" in found.primary.n
    assert any("hellaswag is left out" in note for note in found.notes)
    matrix = found.data["matrix"].set_index(["arm", "target"])
    assert np.isnan(matrix.loc[("hellaswag", "panx"), "delta"])
    assert matrix.loc["hellaswag", "delta_centred"].isna().all()


def test_the_scatter_shows_double_centred_values() -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(0.3, 0.9, SIDES)
    gains = margins(rng) + rng.normal(0, 1, SIDES)
    matrix = answered(values, gains, noise=0.0).data["matrix"].set_index(["arm", "target"])
    for column, expected in (("delta_centred", double_centred(gains)), ("jsd_centred", double_centred(values))):
        found = matrix[column].unstack().loc[list(INTERMEDIATE_TASKS), list(TARGET_TASKS)].to_numpy()
        np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("arms", [INTERMEDIATE_TASKS[:5], INTERMEDIATE_TASKS[:1]])
def test_fewer_than_six_tasks_are_not_enough(arms: tuple[str, ...]) -> None:
    study = study_of({task: [task] for task in arms}, TARGETS)
    values = np.random.default_rng(6).uniform(0.3, 0.9, SIDES)
    found = answer(StudyData.of(study, scores_of(study, nothing), similarity(values)))
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert "at least 6" in found.reason and not found.data["matrix"].empty


def test_without_similarity_it_is_said_so() -> None:
    study = full()
    found = answer(StudyData.of(study, scores_of(study, nothing)))
    assert found.verdict == "not identifiable" and "not measured" in found.reason


def test_constant_scores_constant_similarity_and_no_scores_do_not_fail() -> None:
    study, values = full(), np.random.default_rng(7).uniform(0.3, 0.9, SIDES)
    constant = scores_of(study, nothing, noise=0)
    for scores, known in ((constant, values), (scores_of(study, nothing), np.ones(SIDES)), (constant[:0], values)):
        assert answer(StudyData.of(study, scores, similarity(known))).verdict == "not identifiable"
