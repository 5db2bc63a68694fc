"""The planted design of every synthetic language, and what follows from it: distance to English, family, genus.

Nothing here is measured on text. A design states what the generator does; the distance states, before any result, how
unlike English that makes a language. Studies compare scores with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xstilts.tasks.languages import ENGLISH, Language

Order = Literal["SVO", "VSO", "SOV"]
Side = Literal["before", "after"]

#: How much of the distance each planted parameter can add; the weights sum to 1.
WEIGHTS = {
    "cognates": 0.35,
    "order": 0.20,
    "adjective": 0.08,
    "adposition": 0.10,
    "case": 0.08,
    "article": 0.04,
    "script": 0.15,
}

#: Tasks whose training data is also written in other languages, where a study asks for it.
RENDERED = frozenset({"mnli", "panx", "pawsx", "qqp", "squad_v1", "squad_v2", "udpos", "xnli"})

#: From this share of cognates on, a language counts as a relative of English.
RELATED_FROM = 0.4

_FAMILIES = {"SVO": "Medial", "VSO": "Initial", "SOV": "Final"}
_RELATIVES = "Anglian"


@dataclass(frozen=True)
class Design:
    """What is planted in one language.

    ``cognates`` is the share of its words that are English words (spelt in its own script); ``adjective`` and
    ``adposition`` say on which side of the noun these stand; ``case`` is whether objects carry a suffix; ``article``
    whether nouns have one.
    """

    code: str
    name: str
    cognates: float
    order: Order = "SVO"
    adjective: Side = "before"
    adposition: Side = "before"
    case: bool = False
    article: bool = True
    script: str = "Latn"

    @property
    def iso3(self) -> str:
        """Its code in file names that use ISO 639-3."""
        return "eng" if self.code == ENGLISH else self.code


DESIGNS: tuple[Design, ...] = (
    Design(ENGLISH, "English", 1.0),
    Design("qaa", "Aldric", 0.65),
    Design("qab", "Brennish", 0.45, adjective="after"),
    Design("qac", "Corvaic", 0.30, order="VSO", adjective="after"),
    Design("qad", "Dovrian", 0.25, adjective="after", case=True, article=False, script="Cyrl"),
    Design("qae", "Elmarese", 0.15, order="SOV", adposition="after", case=True, article=False),
    Design("qaf", "Fenthian", 0.10, order="VSO", adjective="after", article=False, script="Grek"),
    Design(
        "qag",
        "Gorzani",
        0.0,
        order="SOV",
        adjective="after",
        adposition="after",
        case=True,
        article=False,
        script="Geor",
    ),
)


def distance(design: Design) -> float:
    """Weighted share of the planted parameters in which a language differs from English, between 0 and 1.

    ``sum(w_p * d_p)`` with the ``WEIGHTS`` ``w_p``; ``d_p`` is 1 minus the share for cognates, and 0 or 1 (equal to
    English or not) for every other parameter.
    """
    english = DESIGNS[0]
    total = WEIGHTS["cognates"] * (1 - design.cognates)
    for parameter, weight in WEIGHTS.items():
        if parameter != "cognates" and getattr(design, parameter) != getattr(english, parameter):
            total += weight
    return round(total, 4)


def family(design: Design) -> str:
    """Relatives of English by shared words; all other languages go by their word order."""
    return _RELATIVES if design.cognates >= RELATED_FROM else _FAMILIES[design.order]


def genus(design: Design) -> str:
    """Languages of a family that are written in one script."""
    return f"{family(design)} ({design.script})"


def _language(design: Design) -> Language:
    return Language(
        design.code, design.iso3, design.name, family(design), genus(design), design.script, distance(design)
    )


LANGUAGES: tuple[Language, ...] = tuple(
    sorted((_language(design) for design in DESIGNS), key=lambda language: language.code)
)
