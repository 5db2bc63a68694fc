"""Adjusted p values against other ways to reach them, and what they do to verdicts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate, Evidence, Verdict
from xstilts.analysis.multiplicity import benjamini_hochberg, with_holm

P = st.lists(st.floats(0, 1), min_size=1, max_size=5)


def by_closed_testing(p: list[float]) -> list[float]:
    """Holm's procedure is the closure of Bonferroni's: a hypothesis falls where every set that holds it falls."""
    sets = [chosen for size in range(1, len(p) + 1) for chosen in combinations(range(len(p)), size)]
    return [max(min(1, len(s) * min(p[i] for i in s)) for s in sets if place in s) for place in range(len(p))]


def answer_of(question: str, p: float | None, verdict: Verdict = "supported") -> Answer:
    if p is None:
        return Answer(question, "title", "hypothesis", verdict, "It is so.")
    primary, evidence = (
        Estimate("it", 1.0, 0.5, 1.5, "points", p),
        Evidence(p, True, 3, "languages", 1.0, {"rival": 2.0}),
    )
    return Answer(question, "title", "hypothesis", verdict, "It is so.", primary, evidence=evidence)


@given(P)
def test_holm_is_closed_testing(p: list[float]) -> None:
    adjusted = with_holm(answer_of(f"q{number}", value) for number, value in enumerate(p))
    assert [answer.p_adjusted for answer in adjusted] == pytest.approx(by_closed_testing(p))


@given(P)
def test_benjamini_hochberg_is_that_of_scipy_over_what_is_tested(p: list[float]) -> None:
    with_gaps = pd.Series([*p, np.nan], index=range(10, 11 + len(p)))
    adjusted = benjamini_hochberg(with_gaps)
    assert list(adjusted.index) == list(with_gaps.index)
    assert adjusted.iloc[:-1].to_numpy() == pytest.approx(stats.false_discovery_control(p))
    assert np.isnan(adjusted.iloc[-1])


def test_holm_counts_only_questions_with_a_test() -> None:
    answers = [answer_of("q1", 0.02), answer_of("q2", None, "not identifiable"), answer_of("q3", 0.5, "not supported")]
    adjusted = with_holm(answers)
    assert [answer.question for answer in adjusted] == ["q1", "q2", "q3"]
    assert [answer.p_adjusted for answer in adjusted] == [pytest.approx(0.04), None, 0.5]
    assert [answer.verdict for answer in adjusted] == ["supported", "not identifiable", "not supported"]


def test_what_does_not_survive_correction_is_no_longer_supported_and_says_why() -> None:
    first, second = with_holm([answer_of("q1", 0.03), answer_of("q3", 0.001)])
    assert (first.verdict, second.verdict) == ("supported", "supported")
    first, second = with_holm([answer_of("q1", 0.03), answer_of("q3", 0.04)])
    assert (first.verdict, first.p_adjusted) == ("not supported", pytest.approx(0.06))
    assert first.reason.startswith("It is so.")
    assert "0.060" in first.reason and "Holm" in first.reason
    assert second.verdict == "not supported"


def test_no_test_at_all_leaves_answers_as_they_are() -> None:
    answers = [answer_of("q1", float("nan"), "not supported"), answer_of("q2", None, "not identifiable")]
    assert with_holm(answers) == answers
    assert with_holm([]) == []
