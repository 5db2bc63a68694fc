"""Bootstrap draws of an AUROC against scikit-learn's of the rows that are drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from xstilts.analysis.prediction import auroc_draws


@pytest.mark.parametrize("share", [0.4, 0.03])
def test_draws_count_pairs_in_the_right_order_and_ties_half(share: float) -> None:
    rng = np.random.default_rng(5)
    positive, score = rng.random(60) < share, rng.integers(0, 6, 60).astype(float)
    genus = pd.Series(rng.choice(list("abcdefg"), 60), index=range(100, 160))
    draws = auroc_draws(positive, score, genus)
    rows, again = (
        list(genus.reset_index(drop=True).groupby(genus.to_numpy()).indices.values()),
        np.random.default_rng(1),
    )
    for drawn in draws:
        sample = np.concatenate([rows[i] for i in again.integers(len(rows), size=len(rows))])
        if positive[sample].all() or not positive[sample].any():
            assert np.isnan(drawn)
        else:
            assert drawn == pytest.approx(roc_auc_score(positive[sample], score[sample]))


def test_rows_of_one_kind_have_no_auroc() -> None:
    assert np.isnan(auroc_draws(np.ones(3, dtype=bool), np.arange(3.0), pd.Series(["a", "b", "c"]))).all()
