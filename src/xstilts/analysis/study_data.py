"""The data of a study that the analysis reads: scores, languages, and similarities of data sets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

import pandas as pd

from xstilts.config.study import Study
from xstilts.scores.gains import primary_scores
from xstilts.tasks.languages import ENGLISH, MEASURES

_SIMILARITY = ["intermediate", "target", "language", "measure", "value"]


@dataclass(frozen=True)
class StudyData:
    """One study's results.

    Attributes:
        study: The study's config.
        scores: Rows of schema :data:`xstilts.scores.score_files.SCORES`.
        languages: As :func:`language_frame` returns them.
        similarity: intermediate, target, language, measure ("jsd", "cosine", "cosine_centred") and value, and a column
            model if there are several; empty where it was not measured.
    """

    study: Study
    scores: pd.DataFrame
    languages: pd.DataFrame
    similarity: pd.DataFrame

    @classmethod
    def of(cls, study: Study, scores: pd.DataFrame, similarity: pd.DataFrame | None = None) -> StudyData:
        """Combine a study's results with the facts of its languages."""
        measured = pd.DataFrame(columns=_SIMILARITY) if similarity is None else similarity
        return cls(study, scores, language_frame(study), measured)

    @cached_property
    def primary(self) -> pd.DataFrame:
        """The means of the primary metrics per cell and seed, which every question reads."""
        return primary_scores(self.scores, self.study)


def language_frame(study: Study) -> pd.DataFrame:
    """Tabulate English and the languages that the study scores.

    Returns:
        A row per language, by ``code``, with the columns name, family, genus, script (empty where not known); distance
        (syntactic, to English), distance_observed (on observed features only), observed (share of syntactic features
        observed), genetic, geographic, inventory, phonological, featural, cc100_gib (0 where not in XLM-R's pretraining
        data), all of them NaN where not known; and thin, which marks languages with so few observed features that
        results should be checked without them. Synthetic studies have name, family, genus, script and distance alone.
    """
    table = study.language_table()
    codes = sorted({ENGLISH, *(code for target in study.targets for code in study.languages(target))})
    rows = [{**asdict(table[code]), "thin": table[code].thin} for code in codes]
    frame = pd.DataFrame(rows).set_index("code").astype(dict.fromkeys(MEASURES, "float64"))
    if study.source.kind == "synthetic":
        return frame[["name", "family", "genus", "script", "distance"]]
    return frame[["name", "family", "genus", "script", *MEASURES, "thin"]]
