"""The languages that studies run in, real and synthetic, as one table of the same shape.

``languages.csv`` lists the languages of XTREME and XTREME-R. ``iso3`` is the code in Tatoeba's file names; ``distance``
is the cosine distance to English of the URIEL syntax vectors (lang2vec's ``syntax_knn``; Littell et al. 2017), family
and genus follow Glottolog. Synthetic languages carry codes from ISO 639-2's range for private use (qaa–qtz), so that
none can be taken for a real one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """One language; ``distance`` to English lies between 0 and 1."""

    code: str
    iso3: str
    name: str
    family: str
    genus: str
    script: str
    distance: float


@cache
def languages_of(source: str) -> dict[str, Language]:
    """By code, the languages that a kind of source can have: those it generates, or those of the catalogue."""
    if source == "synthetic":
        from xstilts.sources.synthetic.languages import LANGUAGES

        return {language.code: language for language in LANGUAGES}
    text = resources.files("xstilts.catalogue").joinpath("languages.csv").read_text(encoding="utf-8")
    return {row["code"]: _language(row) for row in csv.DictReader(text.splitlines())}


def _language(row: dict[str, str]) -> Language:
    return Language(
        code=row["code"],
        iso3=row["iso3"],
        name=row["name"],
        family=row["family"],
        genus=row["genus"],
        script=row["script"],
        distance=float(row["distance"]),
    )
