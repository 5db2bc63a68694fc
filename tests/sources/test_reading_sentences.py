"""BUCC2018 and Tatoeba as their releases write them."""

from __future__ import annotations

import tracemalloc

import pytest

from xstilts.sources.readers import sentences
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

FRENCH = languages_of("files")["fr"]
FOREIGN, ENGLISH, GOLD = (f"xtreme/bucc2018/fr-en.dev.{side}" for side in ("fr", "en", "gold"))
TATOEBA = "xtreme/tatoeba/tatoeba.cmn-eng.cmn", "xtreme/tatoeba/tatoeba.cmn-eng.eng"


def bucc(release, foreign="fr-1\tBonjour.\nfr-2\tOui.\n", english="en-1\tYes.\nen-2\tHello.\n", gold="fr-1\ten-2\n"):
    for name, content in ((FOREIGN, foreign), (ENGLISH, english), (GOLD, gold)):
        release.write(name, content)


def test_gold_pairs_stand_with_the_english_sentences(release):
    bucc(release, foreign='fr-1\t"Bonjour.\nfr-2\tOui.\nfr-3\tOui.\n', gold="fr-1\ten-2\nfr-3\ten-1\nfr-2\ten-1\n")
    assert release.rows("bucc2018", "dev", "fr") == [
        {"id": "fr-1", "side": "foreign", "text": '"Bonjour.', "matches": []},
        {"id": "fr-2", "side": "foreign", "text": "Oui.", "matches": []},
        {"id": "fr-3", "side": "foreign", "text": "Oui.", "matches": []},
        {"id": "en-1", "side": "english", "text": "Yes.", "matches": ["fr-3", "fr-2"]},
        {"id": "en-2", "side": "english", "text": "Hello.", "matches": ["fr-1"]},
    ]


@pytest.mark.parametrize(
    ("changed", "name", "row", "problem"),
    [
        ({"gold": "fr-1\ten-2\nfr-9\ten-1\n"}, GOLD, 2, "the id 'fr-9' is not in "),
        ({"gold": "fr-1\ten-2\nfr-2\ten-9\n"}, GOLD, 2, "the id 'en-9' is not in "),
        ({"gold": "en-2\tfr-1\n"}, GOLD, 1, "the id 'en-2' is not in "),
        ({"gold": "fr-1\n"}, GOLD, 1, "has 1 field where 2 are expected"),
        ({"foreign": "fr-1\tBonjour.\nOui.\n"}, FOREIGN, 2, "has 1 field where 2 are expected"),
        ({"english": "en-1\tYes.\tNo.\n"}, ENGLISH, 1, "has 3 fields where 2 are expected"),
    ],
)
def test_bad_rows_of_bucc(release, changed, name, row, problem):
    bucc(release, **changed)
    message = release.error("bucc2018", "dev", "fr")
    assert f"{name}, row {row}: " in message and problem in message and "docs/data.md" in message


def test_pools_of_any_size_are_read_row_by_row(release):
    """BUCC2018's pools have up to half a million sentences a side."""
    pools = {code: "".join(f"{code}-{n}\t{'word ' * 30}{n}\n" for n in range(20_000)) for code in ("fr", "en")}
    bucc(release, pools["fr"], pools["en"], "".join(f"fr-{n}\ten-{n}\n" for n in range(0, 20_000, 200)))
    rows = sentences.bucc([release.root / name for name in (FOREIGN, ENGLISH, GOLD)], TASKS["bucc2018"], FRENCH)
    tracemalloc.start()
    try:
        matched = sum(bool(row["matches"]) for row in rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert matched == 100
    assert peak < 500_000 < sum(map(len, pools.values())) / 10


def test_gold_pairs_removed_from_a_release(release):
    bucc(release)
    (release.root / GOLD).unlink()
    message = release.error("bucc2018", "dev", "fr")
    assert GOLD in message and "its folder holds fr-en.dev.en, fr-en.dev.fr" in message and "docs/data.md" in message


def test_lines_of_tatoeba_are_parallel(release):
    release.write(TATOEBA[0], "你好。\r\n是\u2028的。\r\n")
    release.write(TATOEBA[1], "Hello.\nYes.")
    assert release.rows("tatoeba", "test", "zh") == [
        {"id": "zh-1", "side": "foreign", "text": "你好。", "matches": []},
        {"id": "zh-2", "side": "foreign", "text": "是\u2028的。", "matches": []},
        {"id": "en-1", "side": "english", "text": "Hello.", "matches": ["zh-1"]},
        {"id": "en-2", "side": "english", "text": "Yes.", "matches": ["zh-2"]},
    ]


@pytest.mark.parametrize(("shorter", "longer"), [TATOEBA, TATOEBA[::-1]])
def test_files_of_different_length_are_no_translations(release, shorter, longer):
    release.write(shorter, "1\n2\n")
    release.write(longer, "1\n2\n3\n4\n")
    message = release.error("tatoeba", "test", "zh")
    assert f"{shorter}, row 3: ends before this line, but " in message
    assert f"{longer} has 4 lines" in message and "docs/data.md" in message
