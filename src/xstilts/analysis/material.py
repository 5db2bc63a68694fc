"""What the analysis reads of a study: its scores, its languages, and how similar its data sets are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from xstilts.study import Study


@dataclass(frozen=True)
class Material:
    """One study's results.

    ``scores`` has the columns of ``report.scores.SCORES``. ``languages`` is indexed by code with family, genus, script,
    distance (syntactic, to English), distance_observed (on observed features only, NaN where too few), observed (share
    of syntactic features observed), cc100_gib (0 where not in XLM-R's pretraining data), and further distances
    (genetic, geographic, inventory, phonological, featural); synthetic studies have family, genus, script and distance
    alone. ``similarity`` has intermediate, target, language, measure ("jsd", "cosine", "cosine_centred") and value, or is
    empty where it was not measured.
    """

    study: Study
    scores: pd.DataFrame
    languages: pd.DataFrame
    similarity: pd.DataFrame
