"""Estimates as rows, and counts in words."""

from __future__ import annotations

import numpy as np

from xstilts.analysis.answers import Estimate
from xstilts.analysis.estimates import estimate_table
from xstilts.wording import counted, signed


def test_a_row_per_estimate_with_p_adjusted_over_those_that_have_one() -> None:
    estimates = [
        Estimate("a", 1, 0, 2, "points", 0.01),
        Estimate("b", 1, 0, 2, "points"),
        Estimate("c", 0, -1, 1, "points", 0.04),
    ]
    table = estimate_table(estimates, adjusted=True)
    assert table["name"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(table["p"], [0.01, np.nan, 0.04])
    np.testing.assert_allclose(table["p_adjusted"], [0.02, np.nan, 0.04])
    assert "p_adjusted" not in estimate_table(estimates)


def test_no_estimates_are_a_table_with_all_columns() -> None:
    assert estimate_table([], adjusted=True).empty
    assert estimate_table([], adjusted=True).columns.tolist() == [
        "name",
        "value",
        "low",
        "high",
        "unit",
        "p",
        "n",
        "p_adjusted",
    ]


def test_counts_have_the_plural_of_their_field() -> None:
    found = [counted(1, "seed"), counted(0, "seed"), counted(2, "genus"), counted(1, "genus"), counted(3, "family")]
    assert found == ["1 seed", "0 seeds", "2 genera", "1 genus", "3 families"]


def test_numbers_have_a_sign_that_is_no_hyphen() -> None:
    assert [signed(-1.234), signed(0.5), signed(-0.0004, 3)] == ["−1.23", "+0.50", "0.000"]
