"""Files of a submission, worked by hand, and that what is written is what is read back."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_submission import EXAMPLES, RIGHT, examples, sentence

from xstilts.submission.lines import parsed, written
from xstilts.tasks.registry import TASKS
from xstilts.tasks.tagging import ENTITIES

#: Any text that a file can hold, line ends and separators of all kinds included.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "\r\n", "\u2028", '"', "\t"]
)


def table(name: str, language: str = "de") -> pa.Table:
    return examples(name, EXAMPLES[name, language])


@pytest.mark.parametrize(
    ("name", "predictions"),
    [
        ("xnli", ["neutral", "entailment"]),
        ("udpos", ["DET NOUN", "VERB"]),
        ("bucc2018", ["de-2", "", "de-1"]),
        ("tatoeba", ["de-1", "de-2", "de-3"]),
    ],
)
def test_files_worked_by_hand(name: str, predictions: list[str]) -> None:
    assert written(TASKS[name], predictions, table(name)) == RIGHT[f"{name}/test-de.tsv"]


def test_answers_are_text_by_question_id() -> None:
    text = written(TASKS["xquad"], ["rote Brücke", ""], table("xquad"))
    assert json.loads(text) == {"q1": "rote Brücke", "q2": ""}
    assert text.isascii()  # evaluate.py opens files in the encoding of whoever runs it


def test_several_mined_pairs_of_one_sentence_are_several_lines() -> None:
    assert written(TASKS["bucc2018"], ["de-1 de-3", "", ""], table("bucc2018")) == "de-1\ten-1\nde-3\ten-1\n"


def test_equal_english_sentences_keep_their_order_and_capitals_come_first() -> None:
    """Python's order of text, in which XTREME sorts: 'Two' < 'one' < 'two'."""
    rows = [sentence(f"de-{n}", f"Satz {n}") for n in range(1, 5)]
    english = [sentence(f"en-{n}", text) for n, text in enumerate(("two", "one", "Two", "one "), start=1)]
    lines = written(TASKS["tatoeba"], ["de-1", "de-2", "de-3", "de-4"], examples("tatoeba", rows + english))
    assert lines == "2\n1\n3\n0\n"


def test_the_order_of_the_release_and_that_of_xtreme_s_files_give_the_same_submission() -> None:
    english = EXAMPLES["tatoeba", "de"][3:]
    as_processed = examples("tatoeba", [*EXAMPLES["tatoeba", "de"][:3], english[2], english[0], english[1]])
    assert written(TASKS["tatoeba"], ["de-3", "de-1", "de-2"], as_processed) == RIGHT["tatoeba/test-de.tsv"]


@given(st.lists(st.sampled_from(TASKS["xnli"].labels), min_size=1))
def test_labels_come_back(labels: list[str]) -> None:
    rows = [{"id": f"x{n}", "premise": "a", "hypothesis": "b", "label": None} for n in range(len(labels))]
    comes_back("xnli", rows, [f"x{n}" for n in range(len(labels))], labels)


@given(st.lists(st.lists(st.sampled_from(ENTITIES), min_size=1), min_size=1))
def test_tags_come_back(sentences: list[list[str]]) -> None:
    rows = [{"id": f"s{n}", "tokens": ["w"] * len(tags), "tags": None} for n, tags in enumerate(sentences)]
    comes_back("panx", rows, [f"s{n}" for n in range(len(sentences))], [" ".join(tags) for tags in sentences])


@given(st.dictionaries(TEXTS, TEXTS, min_size=1))
def test_answers_come_back(answers: dict[str, str]) -> None:
    rows = [{"id": i, "context": "c", "question": "q", "answers": None, "answer_starts": None} for i in answers]
    comes_back("mlqa", rows, list(answers), list(answers.values()))


@given(st.data(), st.lists(TEXTS, min_size=1), st.integers(1, 6))
def test_pairs_and_line_numbers_come_back(data: st.DataObject, texts: list[str], foreign: int) -> None:
    rows = [sentence(f"de-{n}", "Satz") for n in range(1, foreign + 1)]
    rows += [sentence(f"en-{n}", text) for n, text in enumerate(texts)]
    rows = data.draw(st.permutations(rows))
    english = [row["id"] for row in rows if row["side"] == "english"]
    numbers = st.integers(1, foreign)
    one = data.draw(st.lists(numbers, min_size=len(texts), max_size=len(texts)))
    comes_back("tatoeba", rows, english, [f"de-{n}" for n in one])
    some = st.lists(numbers, unique=True, max_size=3)
    several = data.draw(st.lists(some, min_size=len(texts), max_size=len(texts)))
    comes_back("bucc2018", rows, english, [" ".join(f"de-{n}" for n in own) for own in several])


def comes_back(name: str, rows: list[dict[str, Any]], ids: list[str], predictions: list[str]) -> None:
    data = examples(name, rows)
    found = parsed(TASKS[name], written(TASKS[name], predictions, data), data)
    assert found.problems == []
    assert sorted(found.predictions) == sorted(zip(ids, predictions, strict=True))


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("\n", " \n"), ("NOUN\n\nVERB\n", "NOUN\n\nVERB\n\n")])
def test_line_ends_and_blanks_do_not_matter_nor_a_blank_line_after_the_last_sentence(change: tuple[str, str]) -> None:
    for name in ("xnli", "udpos", "bucc2018", "tatoeba"):
        text = RIGHT[f"{name}/test-de.tsv"]
        changed = parsed(TASKS[name], text.replace(*change), table(name))
        assert changed == parsed(TASKS[name], text, table(name))
        assert changed.problems == []
