"""Tables of estimates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields

import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.multiplicity import benjamini_hochberg


def estimate_table(estimates: Iterable[Estimate], adjusted: bool = False) -> pd.DataFrame:
    """Make a row of each estimate; ``adjusted`` adds ``p_adjusted`` over those that have a p."""
    table = pd.DataFrame([asdict(estimate) for estimate in estimates], columns=[f.name for f in fields(Estimate)])
    table["p"] = table["p"].astype("float64")
    return table.assign(p_adjusted=benjamini_hochberg(table["p"])) if adjusted else table
