"""Encoded examples: the manifest, and random access to memory-mapped rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from xstilts.atomic import sha256_of
from xstilts.config.settings import Encoding
from xstilts.data.encoding import EncodedRows, EncodedTask, encode_task
from xstilts.errors import UserError
from xstilts.task_types import task_type_class, task_type_of
from xstilts.tasks.registry import TASKS, TEXT

COUNT = 4500  # more than two of the slices that are encoded at a time
WORDS = ["the", "old", "stone", "pier", "arrived", "at", "market", "harbour", "counted", "forty"]
SHORT = Encoding(max_length=8)


def passages(count: int) -> pa.Table:
    """Texts of 1 to 10 words: some fit into one row of eight tokens, others do not."""
    texts = [" ".join(WORDS[: 1 + row * 7 % 10]) for row in range(count)]
    return pa.table({"id": [str(row) for row in range(count)], "text": texts}, schema=task_type_class(TEXT).schema)


def tagged(tags: list[list[str]]) -> pa.Table:
    words = [WORDS[: len(row)] for row in tags]
    values = {"id": [str(row) for row in range(len(tags))], "tokens": words, "tags": tags}
    return pa.table(values, schema=task_type_class(TASKS["ccg"]).schema)


@pytest.fixture(scope="module")
def folder(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Text of two languages, encoded."""
    root = tmp_path_factory.mktemp("text")
    pq.write_table(passages(COUNT), root / "train.en.parquet")
    pq.write_table(passages(70), root / "train.de.parquet")
    encode_task(TEXT, SHORT, tokenizer, [root / "train.en.parquet", root / "train.de.parquet"], root / "tokens")
    return root / "tokens"


def plain(row: Any) -> dict[str, Any]:
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def stored(*paths: Path) -> list[dict[str, Any]]:
    """All rows, read without EncodedRows."""
    rows = []
    for path in paths:
        with pa.OSFile(str(path)) as file:
            rows += ipc.open_file(file).read_all().to_pylist()
    return rows


def test_slices_make_no_difference(folder: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    whole = task_type_of(TEXT, SHORT).encode(passages(COUNT), tokenizer)
    assert whole.num_rows > COUNT
    assert stored(folder / "train.en.arrow") == whole.to_pylist()


def test_manifest(folder: Path) -> None:
    encoded = EncodedTask.read(folder / "manifest.json")
    assert (encoded.task, encoded.labels, encoded.encoding) == ("text", (), SHORT)
    assert set(encoded.files) == {"train.en", "train.de"}
    assert encoded.files["train.de"] == {
        "examples": 70,
        "rows": len(stored(folder / "train.de.arrow")),
        "sha256": sha256_of(folder / "train.de.arrow"),
        "source_sha256": sha256_of(folder.parent / "train.de.parquet"),
    }


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[EncodedRows, list[dict[str, Any]]]:
    """The rows of two files as training sees them, and as they are stored."""
    paths = folder / "train.en.arrow", folder / "train.de.arrow"
    return EncodedRows(*paths), stored(*paths)


class TestRows:
    def test_of_several_files_follow_each_other(self, both: tuple[EncodedRows, list[dict[str, Any]]]) -> None:
        rows, expected = both
        assert len(rows) == len(expected)
        assert [plain(row) for row in rows[range(len(rows))]] == expected
        assert rows.lengths.tolist() == [len(row["input_ids"]) for row in expected]

    @settings(deadline=None)
    @given(data=st.data())
    def test_come_in_any_order(self, both: tuple[EncodedRows, list[dict[str, Any]]], data: st.DataObject) -> None:
        rows, expected = both
        indices = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=40))
        assert [plain(row) for row in rows[indices]] == [expected[index] for index in indices]

    def test_beyond_the_end_there_are_none(self, both: tuple[EncodedRows, list[dict[str, Any]]]) -> None:
        with pytest.raises(IndexError):
            both[0][[len(both[0])]]

    def test_are_views_of_the_file(self, both: tuple[EncodedRows, list[dict[str, Any]]]) -> None:
        tokens = both[0][[3]][0]["input_ids"]
        assert not tokens.flags.owndata and not tokens.flags.writeable

    @pytest.mark.parametrize("examples", [1, 7, 1999, 2000, 2001, COUNT, COUNT + 5])
    def test_of_the_first_examples(self, folder: Path, examples: int) -> None:
        path = folder / "train.en.arrow"
        expected = [row for row in stored(path) if row["example"] < examples]
        rows = EncodedRows(path, examples=examples)
        assert len(rows) == len(rows.lengths) == len(expected)
        assert [plain(row) for row in rows[range(len(rows))]] == expected

    def test_of_chosen_examples(self, folder: Path) -> None:
        path = folder / "train.en.arrow"
        chosen = sorted({row["example"] for row in stored(path)})[1::2]
        rows = EncodedRows(path, only={path: chosen})
        assert [plain(row) for row in rows[range(len(rows))]] == [
            row for row in stored(path) if row["example"] in chosen
        ]
        assert len(rows) == len(rows.lengths) > 0


class TestLabels:
    def encode(self, tokenizer: PreTrainedTokenizerFast, root: Path, **tables: pa.Table) -> EncodedTask:
        paths = [root / f"{name.replace('_', '.')}.parquet" for name in tables]
        for path, table in zip(paths, tables.values(), strict=True):
            pq.write_table(table, path)
        encode_task(TASKS["ccg"], Encoding(), tokenizer, paths, root / "tokens")
        return EncodedTask.read(root / "tokens" / "manifest.json")

    def test_of_an_open_set_are_those_of_the_training_split(
        self, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
    ) -> None:
        train, dev = tagged([["NP", "N/N"], ["N", "NP"]]), tagged([["NP", "(S\\NP)"]])
        encoded = self.encode(tokenizer, tmp_path, train_en=train, dev_en=dev)
        assert encoded.labels == ("N", "N/N", "NP")

    def test_of_a_declared_set_stand_in_its_order(self, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
        values = {"id": ["1"], "premise": ["a"], "hypothesis": ["b"], "label": ["contradiction"]}
        pq.write_table(pa.table(values), tmp_path / "test.de.parquet")
        encode_task(TASKS["xnli"], Encoding(), tokenizer, [tmp_path / "test.de.parquet"], tmp_path / "tokens")
        assert EncodedTask.read(tmp_path / "tokens/manifest.json").labels == TASKS["xnli"].labels
        assert plain(EncodedRows(tmp_path / "tokens/test.de.arrow")[[0]][0])["label"] == 2


def test_a_file_that_encodes_to_nothing(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = task_type_class(TEXT)
    whole = kind.encode
    monkeypatch.setattr(kind, "encode", lambda *arguments: whole(*arguments).slice(0, 0))
    pq.write_table(passages(3), tmp_path / "train.en.parquet")
    with pytest.raises(UserError, match=r"train\.en\.parquet: .* no rows at encoding\.max_length = 8"):
        encode_task(TEXT, SHORT, tokenizer, [tmp_path / "train.en.parquet"], tmp_path / "tokens")
    assert not (tmp_path / "tokens" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("task", "columns", "column"),
    [
        ("tatoeba", {"side": "foreign", "text": "the pier", "matches": []}, "text"),
        ("pawsx", {"premise": "the pier", "hypothesis": "old stone", "label": "0"}, "premise"),
        ("hellaswag", {"prompt": "the pier", "choices": ["old stone", "the old"], "label": 0}, "prompt"),
        (
            "squad_v1",
            {"context": "old stone", "question": "the pier", "answers": ["old"], "answer_starts": [0]},
            "question",
        ),
    ],
)
def test_a_prefix_stands_before_the_text_that_begins_the_input(
    task: str, columns: dict[str, Any], column: str, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    schema, encoding = task_type_class(TASKS[task]).schema, Encoding(max_length=64, max_query_length=32)
    prefixed = {**columns, column: f"market {columns[column]}"}
    for name, values, prefix in (("plain", columns, "market "), ("by_hand", prefixed, "")):
        pq.write_table(pa.Table.from_pylist([{"id": "1", **values}], schema=schema), tmp_path / "train.en.parquet")
        encode_task(TASKS[task], encoding, tokenizer, [tmp_path / "train.en.parquet"], tmp_path / name, prefix)
    with_prefix, by_hand = (stored(tmp_path / name / "train.en.arrow") for name in ("plain", "by_hand"))
    assert with_prefix == by_hand
    beginning = tokenizer.tokenize("market the pier")
    assert tokenizer.convert_ids_to_tokens(with_prefix[0]["input_ids"])[1 : 1 + len(beginning)] == beginning
