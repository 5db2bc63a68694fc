"""HellaSwag, Cosmos QA and CommonsenseQA as their releases write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

HELLASWAG = "intermediate/hellaswag/hellaswag_train.jsonl"
COSMOS = "intermediate/cosmosqa/train.csv"
COMMONSENSE = "intermediate/commonsenseqa/train_rand_split.jsonl"
HEADER = "id,context,question,answer0,answer1,answer2,answer3,label\r\n"


def hellaswag(**fields: Any) -> str:
    whole = {"ind": 4, "ctx_a": "A man sits.", "ctx_b": "he", "endings": ["runs", "eats", "naps", "sings"], "label": 2}
    return json.dumps({name: value for name, value in {**whole, **fields}.items() if value is not None}) + "\n"


def commonsense(key: str | None = "C", letters: str = "ABCDE", **question: Any) -> str:
    choices = [{"label": letter, "text": f"place {letter}"} for letter in letters]
    record = {"id": "x1", "answerKey": key, "question": {"stem": "Where?", "choices": choices, **question}}
    return json.dumps({name: value for name, value in record.items() if value is not None}) + "\n"


def test_the_start_of_hellaswags_last_sentence_belongs_to_the_choices(release):
    release.write(HELLASWAG, hellaswag() + "\n" + hellaswag(ctx_b="", label="3"))
    assert release.rows("hellaswag") == [
        {"id": "1", "prompt": "A man sits.", "choices": ["he runs", "he eats", "he naps", "he sings"], "label": 2},
        {"id": "3", "prompt": "A man sits.", "choices": ["runs", "eats", "naps", "sings"], "label": 3},
    ]


def test_quoted_cells_of_cosmos(release):
    record = '7##a,"He said ""go"", then\nleft .",Why ?,"a, b",c,"","d",1\r\n'
    release.write(COSMOS, "\ufeff" + HEADER + record)
    prompt = 'He said "go", then\nleft . Why ?'
    assert release.rows("cosmosqa") == [{"id": "7##a", "prompt": prompt, "choices": ["a, b", "c", "", "d"], "label": 1}]


def test_commonsense_answers_are_letters(release):
    release.write(COMMONSENSE, commonsense("E"))
    choices = [f"place {letter}" for letter in "ABCDE"]
    assert release.rows("commonsenseqa") == [{"id": "x1", "prompt": "Where?", "choices": choices, "label": 4}]


def test_commonsense_choices_may_be_in_any_order(release):
    release.write(COMMONSENSE, commonsense("A", "CAB"))
    (row,) = release.rows("commonsenseqa")
    assert row["choices"][row["label"]] == "place A"


@pytest.mark.parametrize(
    ("task", "name", "content", "row", "problem"),
    [
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(label=4), 2, "'4' is none of the choices 0, 1, 2, 3"),
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(label=""), 2, "Test files come without labels"),
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(label=None), 2, "has no field 'label'; its fields are: ind,"),
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(label=True), 2, "must be a whole number or text, found true"),
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(ctx_b=None), 2, "has no field 'ctx_b'"),
        ("hellaswag", HELLASWAG, hellaswag() + hellaswag(endings=["a", 1]), 2, "'endings' must hold only text"),
        ("cosmosqa", COSMOS, "id,question,label\n", 1, "'answer3'; its columns are: id, question, label."),
        ("cosmosqa", COSMOS, HEADER + "1,a,b,c,d,e,f,-1\n", 2, "'-1' is none of the choices 0, 1, 2, 3"),
        ("cosmosqa", COSMOS, HEADER + '1,"a\nb",b,c,d,e,f\n', 3, "has 7 fields where 8 are expected"),
        ("cosmosqa", COSMOS, HEADER + '1,"a,b,c,d,e,f,0\n', 2, "is not valid CSV"),
        ("commonsenseqa", COMMONSENSE, commonsense(None), 1, "no field 'answerKey'; its fields are: id, question"),
        ("commonsenseqa", COMMONSENSE, commonsense("E", "ABCD"), 1, "'E' is none of the choices A, B, C, D"),
        ("commonsenseqa", COMMONSENSE, commonsense("E", choices=["a"]), 1, "an object with 'label' is expected"),
    ],
)  # fmt: skip
def test_bad_rows(release, task, name, content, row, problem):
    release.write(name, content)
    message = release.error(task)
    assert f"{name}, row {row}: " in message and problem in message and "docs/data.md" in message
