"""Covariates of languages in regressions of gains, and languages that lack one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from xstilts.tasks.languages import ENGLISH
from xstilts.wording import listed

#: Covariates that regressions on distance adjust for, in words.
ADJUSTED_FOR = {"log_cc100": "pretraining data (CC-100)", "same_script": "script"}

#: What the sentences about left-out languages call a measure.
_MEASURES = {
    "distance": "its distance to English",
    "family": "its family",
    "genus": "its genus",
    "same_script": "its script",
    "log_cc100": "the size of its pretraining data",
}


def with_covariates(languages: pd.DataFrame) -> pd.DataFrame:
    """Add covariates to a study's languages; whatever is not known is NaN.

    Args:
        languages: As :func:`xstilts.analysis.study_data.language_frame` returns them.

    Returns:
        The languages with ``same_script`` (0 or 1: whether the script is that of English) and, where CC-100's sizes are
        known of any language, ``log_cc100`` (log10 of GiB, plus 0.05 since languages that are not in CC-100 have no
        logarithm) and ``in_pretraining`` (0 or 1). An unknown family or genus is NaN, not an empty text.
    """
    english = languages["script"].get(ENGLISH, "Latn")
    table = languages.assign(
        same_script=(languages["script"] == english).astype("float64").where(_is_known(languages["script"])),
        **{
            name: languages[name].where(_is_known(languages[name])) for name in ("family", "genus") if name in languages
        },
    )
    if "cc100_gib" not in table or table["cc100_gib"].isna().all():
        return table
    size = table["cc100_gib"].astype("float64")
    return table.assign(
        log_cc100=np.log10(size + 0.05), in_pretraining=(size > 0).astype("float64").where(size.notna())
    )


def with_known(
    languages: pd.DataFrame, codes: Iterable[str], measures: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Select languages of which all measures are known.

    Args:
        languages: As :func:`with_covariates` returns them.
        codes: The languages to select from.
        measures: Columns that must be known; a column that is not there is known of no language.

    Returns:
        The rows of the languages of which all measures are known, in their order, and a sentence for each of the others
        that says what is not known of it.
    """
    codes = sorted({*codes})
    missing = languages.reindex(index=codes, columns=list(measures)).isna()
    notes = []
    for code in missing.index[missing.any(axis=1)]:
        names = [text for name, text in _MEASURES.items() if name in measures and missing.loc[code, name]]
        notes.append(f"{code} is left out: {listed(names)} {'is' if len(names) == 1 else 'are'} not known.")
    return languages[languages.index.isin(missing.index[~missing.any(axis=1)])], notes


def _is_known(texts: pd.Series) -> pd.Series:
    return texts.notna() & (texts != "")
