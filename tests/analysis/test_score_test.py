"""The test by flips of the signs of clusters."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.analysis.score_test import sign_flip_p_value

CLUSTERS = np.repeat(np.arange(20), 10)


def p_of(y: np.ndarray, x: np.ndarray, clusters: np.ndarray = CLUSTERS) -> float:
    return sign_flip_p_value(y, x, np.ones((len(y), 1)), clusters, np.random.default_rng(1))


def test_an_association_is_found_whatever_its_sign() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    for sign in (-1, 1):
        assert p_of(sign * x[:, 1] + rng.normal(size=200), x) < 0.01


def test_noise_that_clusters_share_is_no_association() -> None:
    """Response and predictor have effects of clusters of their own: rows are not independent, clusters are."""
    rng, by_cluster, by_row = np.random.default_rng(2), 0, 0
    for _ in range(60):
        x, y = (rng.normal(size=20)[CLUSTERS] + rng.normal(0, 0.3, 200) for _ in range(2))
        by_cluster += p_of(y, x[:, None]) < 0.05
        by_row += p_of(y, x[:, None], np.arange(200)) < 0.05
    assert by_cluster <= 8 and by_row > 20


def test_what_is_adjusted_for_is_not_found() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(200, 1))
    y, x = z[:, 0] + rng.normal(size=200), z + rng.normal(size=(200, 1))
    adjusted = sign_flip_p_value(y, x, np.column_stack([np.ones(200), z]), CLUSTERS, np.random.default_rng(1))
    assert p_of(y, x) < 0.01 < 0.05 < adjusted


def test_the_smallest_p_is_one_in_the_number_of_draws_and_without_variance_it_is_1() -> None:
    x = np.random.default_rng(4).normal(size=(200, 1))
    assert p_of(x[:, 0], x) == pytest.approx(1e-4, abs=2e-4)
    assert p_of(np.ones(200), x) == 1 == p_of(x[:, 0], np.ones((200, 1)))
