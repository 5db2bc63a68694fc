"""The languages that studies run in, real and synthetic, as one table of the same shape.

``languages.csv`` lists the 50 languages of XTREME and XTREME-R. ``scripts/languages.py`` makes it from URIEL's vectors
(Littell et al. 2017) and a list of facts; docs/languages.md says where each column is from, and that the table stands
under CC BY-SA 4.0. Synthetic languages carry codes from ISO 639-2's range for private use (qaa–qtz), so that none can
be taken for a real one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

ENGLISH = "en"

#: Below this observed share of syntactic features, most of a vector is a guess from neighbours and relatives.
_THIN = 0.55


@dataclass(frozen=True)
class Language:
    """One language. All distances are those to English, from 0 to 1; what is None, or an empty text, is not known.

    ``iso3`` is the code in Tatoeba's file names; ``family`` and ``genus`` follow Glottolog. ``distance`` is the cosine
    distance of URIEL's syntax vectors, whose gaps are filled with the features of near languages (lang2vec's
    ``syntax_knn``); ``distance_observed`` uses only features known of both languages, and is None where these are fewer
    than 20; ``observed`` is the share of the 103 syntactic features that is known. ``cc100_gib`` is the size of the
    language's part of XLM-R's pretraining data, 0 where there is none. Synthetic languages have a planted ``distance``
    and nothing after it.
    """

    code: str
    iso3: str
    name: str
    family: str
    genus: str
    script: str
    distance: float | None = None
    distance_observed: float | None = None
    observed: float | None = None
    genetic: float | None = None
    geographic: float | None = None
    inventory: float | None = None
    phonological: float | None = None
    featural: float | None = None
    cc100_gib: float | None = None

    @property
    def thin(self) -> bool:
        """Whether so little of its syntax is known that results should be checked without the language."""
        return self.observed is not None and self.observed < _THIN


_TEXTS = ("code", "iso3", "name", "family", "genus", "script")
#: Every field that is a number, in order.
MEASURES: tuple[str, ...] = tuple(field.name for field in fields(Language) if field.name not in _TEXTS)


@cache
def languages_of(source: str, planted: int = 0) -> dict[str, Language]:
    """By code, the languages that a kind of source can have: those it generates, or those of the catalogue.

    Args:
        source: The kind of source.
        planted: Of a synthetic source with a planted world, the number of its languages beside English.
    """
    if planted:
        from xstilts.tasks.planted_languages import planted_languages

        return planted_languages(planted)
    if source == "synthetic":
        from xstilts.tasks.synthetic_languages import LANGUAGES

        return {language.code: language for language in LANGUAGES}
    text = resources.files("xstilts.tasks").joinpath("languages.csv").read_text(encoding="utf-8")
    return {row["code"]: _language(row) for row in csv.DictReader(text.splitlines())}


def _language(row: dict[str, str]) -> Language:
    texts = {name: row[name] for name in _TEXTS}
    return Language(**texts, **{name: float(row[name]) for name in MEASURES if row[name]})  # type: ignore[arg-type]
