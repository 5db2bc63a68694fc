"""Intervals and p values of bootstrap draws, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.analysis.resampling import bootstrap_p_value, percentile_interval, resampling_weights


def test_the_interval_holds_the_middle_95_percent_of_the_draws() -> None:
    draws = np.arange(1001.0)
    assert percentile_interval(draws) == (25, 975)
    assert percentile_interval(np.append(draws, np.nan)) == (25, 975)


def test_p_is_twice_the_smaller_side_and_never_0() -> None:
    assert bootstrap_p_value(np.array([1.0] * 97 + [-1.0] * 2)) == pytest.approx(2 * 3 / 100)
    assert bootstrap_p_value(np.ones(99)) == pytest.approx(2 / 100)
    assert bootstrap_p_value(np.array([-1.0, 1.0])) == 1
    assert bootstrap_p_value(np.zeros(99)) == 1


def test_weights_of_a_sample_are_counts_over_the_size_and_sum_to_1() -> None:
    drawn = resampling_weights(np.random.default_rng(0), 4, (1000, 3))
    assert drawn.shape == (1000, 3, 4)
    assert set(np.unique(drawn)) == {0, 0.25, 0.5, 0.75, 1}
    np.testing.assert_allclose(drawn.sum(-1), 1)
    assert drawn.mean((0, 1)) == pytest.approx(np.full(4, 0.25), abs=0.02)
