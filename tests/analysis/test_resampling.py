"""Intervals and p values of bootstrap draws, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.analysis.resampling import p_of_sign, percentiles, shares


def test_the_interval_holds_the_middle_95_percent_of_the_draws() -> None:
    draws = np.arange(1001.0)
    assert percentiles(draws) == (25, 975)
    assert percentiles(np.append(draws, np.nan)) == (25, 975)


def test_p_is_twice_the_smaller_side_and_never_0() -> None:
    assert p_of_sign(np.array([1.0] * 97 + [-1.0] * 2)) == pytest.approx(2 * 3 / 100)
    assert p_of_sign(np.ones(99)) == pytest.approx(2 / 100)
    assert p_of_sign(np.array([-1.0, 1.0])) == 1
    assert p_of_sign(np.zeros(99)) == 1


def test_weights_of_a_sample_are_counts_over_the_size_and_sum_to_1() -> None:
    drawn = shares(np.random.default_rng(0), 4, (1000, 3))
    assert drawn.shape == (1000, 3, 4)
    assert set(np.unique(drawn)) <= {0, 0.25, 0.5, 0.75, 1}
    np.testing.assert_allclose(drawn.sum(-1), 1)
    assert drawn.mean((0, 1)) == pytest.approx(np.full(4, 0.25), abs=0.02)
