from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import pytest

from xstilts.tasks.languages import ENGLISH, MEASURES, languages_of
from xstilts.tasks.registry import TASKS


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


class TestMeasures:
    """Values of URIEL and CC-100 that were looked up independently of the script."""

    TABLE = languages_of("files")

    @pytest.mark.parametrize(
        ("code", "measures"),
        [
            ("de", (0.097, 0.154, 0.845, 0.456, 0.0024, 0.237, 0.194, 0.181, 66.6)),
            ("sw", (0.541, 0.536, 0.825, 1.0, 0.085, 0.242, 0.091, 0.342, 1.6)),
            ("zh", (0.289, 0.309, 0.99, 1.0, 0.1158, 0.303, 0.275, 0.295, 46.9 + 16.6)),
            ("my", (0.605, 0.545, 0.806, 1.0, 0.123, 0.135, 0.114, 0.31, 1.6 + 0.4)),
            ("eu", (0.377, 0.379, 0.825, None, 0.0024, 0.431, 0.147, 0.387, 2.0)),
            ("kk", (0.552, None, 0.117, 1.0, 0.0478, 0.28, 0.164, 0.373, 6.4)),
        ],
    )
    def test_known_values(self, code: str, measures: tuple[float | None, ...]) -> None:
        found = tuple(getattr(self.TABLE[code], name) for name in MEASURES)
        assert found == pytest.approx(measures, abs=1e-6)

    def test_the_50_languages_of_xtreme_and_xtreme_r(self) -> None:
        assert len(self.TABLE) == 50
        assert all(set(task.languages) <= set(self.TABLE) for task in TASKS.values())

    def test_thin_languages(self) -> None:
        assert {code for code, language in self.TABLE.items() if language.thin} == {
            "kk", "jv", "af", "ht", "gu", "bn", "ml", "az",
        }  # fmt: skip

    def test_languages_outside_xlm_r_s_pretraining_data(self) -> None:
        sizes = {code: language.cc100_gib for code, language in self.TABLE.items()}
        assert {code for code, size in sizes.items() if not size} == {"yo", "ht", "qu", "wo"}
        assert None not in sizes.values()

    def test_english_is_at_distance_0_by_every_measure(self) -> None:
        english = [getattr(self.TABLE[ENGLISH], name) for name in MEASURES]
        assert english == [0, 0, 1, 0, 0, 0, 0, 0, 300.8]

    def test_what_is_not_known(self) -> None:
        unknown = {(code, name) for code in self.TABLE for name in MEASURES if getattr(self.TABLE[code], name) is None}
        assert unknown == {
            ("kk", "distance_observed"), ("jv", "distance_observed"), ("eu", "genetic"), ("qu", "genetic"),
        }  # fmt: skip

    def test_all_but_sizes_are_shares(self) -> None:
        known = [getattr(language, name) for language in self.TABLE.values() for name in MEASURES[:-1]]
        assert all(0 <= value <= 1 for value in known if value is not None)


def test_synthetic_languages_have_a_planted_distance_and_no_other_measure() -> None:
    for language in languages_of("synthetic").values():
        assert all(getattr(language, name) is None for name in MEASURES[1:]) and not language.thin


def test_the_table_s_licence_goes_with_it() -> None:
    folder = resources.files("xstilts.tasks")
    assert "CC BY-SA 4.0" in folder.joinpath("languages_licence.txt").read_text(encoding="utf-8")


def test_the_table_has_the_facts_that_the_script_merges() -> None:
    facts_file = Path(__file__).parents[2] / "scripts" / "language_facts.csv"
    facts = list(csv.DictReader(facts_file.read_text(encoding="utf-8").splitlines()))
    table = languages_of("files")
    assert [row["code"] for row in facts] == sorted(table)
    for row in facts:
        language = table[row["code"]]
        for name in ("iso3", "name", "family", "genus", "script"):
            assert getattr(language, name) == row[name]
        assert language.cc100_gib == pytest.approx(sum(float(part) for part in row["cc100_gib"].split("+") if part))
