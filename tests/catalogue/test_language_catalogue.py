from __future__ import annotations

import pytest

from xstilts.catalogue.languages import ENGLISH, languages_of


@pytest.mark.parametrize("source", ["files", "synthetic"])
class TestTable:
    def test_codes_are_keys(self, source: str) -> None:
        assert all(code == language.code for code, language in languages_of(source).items())

    def test_distances_are_shares_and_only_english_is_at_0(self, source: str) -> None:
        distances = {code: language.distance for code, language in languages_of(source).items()}
        assert all(0 <= distance <= 1 for distance in distances.values())
        assert {code for code, distance in distances.items() if distance == 0} == {ENGLISH}

    def test_no_cell_is_empty(self, source: str) -> None:
        for language in languages_of(source).values():
            assert all([language.iso3, language.name, language.family, language.genus, language.script])

    def test_iso3_codes_are_unique(self, source: str) -> None:
        codes = [language.iso3 for language in languages_of(source).values()]
        assert len(codes) == len(set(codes)) and all(len(code) == 3 for code in codes)


def test_tatoeba_s_codes() -> None:
    table = languages_of("files")
    assert {code: table[code].iso3 for code in ("de", "zh", "fa", "sw")} == {
        "de": "deu", "zh": "cmn", "fa": "pes", "sw": "swh",
    }  # fmt: skip


def test_no_synthetic_language_can_be_taken_for_a_real_one() -> None:
    invented = set(languages_of("synthetic")) - {ENGLISH}
    assert invented and all("qaa" <= code <= "qtz" for code in invented)
    assert not invented & set(languages_of("files"))
