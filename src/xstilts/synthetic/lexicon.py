"""The words of each language: cognates are English words in the language's script, the others are invented."""

from __future__ import annotations

import random
from collections.abc import Collection

from xstilts.synthetic.concepts import NUMERALS, PUNCTUATION, UPOS_OF, english_form
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.synthetic_languages import DESIGNS, Design

#: Key of the object suffix among a language's forms.
OBJECT_SUFFIX = "-obj"

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SCRIPTS = {
    "Latn": _LATIN,
    "Cyrl": "абцдефгхийклмнопщрстувўжыз",
    "Grek": "αβκδεφγχιθκλμνοπκρστυβωξηζ",
    "Geor": "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ",
}
_CONSONANTS, _VOWELS, _CODAS = "bdfghklmnprstvz", "aeiou", "lmnrs"
#: Few syllables per language, so that a small vocabulary of word pieces can hold its words whole.
_CONSONANTS_USED, _VOWELS_USED = 9, 4
_CODA_SHARE = 0.4


def forms(seed: int, names: Collection[str]) -> dict[str, dict[str, str]]:
    """By language and lexeme, the written form. Words that are no cognates differ from all words of other languages."""
    taken = {english_form(lexeme) for lexeme in UPOS_OF} | {name.lower() for name in names}
    tables: dict[str, dict[str, str]] = {}
    for design in DESIGNS:
        tables[design.code] = _table(design, random.Random(f"{seed}/lexicon/{design.code}"), names, taken)
        taken |= {form.lower() for form in tables[design.code].values()}
    return tables


def cognates(design: Design, rng: random.Random) -> set[str]:
    """The lexemes of a language that are cognates of English, in the planted share; digits and punctuation aside."""
    words = [lexeme for lexeme in UPOS_OF if not _is_shared(lexeme)]
    return set(rng.sample(words, round(design.cognates * len(words))))


def _table(design: Design, rng: random.Random, names: Collection[str], taken: Collection[str]) -> dict[str, str]:
    kept = cognates(design, rng)
    table: dict[str, str] = {}
    inventor = _Inventor(design, rng)
    used = set(taken)
    for lexeme in UPOS_OF:
        spelt = transliterated(english_form(lexeme), design.script)
        if _is_shared(lexeme):
            table[lexeme] = english_form(lexeme)
        elif lexeme in kept and (design.code == ENGLISH or spelt not in table.values()):
            table[lexeme] = spelt
        else:
            table[lexeme] = inventor.word(used)
    for name in names:
        table[name] = transliterated(name.lower(), design.script).capitalize()
    table[OBJECT_SUFFIX] = inventor.suffix() if design.case else ""
    return table


def transliterated(word: str, script: str) -> str:
    return word.translate(str.maketrans(_LATIN, _SCRIPTS[script]))


def _is_shared(lexeme: str) -> bool:
    """Digits and punctuation are written alike everywhere."""
    return lexeme in NUMERALS or lexeme in PUNCTUATION


class _Inventor:
    """Makes words of two syllables from a language's own few sounds."""

    def __init__(self, design: Design, rng: random.Random) -> None:
        self._rng, self._script = rng, design.script
        self._consonants = rng.sample(_CONSONANTS, _CONSONANTS_USED)
        self._vowels = rng.sample(_VOWELS, _VOWELS_USED)

    def word(self, used: set[str]) -> str:
        """A word that is not in ``used``, and now is."""
        while True:
            coda = self._rng.choice(_CODAS) if self._rng.random() < _CODA_SHARE else ""
            word = transliterated(self._syllable() + self._syllable() + coda, self._script)
            if word not in used:
                used.add(word)
                return word

    def suffix(self) -> str:
        return transliterated(self._rng.choice(self._vowels) + self._rng.choice(_CODAS), self._script)

    def _syllable(self) -> str:
        return self._rng.choice(self._consonants) + self._rng.choice(self._vowels)
