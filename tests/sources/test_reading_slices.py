"""Every task, split and language of the real slices, against counts of bytes and against pandas."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from xstilts.data import examples
from xstilts.sources import files
from xstilts.sources.doubts import doubts
from xstilts.task_types import canonical_schema
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

LANGUAGES = languages_of("files")
SQUAD_LIKE = ("squad_v1", "squad_v2", "xquad", "mlqa", "tydiqa")

#: By task and split: languages that the slices have, and English examples (retrieval: German, both sides).
EXPECTED = {
    ("anli", "train"): (1, 3 * 600 + 280 + 253), ("anli", "dev"): (1, 3 * 200 + 200 + 200),
    ("mnli", "train"): (1, 280), ("mnli", "dev"): (1, 200),
    ("qqp", "train"): (1, 700), ("qqp", "dev"): (1, 100),
    ("squad_v1", "train"): (1, 1500), ("squad_v1", "dev"): (1, 200),
    ("squad_v2", "train"): (1, 2000), ("squad_v2", "dev"): (1, 200),
    ("hellaswag", "train"): (1, 2000), ("hellaswag", "dev"): (1, 200),
    ("ccg", "train"): (1, 1500), ("ccg", "dev"): (1, 200),
    ("cosmosqa", "train"): (1, 1500), ("cosmosqa", "dev"): (1, 200),
    ("commonsenseqa", "train"): (1, 2000), ("commonsenseqa", "dev"): (1, 200),
    ("xnli", "train"): (1, 280), ("xnli", "dev"): (15, 66), ("xnli", "test"): (15, 132),
    ("pawsx", "train"): (1, 657), ("pawsx", "dev"): (7, 66), ("pawsx", "test"): (7, 134),
    ("udpos", "train"): (1, 2000), ("udpos", "dev"): (1, 200), ("udpos", "test"): (33, 200),
    ("panx", "train"): (1, 1500), ("panx", "dev"): (1, 200), ("panx", "test"): (6, 200),
    ("xquad", "test"): (11, 197),
    ("mlqa", "dev"): (7, 50), ("mlqa", "test"): (7, 150),
    ("tydiqa", "train"): (3, 1500), ("tydiqa", "dev"): (9, 200), ("tydiqa", "test"): (9, 200),
    ("bucc2018", "dev"): (4, 450), ("bucc2018", "test"): (4, 450),
    ("tatoeba", "test"): (36, 400),
}  # fmt: skip

PARTS = pytest.mark.parametrize(("task", "split"), list(EXPECTED))


def languages_with_files(root: Path, task: str, split: str) -> list[str]:
    if (task, split) == ("tydiqa", "train"):  # one file with all languages; the slice keeps three
        return ["en", "ko", "sw"]
    return [code for code in TASKS[task].languages if all(path.is_file() for path in paths_of(root, task, split, code))]


def paths_of(root: Path, task: str, split: str, code: str) -> tuple[Path, ...]:
    return TASKS[task].paths(root, split, LANGUAGES[code])


def rows_of(root: Path, task: str, split: str, code: str) -> list[dict[str, Any]]:
    return files.read(root, TASKS[task], split, LANGUAGES[code]).to_pylist()


def raw_count(path: Path, task: str, code: str) -> int:
    """Examples in a file, by counting bytes."""
    content = path.read_bytes()
    if task == "tydiqa":
        return content.count(b'"id": "' + TASKS["tydiqa"].language_name(LANGUAGES[code]).encode() + b"-")
    if task in SQUAD_LIKE:
        return content.count(b'"question":')
    if task in ("udpos", "panx"):
        return content.count(b"\n\n")
    if task == "ccg":
        return len(re.findall(rb"(?m)^ID=", content))
    if task == "cosmosqa":
        return len(re.findall(rb"(?m)^\w{30}##", content))
    header = path.parts[-3] == "intermediate" and path.suffix == ".tsv"
    return content.count(b"\n") - header - content.count(b"\t-\n")


@PARTS
def test_counts_and_rules(slices, task, split):
    codes = languages_with_files(slices, task, split)
    number, examples_of_one = EXPECTED[task, split]
    assert len(codes) == number
    for code in codes:
        table = files.read(slices, TASKS[task], split, LANGUAGES[code])
        paths = [path for path in paths_of(slices, task, split, code) if path.suffix != ".gold"]
        assert table.num_rows == sum(raw_count(path, task, code) for path in paths), code
        if code == ("de" if TASKS[task].type == "retrieval" else "en"):
            assert table.num_rows == examples_of_one
        assert table.schema == canonical_schema(TASKS[task])
        examples.check(TASKS[task], table, code)
        assert not [doubt for doubt in doubts(TASKS[task], split, LANGUAGES[code], table) if "letters" in doubt]


@pytest.mark.parametrize(("task", "split"), [key for key in EXPECTED if key[0] in ("xnli", "pawsx")])
def test_pairs_against_pandas(slices, task, split):
    for code in languages_with_files(slices, task, split):
        (path,) = paths_of(slices, task, split, code)
        plain = {"quoting": csv.QUOTE_NONE, "keep_default_na": False, "dtype": str, "lineterminator": "\n"}
        table = pd.read_csv(path, sep="\t", header=None, **plain)
        rows = rows_of(slices, task, split, code)
        assert [[row["premise"], row["hypothesis"], row["label"]] for row in rows] == table.to_numpy().tolist()


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("mnli", ["pairID", "sentence1", "sentence2", "gold_label", "genre"]),
        ("qqp", ["id", "question1", "question2", "is_duplicate"]),
    ],
)
@pytest.mark.parametrize("split", ["train", "dev"])
def test_glue_against_pandas(slices, task, columns, split):
    (path,) = paths_of(slices, task, split, "en")
    table = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False, dtype=str, lineterminator="\n")
    assert [list(row.values()) for row in rows_of(slices, task, split, "en")] == table[columns].to_numpy().tolist()


def test_anli_plus_is_made_of_its_five_files(slices):
    rows = rows_of(slices, "anli", "dev", "en")
    folders = [row["id"].split("/")[0] for row in rows]
    assert folders == ["R1", "R2", "R3", "mnli", "snli"] * 200
    for n, own in enumerate((rows[0::5], rows[1::5], rows[2::5]), start=1):
        records = [json.loads(line) for line in (slices / f"intermediate/anli/R{n}/dev.jsonl").open("rb")]
        for row, record in zip(own, records, strict=True):
            assert row["premise"] == record["context"] and row["label"][0] == record["label"]
    matched = [{**row, "id": f"mnli/{row['id']}"} for row in rows_of(slices, "mnli", "dev", "en")]
    assert rows[3::5] == [{name: value for name, value in row.items() if name != "genre"} for row in matched]


@pytest.mark.parametrize(("task", "split"), [key for key in EXPECTED if key[0] in SQUAD_LIKE])
def test_questions_against_pandas(slices, task, split):
    for code in languages_with_files(slices, task, split):
        (path,) = paths_of(slices, task, split, code)
        document = json.loads(path.read_text(encoding="utf-8"))
        metadata = [*TASKS[task].metadata]
        table = pd.json_normalize(document["data"], ["paragraphs", "qas"], [["paragraphs", "context"], *metadata])
        if task == "tydiqa":
            table = table[table["id"].str.startswith(TASKS["tydiqa"].language_name(LANGUAGES[code]) + "-")]
        table["answers"], table["answer_starts"] = (
            table["answers"].map(lambda answers, key=key: [answer[key] for answer in answers])
            for key in ("text", "answer_start")
        )
        table["context"] = table["paragraphs.context"]
        columns = ["id", "context", "question", "answers", "answer_starts", *metadata]
        assert rows_of(slices, task, split, code) == table[columns].to_dict("records")


def test_unanswerable_questions_of_squad_2(slices):
    for split in ("train", "dev"):
        (path,) = paths_of(slices, "squad_v2", split, "en")
        unanswerable = [row for row in rows_of(slices, "squad_v2", split, "en") if not row["answers"]]
        assert len(unanswerable) == path.read_bytes().count(b'"is_impossible": true') > 0


def test_zero_shot_training_on_tydiqa_sees_no_other_language(slices):
    rows = rows_of(slices, "tydiqa", "train", "en")
    assert {row["id"].split("-")[0] for row in rows} == {"english"}
    assert any(row["id"].startswith("english--") for row in rows)


@pytest.mark.parametrize(("task", "split"), [key for key in EXPECTED if key[0] in ("udpos", "panx")])
def test_tags_against_pandas(slices, task, split):
    for code in languages_with_files(slices, task, split):
        (path,) = paths_of(slices, task, split, code)
        plain = {"quoting": csv.QUOTE_NONE, "keep_default_na": False, "dtype": str, "lineterminator": "\n"}
        table = pd.read_csv(path, sep="\t", header=None, **plain)
        rows = rows_of(slices, task, split, code)
        assert [token for row in rows for token in row["tokens"]] == table[0].tolist()
        assert [tag for row in rows for tag in row["tags"]] == table[1].tolist()


@pytest.mark.parametrize("split", ["train", "dev"])
def test_leaves_of_ccg_as_phang_et_al_cut_them_out(slices, split):
    (path,) = paths_of(slices, "ccg", split, "en")
    text = path.read_text(encoding="utf-8").split("\n")
    for row, derivation in zip(rows_of(slices, "ccg", split, "en"), text[1::2], strict=True):
        if re.search(r" [<>]+ ", derivation):  # cutting at "<" loses words that are themselves angle brackets
            continue
        leaves = [part.split(" ") for part in derivation.split("<") if part.startswith("L ")]
        assert row["tokens"] == [leaf[4] for leaf in leaves]
        assert row["tags"] == [leaf[1] for leaf in leaves]


@pytest.mark.parametrize("split", ["train", "dev"])
def test_choices_against_json_and_pandas(slices, split):
    (path,) = paths_of(slices, "hellaswag", split, "en")
    records = [json.loads(line) for line in path.open("rb")]
    for row, record in zip(rows_of(slices, "hellaswag", split, "en"), records, strict=True):
        said = [f"{row['prompt']} {choice}" for choice in row["choices"]]
        assert said == [f"{record['ctx']} {ending}" for ending in record["endings"]] and row["label"] == record["label"]

    (path,) = paths_of(slices, "cosmosqa", split, "en")
    table = pd.read_csv(path, keep_default_na=False)
    for row, record in zip(rows_of(slices, "cosmosqa", split, "en"), table.to_dict("records"), strict=True):
        assert row["prompt"] == record["context"] + " " + record["question"]
        assert row["choices"] == [record[f"answer{n}"] for n in range(4)] and row["label"] == record["label"]

    (path,) = paths_of(slices, "commonsenseqa", split, "en")
    records = [json.loads(line) for line in path.open("rb")]
    for row, record in zip(rows_of(slices, "commonsenseqa", split, "en"), records, strict=True):
        assert row["label"] == "ABCDE".index(record["answerKey"]) and len(row["choices"]) == 5
        assert row["prompt"] == record["question"]["stem"]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_gold_pairs_of_bucc(slices, split):
    for code in TASKS["bucc2018"].languages:
        gold = (slices / f"xtreme/bucc2018/{code}-en.{split}.gold").read_text(encoding="utf-8").split("\n")[:-1]
        rows = rows_of(slices, "bucc2018", split, code)
        found = {f"{match}\t{row['id']}" for row in rows for match in row["matches"]}
        assert found == set(gold) and len(found) == 150
        assert [row["side"] for row in rows] == ["foreign"] * 225 + ["english"] * 225


def test_lines_of_tatoeba(slices):
    for code in TASKS["tatoeba"].languages:
        rows = rows_of(slices, "tatoeba", "test", code)
        by_id = {row["id"]: row["text"] for row in rows}
        foreign, english = (
            path.read_bytes().decode().split("\n")[:-1] for path in paths_of(slices, "tatoeba", "test", code)
        )
        pairs = [(by_id[row["matches"][0]], row["text"]) for row in rows if row["side"] == "english"]
        assert pairs == list(zip(foreign, english, strict=True))
