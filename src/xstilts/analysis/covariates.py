"""What regressions know of a language beside its distance: script and pretraining data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.tasks.languages import ENGLISH

#: Covariates that regressions on distance hold equal, in words.
HELD = {"log_cc100": "pretraining data (CC-100)", "same_script": "script"}


def with_covariates(languages: pd.DataFrame) -> pd.DataFrame:
    """Languages with ``same_script`` (as English, 0 or 1) and, where CC-100's sizes are known, ``log_cc100`` (log10 of
    GiB; languages that are not in it have no logarithm, hence 0.05 GiB more for all) and ``in_pretraining`` (0 or 1).
    """
    script = languages["script"].get(ENGLISH, "Latn")
    table = languages.assign(same_script=(languages["script"] == script).astype("float64"))
    if "cc100_gib" not in table or table["cc100_gib"].isna().all():
        return table
    size = table["cc100_gib"].astype("float64")
    return table.assign(
        log_cc100=np.log10(size + 0.05), in_pretraining=(size > 0).astype("float64").where(size.notna())
    )
