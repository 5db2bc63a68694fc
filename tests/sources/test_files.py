"""What holds for all readers: where files are looked for, encodings, line ends, and messages."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from xstilts.sources import files
from xstilts.task_types import canonical_schema
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS
from xstilts.tasks.task import SPLITS

XNLI = "xtreme/xnli/test-de.tsv"
PAIR = "Es regnet.\tEs ist nass.\tentailment\n"


def test_every_file_that_the_layout_names_has_a_reader():
    assert all(callable(files.reader_of(task)) for task in TASKS.values())
    assert all(any(task.has(split) for split in SPLITS) for task in TASKS.values())


def test_types_are_those_of_the_format_even_for_a_table_without_rows(release):
    release.write("intermediate/mnli/train.tsv", "pairID\tsentence1\tsentence2\tgold_label\n")
    table = files.read(release.root, TASKS["mnli"], "train", languages_of("files")["en"])
    assert table.schema == canonical_schema(TASKS["mnli"])
    assert table.schema.field("label") == pa.field("label", pa.string())
    assert table.num_rows == 0


def test_more_rows_than_are_held_at_a_time(release, monkeypatch):
    monkeypatch.setattr("xstilts.sources.rows._CHUNK", 3)
    release.write(XNLI, PAIR * 8)
    assert [row["id"] for row in release.rows("xnli", "test", "de")] == [str(n) for n in range(1, 9)]


def test_a_split_that_the_release_does_not_have(release):
    assert "XQuAD has no dev split" in (message := release.error("xquad", "dev"))
    assert "only test" in message


def test_a_missing_file_says_what_its_folder_holds(release):
    release.write("xtreme/xnli/test-fr.tsv", PAIR)
    message = release.error("xnli", "test", "de")
    assert XNLI in message and "no such file" in message
    assert "its folder holds test-fr.tsv" in message
    assert "docs/data.md" in message


def test_a_missing_folder_says_which_one_there_is(release):
    (release.root / "xtreme").mkdir()
    message = release.error("xnli", "test", "de")
    assert XNLI in message and f"only {release.root / 'xtreme'} exists" in message
    assert "docs/data.md" in message


@pytest.mark.parametrize(
    ("task", "split", "name"),
    [
        (task, split, str(path.relative_to("/")))
        for task in TASKS
        for split in SPLITS
        if TASKS[task].has(split)
        for path in TASKS[task].paths(Path("/"), split, languages_of("files")["de"])[:1]
    ],
)
def test_an_empty_file_is_an_error_in_every_format(release, task, split, name):
    release.write(name, b"")
    message = release.error(task, split, "de")
    assert name in message and "is empty" in message and "docs/data.md" in message


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("mnli", "intermediate/mnli/train.tsv"),
        ("squad_v1", "intermediate/squad/train-v1.1.json"),
        ("hellaswag", "intermediate/hellaswag/hellaswag_train.jsonl"),
        ("cosmosqa", "intermediate/cosmosqa/train.csv"),
        ("ccg", "intermediate/ccg/train.auto"),
        ("udpos", "xtreme/udpos/train-en.tsv"),
        ("text", "text/en.txt"),
    ],
)
def test_another_encoding_is_named_with_its_row_and_byte(release, task, name):
    release.write(name, "né\n".encode("latin-1"))
    message = release.error(task)
    assert f"{name}, row 1: byte 2 (0xe9) is not UTF-8" in message
    assert "iconv" in message and "docs/data.md" in message


def test_a_later_row_in_another_encoding(release):
    release.write(XNLI, PAIR.encode() + "Öl\tOl\tneutral\n".encode("cp1252"))
    assert f"{XNLI}, row 2: byte 1 (0xd6) is not UTF-8" in release.error("xnli", "test", "de")


def test_utf16_is_another_encoding(release):
    release.write(XNLI, PAIR.encode("utf-16"))
    assert f"{XNLI}: is text in UTF-16, where UTF-8 is expected" in release.error("xnli", "test", "de")


def test_byte_order_mark_and_windows_line_ends(release):
    release.write(XNLI, b"\xef\xbb\xbf" + (PAIR * 2).replace("\n", "\r\n").encode())
    plain = {"premise": "Es regnet.", "hypothesis": "Es ist nass.", "label": "entailment"}
    assert release.rows("xnli", "test", "de") == [{"id": "1", **plain}, {"id": "2", **plain}]


def test_only_the_first_byte_order_mark_is_none_of_the_text(release):
    release.write(XNLI, "\ufeff\ufeffa\tb\tneutral\n\ufeffc\td\tneutral\n")
    assert [row["premise"] for row in release.rows("xnli", "test", "de")] == ["\ufeffa", "\ufeffc"]


def test_text_has_one_passage_per_line(release):
    release.write("text/sw.txt", "Habari.\n\n  \nMvua \u2028inanyesha.\nMwisho")
    table = files.read(release.root, TASKS["text"], "train", languages_of("files")["sw"])
    assert table.to_pylist() == [
        {"id": "1", "text": "Habari."},
        {"id": "4", "text": "Mvua \u2028inanyesha."},
        {"id": "5", "text": "Mwisho"},
    ]
