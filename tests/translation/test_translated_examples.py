"""Examples become texts and come back: pairs, choices, and answers between marks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TASKS
from xstilts.translation.examples import Fields, answer_between, dropped
from xstilts.translation.translator import Translated

PAIR = {"id": "1", "premise": "A cat sleeps.", "hypothesis": "It sleeps.", "label": "entailment", "genre": "fiction"}
CHOICE = {"id": "1", "prompt": "Why?", "choices": ["So.", "", "So."], "label": 0}
QUESTION = {
    "id": "1", "context": "Anna lives in Rome.", "question": "Where?", "answers": ["Rome", "in Rome"],
    "answer_starts": [14, 11],
}  # fmt: skip


def fields(task: str) -> Fields:
    return Fields.of(TASKS[task], task_type_class(TASKS[task]))


def known(**texts: str) -> dict[str, Translated]:
    return {text.replace("_", " "): Translated(found) for text, found in texts.items()}


def shouted(task: str, row: dict[str, Any]) -> Any:
    """The example when every text is translated into capital letters."""
    of_task = fields(task)
    return of_task.translated(row, {text: Translated(text.upper()) for text in of_task.texts(row)})


def test_a_pair_keeps_all_but_its_texts_and_its_english_original() -> None:
    made = shouted("mnli", PAIR)
    original = {"premise": "A cat sleeps.", "hypothesis": "It sleeps."}
    assert json.loads(made.pop("english")) == original
    assert made == {**PAIR, "premise": "A CAT SLEEPS.", "hypothesis": "IT SLEEPS."}


def test_choices_are_translated_one_by_one_and_blank_texts_stay() -> None:
    assert list(fields("commonsenseqa").texts(CHOICE)) == ["Why?", "So.", "So."]
    made = shouted("commonsenseqa", CHOICE)
    assert (made["prompt"], made["choices"], made["label"]) == ("WHY?", ["SO.", "", "SO."], 0)


def test_an_answer_is_carried_over_by_marks() -> None:
    assert list(fields("squad_v1").texts(QUESTION)) == ["Anna lives in [Rome].", "Where?"]
    translated = {"Anna lives in [Rome].": Translated("In [ Rom ] lebt Anna."), "Where?": Translated("Wo?")}
    made = fields("squad_v1").translated(QUESTION, translated)
    assert isinstance(made, dict)
    assert (made["context"], made["answers"], made["answer_starts"]) == ("In Rom lebt Anna.", ["Rom"], [3])
    assert json.loads(made["english"])["context"] == "Anna lives in Rome."


def test_a_question_without_answer_needs_no_marks() -> None:
    row = {**QUESTION, "context": "All of [ { < «.", "answers": [], "answer_starts": []}
    made = shouted("squad_v2", row)
    assert (made["context"], made["answers"]) == ("ALL OF [ { < «.", [])


@pytest.mark.parametrize(
    ("context", "source"),
    [("See [1] in Rome.", "See [1] in {Rome}."), ("A [1] {2} Rome", "A [1] {2} <Rome>")],
)
def test_marks_are_those_that_the_context_lacks(context: str, source: str) -> None:
    row = {**QUESTION, "context": context, "answers": ["Rome"], "answer_starts": [context.index("Rome")]}
    assert next(fields("squad_v1").texts(row)) == source
    made = shouted("squad_v1", row)
    assert (made["context"], made["answers"]) == (context.upper(), ["ROME"])


def test_a_context_with_marks_of_all_kinds_is_left_out_untranslated() -> None:
    row = {**QUESTION, "context": "[ { < « Rome", "answers": ["Rome"], "answer_starts": [8]}
    assert list(fields("squad_v1").texts(row)) == []
    assert fields("squad_v1").translated(row, {}) == "no_mark_free"


@pytest.mark.parametrize(
    "context",
    ["In Rom lebt Anna.", "In [Rom lebt Anna.", "In ]Rom[ lebt Anna.", "In [ ] lebt.", "[In] [Rom] lebt Anna.", "[A]]"],
)
def test_marks_that_do_not_come_back_once_each_and_in_order_are_a_loss(context: str) -> None:
    translated = {"Anna lives in [Rome].": Translated(context), "Where?": Translated("Wo?")}
    assert fields("squad_v1").translated(QUESTION, translated) == "marks_lost"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("[Rom]", ("Rom", "Rom", 0)),
        (" [Rom] ist alt. ", ("Rom ist alt.", "Rom", 0)),
        ("in[ Rom ]lebt", ("in Rom lebt", "Rom", 3)),
        ("in [Rom] lebt", ("in Rom lebt", "Rom", 3)),
        ("罗马[古城]市", ("罗马古城市", "古城", 2)),
    ],
)
def test_taking_marks_out_leaves_words_apart(context: str, expected: tuple[str, str, int]) -> None:
    found = answer_between(context, ("[", "]"))
    assert found == expected
    text, answer, start = expected
    assert text[start : start + len(answer)] == answer


@pytest.mark.parametrize("problem", ["empty", "unfinished", "too_long"])
def test_one_text_without_translation_leaves_the_example_out(problem: Any) -> None:
    translated = {"A cat sleeps.": Translated("EINE"), "It sleeps.": Translated("", problem)}
    assert fields("mnli").translated(PAIR, translated) == problem


def test_losses_are_counted() -> None:
    assert dropped([PAIR, "empty", "marks_lost", "empty"]) == {"empty": 2, "marks_lost": 1}
