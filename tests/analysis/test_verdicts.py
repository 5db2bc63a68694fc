"""The rule of all verdicts, and the cross-validated errors that it compares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xstilts.analysis.answers import EXERCISE, Answer, Evidence
from xstilts.analysis.verdicts import decide, left_out_error

GOOD = Evidence(
    p=0.01, as_hypothesised=True, seeds=3, left_out="languages", error=1.0, rivals={"simpler": 1.2, "null": 1.1}
)
#: R² of 0.34 with similarity and of 0.37 without, where the mean has an error of 10.
WORSE_THAN_NULL = replace(GOOD, error=6.6, rivals={"M1": 6.9, "M0": 6.3})


def test_a_significant_estimate_that_predicts_better_than_both_rivals_in_three_seeds_is_supported() -> None:
    assert decide(GOOD) == ("supported", "")


@pytest.mark.parametrize(
    "change",
    [
        {"p": 0.06},
        {"p": 0.05},
        {"p": float("nan")},
        {"as_hypothesised": False},
        {"error": 1.1},  # no better than the null model
        {"error": 1.15},  # better than the simpler model alone
        {"rivals": {"simpler": 0.9, "null": 1.1}},  # better than the null model alone
    ],
)
def test_each_condition_is_needed(change: dict[str, object]) -> None:
    assert decide(replace(GOOD, **change))[0] == "not supported"  # type: ignore[arg-type]


@pytest.mark.parametrize("seeds", [0, 1, 2])
@pytest.mark.parametrize("evidence", [GOOD, WORSE_THAN_NULL, replace(GOOD, p=0.9)])
def test_fewer_than_three_seeds_are_not_enough_whatever_else_there_is(seeds: int, evidence: Evidence) -> None:
    verdict, why = decide(replace(evidence, seeds=seeds))
    assert verdict == "not enough seeds" and "at least 3" in why


def test_worse_than_the_null_model_is_not_supported_and_says_so() -> None:
    verdict, why = decide(WORSE_THAN_NULL)
    assert verdict == "not supported"
    assert "6.6, against 6.3 of M0" in why and "leaves out languages" in why


def test_a_verdict_on_synthetic_languages_is_marked() -> None:
    answer = Answer("q5", "t", "h", "supported", "r")
    assert answer.verdict_text == "supported"
    assert replace(answer, exercise=True).verdict_text == f"supported ({EXERCISE})"


class TestLeftOutError:
    def test_with_an_intercept_a_group_is_predicted_by_the_mean_of_the_others(self) -> None:
        y, groups = np.array([1.0, 2.0, 6.0]), np.array(["a", "a", "b"])
        assert left_out_error(np.ones((3, 1)), y, groups) == pytest.approx((25 + 16 + 4.5**2) / 3)

    def test_without_predictors_every_prediction_is_0(self) -> None:
        y = np.array([1.0, 2.0, 6.0])
        assert left_out_error(np.empty((3, 0)), y, np.arange(3)) == pytest.approx((1 + 4 + 36) / 3)

    def test_a_predictor_without_information_predicts_worse_than_none_on_average(self) -> None:
        rng, groups = np.random.default_rng(1), np.repeat(np.arange(10), 4)
        worse = 0
        for _ in range(50):
            x, y = rng.normal(size=(40, 1)), rng.normal(size=40)
            worse += left_out_error(x, y, groups) > left_out_error(np.empty((40, 0)), y, groups)
        assert worse > 25
