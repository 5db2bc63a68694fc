from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.data.examples import Provenance, check, fingerprint, provenance_of, read, write
from xstilts.errors import DataError
from xstilts.task_types.classification import Classification
from xstilts.task_types.multiple_choice import MultipleChoice
from xstilts.tasks.registry import TASKS

XNLI = TASKS["xnli"]
ORIGIN = Provenance("xnli", "test", "de", "xtreme/xnli/test-de.tsv", "CC BY-NC 4.0", synthetic=False)


def nli(count: int, **columns: list[Any]) -> pa.Table:
    """So many examples of XNLI."""
    values = {
        "id": [str(row) for row in range(count)],
        "premise": [f"Satz {row}" for row in range(count)],
        "hypothesis": ["中文\n"] * count,
        "label": ["neutral"] * count,
    }
    return pa.table({**values, **columns})


def refusal(table: pa.Table) -> str:
    with pytest.raises(DataError) as caught:
        check(XNLI, table, "test-de.tsv")
    return str(caught.value)


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "test.de.parquet"
    sealed = write(path, XNLI, nli(3), ORIGIN, "test-de.tsv")
    assert read(path).to_pylist() == nli(3).to_pylist()
    assert provenance_of(path) == sealed
    assert sealed == Provenance(**{**vars(ORIGIN), "fingerprint": fingerprint(nli(3))})


def test_columns_are_cast_to_the_schema(tmp_path: Path) -> None:
    table = nli(2).set_column(3, "label", pa.array(["neutral", "neutral"]).dictionary_encode())
    write(tmp_path / "nli.parquet", XNLI, table, ORIGIN, "test-de.tsv")
    assert read(tmp_path / "nli.parquet").schema.equals(Classification.schema)
    choices = pa.table(
        {"id": ["1"], "prompt": ["p"], "choices": [["a", "b", "c", "d"]], "label": pa.array([1], pa.int64())}
    )
    write(tmp_path / "choice.parquet", TASKS["hellaswag"], choices, ORIGIN, "val.jsonl")
    assert read(tmp_path / "choice.parquet").schema.equals(MultipleChoice.schema)


def test_the_same_examples_make_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", XNLI, nli(50), ORIGIN, "")
    write(tmp_path / "b.parquet", XNLI, pa.concat_tables([nli(50).slice(0, 20), nli(50).slice(20)]), ORIGIN, "")
    assert provenance_of(tmp_path / "a.parquet") == provenance_of(tmp_path / "b.parquet")
    assert pq.read_table(tmp_path / "a.parquet").equals(pq.read_table(tmp_path / "b.parquet"))


def test_no_examples() -> None:
    assert refusal(nli(0)) == "test-de.tsv: has no examples. Is the file complete?"


def test_repeated_id() -> None:
    message = refusal(nli(4, id=["a", "b", "c", "b"]))
    assert message.startswith("test-de.tsv: example 4 has the id 'b' of example 2. Ids must be unique")


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=9), st.integers(0, 9))
def test_the_first_repeated_id_is_named_however_the_table_is_chunked(ids: list[str], cut: int) -> None:
    table = nli(len(ids), id=ids)
    table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    repeated = [row for row, identifier in enumerate(ids) if identifier in ids[:row]]
    if not repeated:
        check(XNLI, table, "test-de.tsv")
        return
    identifier = ids[repeated[0]]
    said = f"example {repeated[0] + 1} has the id '{identifier}' of example {ids.index(identifier) + 1}."
    assert said in refusal(table)


def test_gold_of_some_examples_only() -> None:
    message = refusal(nli(4, label=["neutral", None, "neutral", None]))
    assert "test-de.tsv: example 2 (id '1') has no gold answer ('label')" in message
    assert "2 of the file's 4 examples have none" in message
    assert "for all of its examples, or, where its release has none, for no example" in message


def test_a_test_file_may_be_without_gold_but_not_a_training_file(tmp_path: Path) -> None:
    without = nli(3, label=pa.nulls(3, pa.string()))
    write(tmp_path / "test.parquet", XNLI, without, ORIGIN, "test-de.tsv")
    assert read(tmp_path / "test.parquet").column("label").to_pylist() == [None] * 3
    train = Provenance(**{**vars(ORIGIN), "split": "train"})
    with pytest.raises(DataError, match=r"train-en\.tsv: has no gold answers \('label'\) to train on\."):
        write(tmp_path / "train.parquet", XNLI, without, train, "train-en.tsv")
    assert not (tmp_path / "train.parquet").exists()


def test_broken_examples_are_named_with_row_and_id() -> None:
    message = refusal(nli(3, label=["neutral", "maybe", "-"]))
    assert "test-de.tsv: example 2 (id '1'): label 'maybe' is not one of XNLI's" in message
    assert "example 3 (id '2'): label '-'" in message


def test_only_the_first_broken_examples_are_named() -> None:
    message = refusal(nli(100, label=["?"] * 100))
    assert message.count("label '?'") == 5
    assert message.endswith("\n  … and more.")


def test_five_broken_examples_are_all_there_are() -> None:
    assert "and more" not in refusal(nli(5, label=["?"] * 5))


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write(tmp_path / "data" / "test.de.parquet", XNLI, nli(2, label=["neutral", "?"]), ORIGIN, "test-de.tsv")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 30), max_size=5))
def test_fingerprint_does_not_depend_on_chunks(cuts: list[int]) -> None:
    table, bounds = nli(30), sorted({0, 30, *cuts})
    parts = [table.slice(start, end - start) for start, end in pairwise(bounds)]
    assert fingerprint(pa.concat_tables(parts)) == fingerprint(table)


@pytest.mark.parametrize("column", ["id", "premise", "hypothesis", "label"])
def test_fingerprint_sees_every_value(column: str) -> None:
    values = nli(3).column(column).to_pylist()
    assert fingerprint(nli(3, **{column: [*values[:2], "other"]})) != fingerprint(nli(3))


def test_fingerprint_sees_the_order() -> None:
    assert fingerprint(nli(3).take([0, 2, 1])) != fingerprint(nli(3))
