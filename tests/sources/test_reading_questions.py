"""SQuAD's JSON, TyDiQA's mixed train file, and answers that do not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest

SQUAD = "intermediate/squad/train-v1.1.json"
SQUAD2 = "intermediate/squad/train-v2.0.json"
TYDIQA = "xtreme/tydiqa/tydiqa-goldp-v1.1-train.json"
CONTEXT = "  The ferry\u2028to Ålesund 🚢 left at noon. "


def question(identifier: str = "q1", text: str = "noon", **fields: Any) -> dict[str, Any]:
    answers = [{"text": text, "answer_start": CONTEXT.index(text)}] if text else []
    return {"id": identifier, "question": " When? ", "answers": answers, **fields}


def squad(*questions: Any, **paragraph: Any) -> dict[str, Any]:
    one = {"context": CONTEXT, "qas": [question("q0")]}
    return {"data": [{"paragraphs": [one, {"context": CONTEXT, "qas": list(questions), **paragraph}]}]}


def test_contexts_are_not_stripped_and_offsets_count_characters(release):
    release.write(SQUAD, json.dumps(squad(question("q1", "🚢"), question("q2", "Å"))))
    rows = release.rows("squad_v1")
    assert [row["id"] for row in rows] == ["q0", "q1", "q2"]
    found = {"id": "q1", "context": CONTEXT, "question": " When? ", "answers": ["🚢"], "answer_starts": [23]}
    assert rows[1] == {**found, "title": None}
    assert CONTEXT[23] == "🚢"


def test_questions_without_answer(release):
    plausible = [{"text": "noon", "answer_start": 0}]
    impossible = question("q1", "", is_impossible=True, plausible_answers=plausible)
    release.write(SQUAD2, json.dumps(squad(impossible, question("q2", "", is_impossible=True), question("q3", ""))))
    rows = release.rows("squad_v2")
    assert [row["answers"] for row in rows] == [["noon"], [], [], []]
    assert [row["answer_starts"] for row in rows] == [[CONTEXT.index("noon")], [], [], []]


def test_several_answers_of_a_question_are_kept_in_order(release):
    answers = [{"text": text, "answer_start": CONTEXT.index(text)} for text in ("at noon", "noon", "at noon")]
    release.write("intermediate/squad/dev-v1.1.json", json.dumps(squad(question(answers=answers))))
    assert release.rows("squad_v1", "dev")[1]["answers"] == ["at noon", "noon", "at noon"]


def test_only_the_wanted_language_of_tydiqa_is_read(release):
    ids = ["english-12-0", "korean-1-0", "english--32156-2", "englishman-1-0", "swahili-english-1"]
    paragraphs = [{"context": CONTEXT, "qas": [question(identifier) for identifier in ids]}]
    release.write(TYDIQA, json.dumps({"data": [{"paragraphs": paragraphs}]}))
    assert [row["id"] for row in release.rows("tydiqa")] == ["english-12-0", "english--32156-2"]
    assert [row["id"] for row in release.rows("tydiqa", language="ko")] == ["korean-1-0"]
    assert "no question whose id begins with 'finnish-'" in (message := release.error("tydiqa", language="fi"))
    assert TYDIQA in message and "docs/data.md" in message


def answer(text: Any, start: Any) -> dict[str, Any]:
    return question(answers=[{"text": text, "answer_start": start}])


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (
            answer("noon", 3),
            "the answer 'noon' of question 'q1' does not stand at offset 3 of its context, which reads",
        ),
        (answer("noon", 999), "copies with stripped contexts"),
        (answer(" ", -1), "does not stand at offset -1"),
        (answer("", 0), "lacks an answer, but the rows before it have one"),
        (answer("", 3), "'q1' has an answer without text at offset 3"),
        (answer("noon", "3"), "field 'answer_start' must be a whole number, found \"3\""),
        (answer(None, 3), "field 'text' must be text, found null"),
        (question(answers=[{"text": "noon"}]), "has no field 'answer_start'; its fields are: text"),
        (question(answers={"text": ["noon"]}), "field 'answers' must be a list"),
        (question(text=""), "'q1' has no answer; only SQuAD 2.0 has such questions. Is this the file of SQuAD 1.1"),
        ({"question": "When?"}, "has no field 'id'; its fields are: question"),
        ("When?", "an object with 'id' is expected, found \"When?\""),
    ],
)
def test_bad_questions(release, asked, problem):
    release.write(SQUAD, json.dumps(squad(asked)))
    message = release.error("squad_v1")
    assert f"{SQUAD}, row 2: " in message and problem in message and "docs/data.md" in message


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (question(is_impossible=True), "'q1' has 1 answers, but is_impossible is true"),
        (question(text="", is_impossible=False), "'q1' has 0 answers, but is_impossible is false"),
        (question(is_impossible="no"), "field 'is_impossible' must be true or false"),
    ],
)
def test_answers_must_agree_with_is_impossible(release, asked, problem):
    release.write(SQUAD2, json.dumps(squad(asked)))
    message = release.error("squad_v2")
    assert f"{SQUAD2}, row 2: " in message and problem in message and "docs/data.md" in message


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"version": "1.1"}, "has no field 'data'; its fields are: version"),
        ([1], "is not a JSON object"),
        (squad(context=None), "row 2: field 'context' must be text, found null"),
    ],
)
def test_bad_documents(release, document, problem):
    release.write(SQUAD, json.dumps(document))
    message = release.error("squad_v1")
    assert SQUAD in message and problem in message and "docs/data.md" in message


def test_a_file_cut_off(release):
    release.write(SQUAD, json.dumps(squad(question()), indent=1)[:-30])
    message = release.error("squad_v1")
    assert f"{SQUAD}, row " in message and "is not valid JSON" in message and "cut off" in message
