"""The words of each language: cognates are English words in its script, all others are invented."""

from __future__ import annotations

import random
from collections.abc import Collection

from xstilts.synthetic.concepts import NUMERALS, PUNCTUATION, UPOS_OF, english_form
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.synthetic_languages import DESIGNS, Design

#: The key of the object suffix among the forms of a language.
OBJECT_SUFFIX = "-obj"

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SCRIPTS = {
    "Latn": _LATIN,
    "Cyrl": "абцдефгхийклмнопщрстувўжыз",
    "Grek": "αβκδεφγχιθκλμνοπκρστυβωξηζ",
    "Geor": "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ",
}
_CONSONANTS, _VOWELS, _CODAS = "bdfghklmnprstvz", "aeiou", "lmnrs"
#: Few syllables per language, so that its words are single pieces even in a small vocabulary.
_CONSONANTS_USED, _VOWELS_USED = 9, 4
_CODA_SHARE = 0.4


def forms(seed: int, names: Collection[str]) -> dict[str, dict[str, str]]:
    """Build the vocabularies of all languages.

    Words that are not cognates differ from all words of other languages.

    Args:
        seed: The seed of the source.
        names: The proper names of the world.

    Returns:
        Written forms by language and lexeme.
    """
    taken = {english_form(lexeme) for lexeme in UPOS_OF} | {name.lower() for name in names}
    vocabularies: dict[str, dict[str, str]] = {}
    for design in DESIGNS:
        vocabularies[design.code] = _vocabulary(design, random.Random(f"{seed}/lexicon/{design.code}"), names, taken)
        taken |= {form.lower() for form in vocabularies[design.code].values()}
    return vocabularies


def cognates(design: Design, rng: random.Random) -> set[str]:
    """Draw the cognates of a language, in the share that its design sets; digits and punctuation do not count."""
    words = [lexeme for lexeme in UPOS_OF if not _is_shared(lexeme)]
    return set(rng.sample(words, round(design.cognates * len(words))))


def _vocabulary(design: Design, rng: random.Random, names: Collection[str], taken: Collection[str]) -> dict[str, str]:
    cognate_lexemes = cognates(design, rng)
    written_forms: dict[str, str] = {}
    inventor = _WordInventor(design, rng)
    used = set(taken)
    for lexeme in UPOS_OF:
        spelt = transliterated(english_form(lexeme), design.script)
        if _is_shared(lexeme):
            written_forms[lexeme] = english_form(lexeme)
        elif lexeme in cognate_lexemes and (design.code == ENGLISH or spelt not in written_forms.values()):
            written_forms[lexeme] = spelt
        else:
            written_forms[lexeme] = inventor.word(used)
    for name in names:
        written_forms[name] = transliterated(name.lower(), design.script).capitalize()
    written_forms[OBJECT_SUFFIX] = inventor.suffix() if design.case else ""
    return written_forms


def transliterated(word: str, script: str) -> str:
    """Write a lower-case English word in another script, letter by letter."""
    return word.translate(str.maketrans(_LATIN, _SCRIPTS[script]))


def _is_shared(lexeme: str) -> bool:
    """Return whether a lexeme has the same form in all languages, as digits and punctuation do."""
    return lexeme in NUMERALS or lexeme in PUNCTUATION


class _WordInventor:
    """Makes words of two syllables from a few consonants and vowels that are drawn for the language."""

    def __init__(self, design: Design, rng: random.Random) -> None:
        self._rng, self._script = rng, design.script
        self._consonants = rng.sample(_CONSONANTS, _CONSONANTS_USED)
        self._vowels = rng.sample(_VOWELS, _VOWELS_USED)

    def word(self, used: set[str]) -> str:
        """Draw a word that is not in ``used``, and add it."""
        while True:
            coda = self._rng.choice(_CODAS) if self._rng.random() < _CODA_SHARE else ""
            word = transliterated(self._syllable() + self._syllable() + coda, self._script)
            if word not in used:
                used.add(word)
                return word

    def suffix(self) -> str:
        """Draw a suffix of a vowel and a consonant."""
        return transliterated(self._rng.choice(self._vowels) + self._rng.choice(_CODAS), self._script)

    def _syllable(self) -> str:
        return self._rng.choice(self._consonants) + self._rng.choice(self._vowels)
