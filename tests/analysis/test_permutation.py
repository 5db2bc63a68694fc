"""Permutation tests against brute force and against least squares."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xstilts.analysis.permutation import (
    double_centred,
    dyadic_regression,
    permutation_p_value,
    spearman_interval,
    spearman_test,
)


@given(st.lists(st.integers(0, 5), min_size=3, max_size=6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_spearmans_p_is_the_share_of_orders_that_are_as_extreme(values: list[int], draw: int) -> None:
    x, y = np.array(values, dtype=float), np.random.default_rng(draw).integers(0, 4, len(values)).astype(float)
    rho, p = spearman_test(x, y, np.random.default_rng(0))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(rho) and np.isnan(p)
        return
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic)
    each = [stats.spearmanr(x, order).statistic for order in permutations(y)]
    assert p == pytest.approx(np.mean(np.abs(each) >= abs(rho) - 1e-9))


def test_of_many_values_some_orders_are_drawn() -> None:
    x = np.arange(12.0)
    rho, p = spearman_test(x, x**2, np.random.default_rng(0))
    assert rho == pytest.approx(1) and p == pytest.approx(1 / 10_000)


def test_p_is_never_0() -> None:
    assert permutation_p_value(5.0, np.zeros(99)) == pytest.approx(0.01)
    assert permutation_p_value(0.0, np.ones(99)) == 1


def test_p_is_two_sided() -> None:
    draws = np.array([-3.0, -1.0, 1.0, 3.0])
    assert permutation_p_value(-2.0, draws) == permutation_p_value(2.0, draws) == pytest.approx(3 / 5)


def test_the_interval_of_a_rank_correlation() -> None:
    """Fisher's z of 0.6 is 0.6931; its standard error with 28 pairs is sqrt(1.18 / 25) = 0.2173."""
    assert spearman_interval(0.6, 28) == pytest.approx((0.2611, 0.8072), abs=1e-4)


def test_double_centred_matrices_have_no_row_or_column_means() -> None:
    matrix = double_centred(np.random.default_rng(0).normal(size=(5, 7)) + np.arange(7))
    np.testing.assert_allclose(matrix.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(matrix.mean(1), 0, atol=1e-12)


def test_the_slope_is_that_of_least_squares_with_an_effect_per_row_and_column() -> None:
    rng = np.random.default_rng(1)
    response, predictor = rng.normal(size=(2, 7, 8))
    covariate = (rng.random((7, 8)) < 0.3).astype(float)
    rows, columns = np.indices((7, 8))
    design = np.column_stack(
        [predictor.ravel(), covariate.ravel(), np.eye(7)[rows.ravel()], np.eye(8)[columns.ravel()][:, 1:]]
    )
    expected = np.linalg.lstsq(design, response.ravel(), rcond=None)[0][0]
    found = dyadic_regression(response, predictor, covariate, rng, draws=99)
    assert found is not None
    assert found.beta == pytest.approx(expected)
    assert found.low < found.beta < found.high


def test_the_test_keeps_its_level_with_row_and_column_effects_and_has_power() -> None:
    null, planted = [], []
    for draw in range(60):
        rng = np.random.default_rng(draw)
        rows, columns = rng.normal(0, 2, (9, 1)), rng.normal(0, 2, (1, 9))
        predictor = rows + columns + rng.normal(size=(9, 9))  # shares both effects with the response
        noise = rng.normal(size=(9, 9)) + rows + columns
        zeros = np.zeros((9, 9))
        for found, beta in ((null, 0.0), (planted, 0.6)):
            fit = dyadic_regression(noise + beta * predictor, predictor, zeros, rng, draws=199)
            assert fit is not None
            found.append(fit)
    assert np.mean([fit.p < 0.05 for fit in null]) <= 0.12
    assert np.mean([fit.p < 0.05 for fit in planted]) >= 0.9
    assert np.mean([fit.low < 0.6 < fit.high for fit in planted]) >= 0.85


@pytest.mark.parametrize("shape", [(3, 9), (9, 3)])
def test_rows_and_columns_are_both_permuted(shape: tuple[int, int]) -> None:
    """The short side alone has 3! orders: one of six statistics could not be rarer than 1 in 6."""
    rng = np.random.default_rng(3)
    predictor = rng.normal(size=shape)
    fit = dyadic_regression(predictor + 0.1 * rng.normal(size=shape), predictor, np.zeros(shape), rng, draws=999)
    assert fit is not None
    assert fit.p < 0.05


@pytest.mark.parametrize("covariate", ["nothing", "the predictor"])
def test_a_predictor_without_variance_of_its_own_has_no_slope(covariate: str) -> None:
    rng = np.random.default_rng(2)
    additive = rng.normal(size=(6, 1)) + rng.normal(size=(1, 6))
    own = rng.normal(size=(6, 6))
    predictor, other = (additive, np.zeros((6, 6))) if covariate == "nothing" else (own, 3 * own)
    assert dyadic_regression(rng.normal(size=(6, 6)), predictor, other, rng, draws=9) is None
