"""Files of a study's own tasks: every form is read, and what is wrong with a file is one sentence with its row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import ready_made

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.sources import files


def read(root: Path, split: str = "train", language: str = "en", **declared: Any) -> list[dict[str, Any]]:
    study = load(ready_made(tasks={"own": declared}))
    return files.read(root, study.task("own"), split, study.language_table()[language]).to_pylist()


def error(root: Path, **declared: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(root, **declared)
    return str(caught.value)


def pairs(suffix: str, **changes: Any) -> dict[str, Any]:
    columns = {"premise": "one", "hypothesis": "two", "label": "same"}
    values = {"type": "classification", "columns": columns, "labels": ["no", "yes"]}
    return {**values, "files": {"train": f"a.{suffix}", "dev": f"a.{suffix}"}, **changes}


TAGS: dict[str, Any] = {
    "type": "tagging", "files": {"train": "a.txt", "dev": "a.txt"}, "labels": ["O", "B-PER"], "separator": "space",
}  # fmt: skip
CHOICES: dict[str, Any] = {
    "type": "multiple_choice",
    "files": {"train": "a.jsonl", "dev": "a.jsonl"},
    "columns": {"prompt": "start", "choices": "ends", "label": "right"},
}
CHOSEN = {"id": "1", "prompt": "The sky is", "choices": ["blue.", "a fish."], "label": 0}


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("tsv", 'same\tone\ttwo\nyes\tIt rains.\tIt is "wet".\n'),
        ("csv", 'one,same,two\nIt rains.,yes,"It is ""wet""."\n'),
        ("jsonl", '{"two": "It is \\"wet\\".", "one": "It rains.", "same": "yes", "more": 1}\n'),
    ],
)
def test_sentence_pairs(tmp_path: Path, suffix: str, text: str) -> None:
    (tmp_path / f"a.{suffix}").write_text(text, encoding="utf-8")
    row = "1" if suffix == "jsonl" else "2"
    pair = {"premise": "It rains.", "hypothesis": 'It is "wet".', "label": "yes"}
    assert read(tmp_path, **pairs(suffix)) == [{"id": row, **pair}]


def test_columns_by_number_and_ids_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("q7\tIt rains.\t1\n", encoding="utf-8")
    declared = pairs("tsv", columns={"id": 0, "premise": 1, "label": 2}, labels=["0", "1"])
    assert read(tmp_path, **declared) == [{"id": "q7", "premise": "It rains.", "hypothesis": "", "label": "1"}]


def test_words_with_tags(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Anna B-PER\nsings O\n\n\nYes O\n", encoding="utf-8")
    assert read(tmp_path, **TAGS) == [
        {"id": "1", "tokens": ["Anna", "sings"], "tags": ["B-PER", "O"]},
        {"id": "2", "tokens": ["Yes"], "tags": ["O"]},
    ]


@pytest.mark.parametrize(
    ("label", "labels"), [("0", []), ('"0"', []), ('"A"', ["A", "B"])], ids=["number", "text", "letter"]
)
def test_multiple_choice(tmp_path: Path, label: str, labels: list[str]) -> None:
    text = f'{{"start": "The sky is", "ends": ["blue.", "a fish."], "right": {label}}}\n'
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    assert read(tmp_path, **CHOICES, labels=labels) == [CHOSEN]


def test_choices_in_several_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("start,a,b,right\nThe sky is,blue.,a fish.,0\n", encoding="utf-8")
    columns = {"prompt": "start", "choices": ["a", "b"], "label": "right"}
    declared = CHOICES | {"files": {"train": "a.csv", "dev": "a.csv"}, "columns": columns}
    assert read(tmp_path, **declared) == [CHOSEN | {"id": "2"}]


def test_questions_as_squad_s_json_and_as_json_lines(tmp_path: Path) -> None:
    question = '{"id": "x", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}]}'
    squad = f'{{"data": [{{"paragraphs": [{{"context": "Anna sings.", "qas": [{question}]}}]}}]}}'
    (tmp_path / "a.json").write_text(squad, encoding="utf-8")
    flat = '{"c": "Anna sings.", "q": "Who?", "a": ["Anna"], "s": [0], "i": "x"}\n'
    (tmp_path / "a.jsonl").write_text(flat, encoding="utf-8")
    columns = {"context": "c", "question": "q", "answers": "a", "answer_starts": "s", "id": "i"}
    one = read(tmp_path, type="span_qa", files={"train": "a.json", "dev": "a.json"})
    other = read(tmp_path, type="span_qa", files={"train": "a.jsonl", "dev": "a.jsonl"}, columns=columns)
    assert one == other
    assert one[0]["answers"] == ["Anna"] and one[0]["answer_starts"] == [0]


def test_translations_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("Ja\nNein\n", encoding="utf-8")
    (tmp_path / "de.en.txt").write_text("Yes\nNo\n", encoding="utf-8")
    declared = {"type": "retrieval", "files": {"test": ["{language}.txt", "{language}.en.txt"]}, "languages": ["de"]}
    rows = read(tmp_path, "test", "de", **declared)
    assert [(row["id"], row["text"], row["matches"]) for row in rows] == [
        ("de-1", "Ja", []), ("de-2", "Nein", []), ("en-1", "Yes", ["de-1"]), ("en-2", "No", ["de-2"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "name", "text", "parts"),
    [
        (pairs("tsv"), "a.tsv", "one\ttwo\tsane\na\tb\tyes\n",
         ["a.tsv, row 1", "no column 'same'", "tasks.own.columns.label", "Did you mean 'sane'?"]),
        (pairs("tsv"), "a.tsv", "one\ttwo\tsame\na\tb\tyess\n",
         ["a.tsv, row 2", "'yess' is none of tasks.own.labels: no, yes", "Did you mean 'yes'?"]),
        (pairs("tsv"), "a.tsv", "one\ttwo\tsame\na\tb\n", ["a.tsv, row 2", "2 fields where 3 are expected"]),
        (pairs("tsv"), "a.tsv", "one\tone\tsame\na\tb\tyes\n", ["row 1", "names the column 'one' twice"]),
        (pairs("csv"), "a.csv", 'one,two,same\n"a,b,yes\n', ["a.csv", "not valid CSV"]),
        (pairs("jsonl"), "a.jsonl", '{"one": "a", "same": "yes"}\n', ["row 1", "has no field 'two'"]),
        (pairs("jsonl"), "a.jsonl", '{"one": 1, "two": "b", "same": "yes"}\n', ["'one' holds 1", "Expected is text"]),
        (pairs("tsv", columns={"premise": 0, "label": 3}), "a.tsv", "a\tyes\n",
         ["row 1", "has 2 columns; tasks.own.columns.label is 3"]),
        (TAGS | {"separator": "tab"}, "a.txt", "Anna B-PER\n", ["row 1", "has 1 column", "'separator: space'"]),
        (TAGS, "a.txt", "Anna B-LOC\n", ["row 1", "'B-LOC' is none of tasks.own.labels: O, B-PER"]),
        (CHOICES, "a.jsonl", '{"start": "a", "ends": ["b", "c"], "right": 2}\n',
         ["row 1", "'2' is none of the choices"]),
        (CHOICES, "a.jsonl", '{"start": "a", "ends": "b", "right": 0}\n', ["'ends' holds 'b'", "Expected is a list"]),
        (pairs("tsv"), "b.tsv", "", ["a.tsv: there is no such file"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(
    tmp_path: Path, declared: dict[str, Any], name: str, text: str, parts: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    message = error(tmp_path, **declared)
    assert all(part in message for part in parts), message
