"""Covariates of languages, and languages that lack one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.covariates import with_covariates


def languages(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"script": ["Latn", "Latn", "Cyrl"], **columns}, index=["en", "yo", "ru"])


def test_script_and_pretraining_data_are_numbers_also_where_a_language_is_not_in_them() -> None:
    found = with_covariates(languages(cc100_gib=[300.8, 0.0, 278.0]))
    assert found["same_script"].tolist() == [1, 1, 0]
    assert found["in_pretraining"].tolist() == [1, 0, 1]
    np.testing.assert_allclose(found["log_cc100"], np.log10([300.85, 0.05, 278.05]))


def test_a_size_that_is_not_known_stays_unknown() -> None:
    found = with_covariates(languages(cc100_gib=[300.8, np.nan, 278.0]))
    assert found.loc["yo", ["log_cc100", "in_pretraining"]].isna().all()
    for unknown in (languages(), languages(cc100_gib=[np.nan] * 3)):
        assert not {"log_cc100", "in_pretraining"} & set(with_covariates(unknown))
