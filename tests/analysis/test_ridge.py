"""Ridge regression against its normal equations, and predictions that must not know what they predict."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xstilts.analysis.ridge import PENALTIES, out_of_sample, r2, ridge


def test_coefficients_solve_the_normal_equations_of_standardised_columns() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, [1, 5, 0.1], (40, 3)), rng.normal(size=40)
    penalties = np.array([0.0, 0.1, 10.0])
    coefficients, intercepts = ridge(x, y, penalties)
    z = (x - x.mean(0)) / x.std(0)
    for penalty, b, b0 in zip(penalties, coefficients, intercepts, strict=True):
        expected = np.linalg.solve(z.T @ z + 40 * penalty * np.eye(3), z.T @ (y - y.mean()))
        np.testing.assert_allclose(b * x.std(0), expected, rtol=1e-8)
        assert b0 + x.mean(0) @ b == pytest.approx(y.mean())


def test_each_penalty_of_a_path_is_the_fit_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    x = np.column_stack([np.eye(4)[rng.integers(0, 4, 50)], rng.normal(5, 3, (50, 3))])  # the dummies are collinear
    y = rng.normal(size=50)
    coefficients, intercepts = ridge(x, y)
    for penalty, b, b0 in zip(PENALTIES, coefficients, intercepts, strict=True):
        model = make_pipeline(StandardScaler(), Ridge(alpha=50 * penalty)).fit(x, y)
        np.testing.assert_allclose(x @ b + b0, model.predict(x), atol=1e-9)


def test_a_constant_column_says_nothing() -> None:
    rng = np.random.default_rng(1)
    x, y = np.column_stack([rng.normal(size=30), np.full(30, 0.1)]), rng.normal(size=30)
    coefficients, _ = ridge(x, y)
    assert (coefficients[:, 1] == 0).all() and np.isfinite(coefficients).all()


def test_no_prediction_depends_on_what_is_observed_in_its_group() -> None:
    rng = np.random.default_rng(2)
    x, y, groups = rng.normal(size=(60, 4)), rng.normal(size=60), np.repeat(np.arange(6), 10).astype(str)
    before, mean = out_of_sample(x, y, groups)
    changed = np.where(groups == "2", 1000.0, y)
    after, _ = out_of_sample(x, changed, groups)
    np.testing.assert_array_equal(before[groups == "2"], after[groups == "2"])
    np.testing.assert_allclose(mean[groups == "2"], y[groups != "2"].mean())
    assert not np.allclose(before[groups != "2"], after[groups != "2"])


def test_a_planted_link_is_predicted_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    x, groups = rng.normal(size=(200, 5)), np.repeat(np.arange(20), 10)
    y = 2 * x[:, 0] + rng.normal(size=200)
    assert r2(y, *out_of_sample(x, y, groups)) == pytest.approx(0.8, abs=0.07)
    assert r2(x[:, 1], *out_of_sample(rng.normal(size=(200, 5)), x[:, 1], groups)) < 0.03


def test_much_noise_is_answered_with_the_largest_penalty() -> None:
    rng = np.random.default_rng(4)
    x, groups = rng.normal(size=(30, 20)), np.arange(30) % 10
    predicted, mean = out_of_sample(x, np.zeros(30), groups)
    np.testing.assert_allclose(predicted, mean)
    assert PENALTIES[-1] == PENALTIES.max()


def test_r2_is_negative_where_the_mean_predicts_better() -> None:
    y = np.array([1.0, -1, 1, -1])
    assert r2(y, -y, np.zeros(4)) == -3
    assert r2(y, y, np.zeros(4)) == 1
    assert np.isnan(r2(np.zeros(4), y, np.zeros(4)))
