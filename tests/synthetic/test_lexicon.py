from __future__ import annotations

import unicodedata

import pytest

from xstilts.synthetic import lexicon
from xstilts.synthetic.concepts import NUMERALS, PUNCTUATION, UPOS_OF, english_form
from xstilts.synthetic.world import World
from xstilts.tasks.synthetic_languages import DESIGNS, Design

SHARED = {*NUMERALS, *PUNCTUATION}
SCRIPT_NAMES = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Grek": "GREEK", "Geor": "GEORGIAN"}


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, dict[str, str]]:
    return lexicon.forms(3, world.names.all())


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.code)
def test_share_of_cognates_is_the_planted_one(design: Design, tables: dict[str, dict[str, str]]) -> None:
    words = [lexeme for lexeme in UPOS_OF if lexeme not in SHARED]
    spelt = {lexeme: lexicon.transliterated(english_form(lexeme), design.script) for lexeme in words}
    share = sum(tables[design.code][lexeme] == spelt[lexeme] for lexeme in words) / len(words)
    assert share == pytest.approx(design.cognates, abs=0.01)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.code)
def test_words_are_written_in_the_script(design: Design, tables: dict[str, dict[str, str]]) -> None:
    for lexeme, form in tables[design.code].items():
        if lexeme not in SHARED:
            assert all(unicodedata.name(letter).startswith(SCRIPT_NAMES[design.script]) for letter in form), form


@pytest.mark.parametrize("design", DESIGNS[1:], ids=lambda design: design.code)
def test_no_two_lexemes_share_a_form(design: Design, tables: dict[str, dict[str, str]]) -> None:
    forms = [form for lexeme, form in tables[design.code].items() if lexeme != lexicon.OBJECT_SUFFIX]
    assert len(set(forms)) == len(forms)


def test_invented_words_are_not_words_of_other_languages(tables: dict[str, dict[str, str]]) -> None:
    english = set(tables["en"].values())
    latin = [design.code for design in DESIGNS if design.script == "Latn" and design.code != "en"]
    for code in latin:
        for lexeme, form in tables[code].items():
            if form in english:
                assert form == tables["en"][lexeme]
            for other in latin:
                if other != code and lexeme in UPOS_OF and form not in english:
                    assert form not in tables[other].values()


def test_digits_and_punctuation_are_written_alike_everywhere(tables: dict[str, dict[str, str]]) -> None:
    assert all(table[lexeme] == lexeme for table in tables.values() for lexeme in SHARED)
