"""The test of a cell against permutations, enumerations and resampled examples."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import predictions_of
from planted import study_of
from scipy import stats

from xstilts.analysis.paired import compare, pair_points, paired_test, read_examples
from xstilts.scores.score_files import write_predictions
from xstilts.task_types.retrieval import pair_scores


def permuted(differences: np.ndarray, draws: int = 20_000) -> float:
    """Share of random flips of signs that are at least as far from 0."""
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (draws, len(differences)))
    return float((np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean())


@pytest.mark.parametrize("shift", [0, 1.5, 3])
def test_p_of_graded_scores_is_the_permutation_test_s(shift: float) -> None:
    differences = np.random.default_rng(int(10 * shift)).normal(shift, 30, 500)
    assert paired_test(differences).p == pytest.approx(permuted(differences), abs=0.01)


def test_p_of_right_and_wrong_keeps_its_level_where_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    ps = np.array([paired_test(rng.choice([-100.0, 0, 100], 400, p=[0.1, 0.8, 0.1])).p for _ in range(2000)])
    assert 0.035 < (ps < 0.05).mean() < 0.065


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_of_few_differences_p_is_exact(differences: list[int]) -> None:
    flips = [abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
             for signs in product((-1, 1), repeat=len(differences))]  # fmt: skip
    expected = np.mean([flip >= abs(sum(differences)) for flip in flips])
    assert paired_test(np.array(differences, dtype=float)).p == pytest.approx(expected)


@pytest.mark.parametrize("count", [13, 20])
def test_p_is_never_smaller_than_all_flips_of_signs_allow(count: int) -> None:
    assert paired_test(np.full(count, 100.0)).p == 2.0 ** (1 - count)


def test_the_interval_is_student_s() -> None:
    differences = np.random.default_rng(5).normal(1, 10, 40)
    found, reference = paired_test(differences), stats.ttest_1samp(differences, 0)
    interval = reference.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(reference.pvalue)


def test_nothing_that_differs_is_no_difference_and_one_example_no_test() -> None:
    assert paired_test(np.zeros(50))[:5] == (0, 0, 0, 1, 50)
    assert paired_test(np.array([100.0])).reason == "fewer than 2 examples"


PAIRS = st.lists(st.tuples(*[st.lists(st.sampled_from("abc"), unique=True)] * 2), min_size=1, max_size=12)


@given(PAIRS)
def test_what_sentences_add_to_an_f1_averages_to_it(sentences: list[tuple[list[str], list[str]]]) -> None:
    predicted, gold = (pa.array([" ".join(sentence[side]) for sentence in sentences]) for side in (0, 1))
    points = pair_points(predicted, gold)
    pairs = [{(name, row) for row, both in enumerate(sentences) for name in both[side]} for side in (0, 1)]
    if pairs[0] or pairs[1]:
        assert points.mean() == pytest.approx(pair_scores(*pairs)["f1"])
    else:
        assert np.isnan(points).all()


def test_the_error_of_an_f1_is_that_of_resampled_sentences() -> None:
    rng, n = np.random.default_rng(2), 3000
    gold = rng.random(n) < 0.2
    arms = [np.where(gold, rng.random(n) < right, rng.random(n) < 0.03) for right in (0.6, 0.7)]
    texts = [pa.array(np.where(found, "a", "")) for found in (*arms, gold)]
    found = paired_test(pair_points(texts[1], texts[2]) - pair_points(texts[0], texts[2]))
    resampled = []
    for _ in range(1000):
        rows = rng.integers(n, size=n)
        f1 = [200 * (arm & gold)[rows].sum() / (arm[rows].sum() + gold[rows].sum()) for arm in arms]
        resampled.append(f1[1] - f1[0])
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(np.std(resampled), rel=0.1)


def test_examples_are_paired_by_id(tmp_path: Path) -> None:
    """The arm and the baseline predict the same examples equally well, but list them in another order."""
    study, cell = study_of({}, {"xnli": ["de"]}), predictions_of("xnli", "de", [100.0, 0.0, 100.0, 0.0])
    arm, baseline = tmp_path / "arm.parquet", tmp_path / "baseline.parquet"
    write_predictions(arm, cell)
    write_predictions(baseline, cell.take([3, 2, 1, 0]))
    (comparison,) = compare({1: arm}, {1: read_examples(baseline, study)}, study).values()
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (0, 0, 0, 1)


def test_rows_of_a_cell_need_not_stand_together(tmp_path: Path) -> None:
    german = predictions_of("xnli", "de", [100.0, 0.0, 100.0])
    english = predictions_of("xnli", "en", [0.0, 0.0, 100.0])
    mixed = pa.concat_tables([german, english]).take([3, 0, 1, 4, 2, 5])
    path = tmp_path / "seed1.parquet"
    write_predictions(path, mixed)
    found = read_examples(path, study_of({}, {"xnli": ["de", "en"]}))
    assert {cell[1]: examples.points.tolist() for cell, examples in found.items() if examples.points is not None} == {
        "de": [100, 0, 100],
        "en": [0, 0, 100],
    }
    assert found["xnli", "de", "test"].ids.to_pylist() == ["0", "1", "2"]
