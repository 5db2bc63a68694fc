"""Question 2 on studies with a planted difference in differences, without one, and with too little data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import Gain, at, declared, nothing, scores_of, study_of
from scipy import stats

from xstilts.analysis.answers import Answer
from xstilts.analysis.gains import gains_of
from xstilts.analysis.gaps import ModelPair, differences, floor_of
from xstilts.analysis.questions.code_pretraining import answer
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study

TARGETS = {
    "xnli": ["en", "de", "ar", "zh", "sw", "ru"],
    "udpos": ["en", "de", "ar", "zh", "ta", "ru"],
    "xquad": ["en", "de", "ar", "zh", "th", "ru"],
    "pawsx": ["en", "de", "fr", "zh", "ja", "ko"],
}
PAIR = ModelPair("codebert", "roberta")


def paired(targets: dict[str, list[str]] | None = None, seeds: tuple[int, ...] = (1, 2, 3)) -> Study:
    study = study_of({"mnli": ["mnli"], "qqp": ["qqp"]}, targets or TARGETS, seeds, ("roberta", "codebert"))
    declared(study.models["codebert"], code_of="roberta")
    return study


def less_in_code(model: str, arm: str, target: str, language: str, seed: int) -> float:
    """English gains 4 points; other languages 4 in the text-only model, 1 in the code model."""
    return 1.0 if model == "codebert" and language != "en" else 4.0


def data_of(gain: Gain, draw: int = 0, study: Study | None = None, **scores: float) -> StudyData:
    study = study or paired()
    return StudyData.of(study, scores_of(study, gain, draw=draw, **scores))


def answered(gain: Gain, draw: int = 0, study: Study | None = None, **scores: float) -> Answer:
    return answer(data_of(gain, draw, study, **scores))


def test_a_planted_difference_is_found_with_its_sign_and_size() -> None:
    found = answered(less_in_code, noise=0.2)
    assert found.verdict == "supported"
    assert found.primary is not None and found.primary.p is not None
    assert found.primary.name == "codebert − roberta"
    assert found.primary.value == pytest.approx(3, abs=0.4)
    assert found.primary.low < 3 < found.primary.high and found.primary.low > 0
    assert found.primary.p < 0.05
    assert {name.split(", ")[1] for name in found.robustness["name"]} > {"bootstrap over targets"}
    assert "4 targets" in found.primary.n and "3 seeds" in found.primary.n
    by_name = found.secondary.set_index("name")["value"]
    assert by_name["change in codebert"] == pytest.approx(3, abs=0.4)
    assert by_name["change in roberta"] == pytest.approx(0, abs=0.4)
    assert {"codebert − roberta, mnli", "codebert − roberta, qqp"} <= set(by_name.index)


def test_without_a_difference_intervals_nearly_always_cover_0() -> None:
    answers = [answered(nothing, draw, noise=2.0) for draw in range(8)]
    assert sum(found.verdict == "supported" for found in answers) <= 2
    assert np.mean([found.primary.value for found in answers if found.primary]) == pytest.approx(0, abs=1)


def test_without_pairs_it_is_said_what_is_needed() -> None:
    study = study_of({"mnli": ["mnli"]}, TARGETS)
    found = answer(StudyData.of(study, scores_of(study, nothing)))
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert "code_of" in found.reason


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({name: TARGETS[name] for name in ("xnli", "udpos")}, "2 targets"),
        ({name: languages[:4] for name, languages in TARGETS.items()}, "0 targets"),
    ],
)
def test_too_few_targets_or_languages(targets: dict[str, list[str]], words: str) -> None:
    found = answered(less_in_code, study=paired(targets))
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert words in found.reason
    assert not found.data["dumbbell"].empty


def test_p_and_interval_are_those_of_a_t_test_of_the_means_of_targets() -> None:
    found = answered(nothing, noise=2.0)
    means = [
        of_target["difference"].mean()
        for _, of_target in differences(gains_of(data_of(nothing, noise=2.0)), PAIR, paired()).groupby("target")
    ]
    expected = stats.ttest_1samp(means, 0)
    assert found.primary is not None
    assert (found.primary.p, found.primary.low) == pytest.approx(
        (expected.pvalue, expected.confidence_interval().low), rel=1e-6
    )


def test_one_seed_is_estimated_and_has_no_verdict() -> None:
    found = answered(less_in_code, study=paired(seeds=(1,)), noise=0.2)
    assert found.primary is not None and found.primary.value == pytest.approx(3, abs=0.5)
    assert found.verdict == "not enough seeds" and "1 seed: a verdict needs at least 3" in found.reason


def test_a_language_at_the_floor_does_not_count() -> None:
    study = paired()
    scores = scores_of(study, less_in_code)
    scores.loc[(scores["target"] == "xnli") & (scores["language"] == "sw"), "score"] = 33.5
    found = answer(StudyData.of(study, scores))
    floor = found.data["floor"].set_index(["target", "language"])["above"]
    assert not floor["xnli", "sw"] and floor["xnli", "ar"]
    assert found.primary is not None and "19 languages" in found.primary.n
    drawn = found.data["dumbbell"]
    assert set(drawn.loc[drawn["target"] == "xnli", "languages"]) == {4}


def test_the_floor_is_two_of_the_larger_standard_error_above_chance() -> None:
    study = paired(seeds=(1, 2))
    scores = scores_of(study, nothing, noise=0)
    pawsx = at(scores, target="pawsx", model="roberta")
    binomial = 100 * np.sqrt(0.25 / 2000)
    for language, score in (("de", 50 + 1.9 * binomial), ("fr", 50 + 2.1 * binomial)):
        scores.loc[pawsx & (scores["language"] == language), "score"] = score
    unsteady = pawsx & (scores["language"] == "zh")
    scores.loc[unsteady, "score"] = scores.loc[unsteady, "seed"].map({1: 51.0, 2: 59.0})  # 55 ± 4
    floor = floor_of(gains_of(StudyData.of(study, scores)), PAIR, study).set_index(["target", "language"])["above"]
    assert [bool(floor["pawsx", language]) for language in ("de", "fr", "zh", "ja")] == [False, True, False, True]


def test_differences_are_those_worked_by_hand() -> None:
    study = paired({"xnli": ["en", "de"]}, (1,))
    scores = scores_of(study, nothing, noise=0)
    values = {
        ("roberta", "none", "en"): 80, ("roberta", "none", "de"): 60, ("roberta", "mnli", "en"): 82,
        ("roberta", "mnli", "de"): 65, ("codebert", "none", "en"): 70, ("codebert", "none", "de"): 50,
        ("codebert", "mnli", "en"): 76, ("codebert", "mnli", "de"): 51,
    }  # fmt: skip
    for (model, arm, language), score in values.items():
        scores.loc[at(scores, model=model, arm=arm, language=language), "score"] = score
    found = differences(gains_of(StudyData.of(study, scores)), PAIR, study)
    of_mnli = found[found["arm"] == "mnli"].iloc[0]
    assert (of_mnli["change_text"], of_mnli["change_code"], of_mnli["difference"]) == (17 - 20, 25 - 20, 8)
    guess = 100 / 3
    text, code = 17 / (82 - guess) - 20 / (80 - guess), 25 / (76 - guess) - 20 / (70 - guess)
    assert of_mnli["share"] == pytest.approx(100 * (code - text))


def test_a_missing_seed_costs_the_language_and_is_noted() -> None:
    study = paired()
    scores = scores_of(study, less_in_code)
    gone = at(scores, model="codebert", arm="mnli", target="xnli", language="ar", seed=2)
    found = answer(StudyData.of(study, scores[~gone]))
    assert found.primary is not None and "19 languages" in found.primary.n
    assert any("XNLI: ar left out" in note for note in found.notes)


def test_constant_scores_and_no_scores_at_all_do_not_fail() -> None:
    study = paired()
    found = answer(StudyData.of(study, scores_of(study, nothing, noise=0)))
    assert found.verdict == "not supported" and found.primary is not None and found.primary.value == 0
    empty: pd.DataFrame = scores_of(study, nothing).iloc[:0]
    assert answer(StudyData.of(study, empty)).verdict == "not identifiable"
