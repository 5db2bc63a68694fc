"""Answers are found again in contexts that have lost their leading blanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.sources import files
from xstilts.sources.hub.alignment import nearest_occurrence
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS


@pytest.mark.parametrize(
    ("context", "text", "start", "found"),
    [
        ("a cat, a cat", "a cat", 7, 7),  # where it says
        ("a cat, a cat", "a cat", 8, 7),  # one blank was stripped
        ("a cat, a cat", "a cat", 6, 0),  # the nearest that is not after
        ("so, a cat, a cat", "a cat", 1, 4),  # none before: the nearest after
        ("a cat", "a dog", 0, None),
        ("a cat", "", 0, None),
        ("a cat", "cat", 99, 2),
        ("aaaa", "aa", 1, 1),  # occurrences may overlap
        ("x", "x", -3, 0),
    ],
)
def test_worked_examples(context, text, start, found):
    assert nearest_occurrence(context, text, start) == found


@given(st.text("ab \n", max_size=30), st.text("ab ", min_size=1, max_size=3), st.integers(-2, 35))
def test_it_is_the_last_occurrence_up_to_the_offset_or_else_the_first(context, text, start):
    places = [place for place in range(len(context)) if context.startswith(text, place)]
    before = [place for place in places if place <= max(start, 0)]
    expected = before[-1] if before else places[0] if places else None
    assert nearest_occurrence(context, text, start) == expected


@given(st.text(" \n", max_size=5), st.text("abc", min_size=1), st.data())
def test_stripping_a_context_does_not_lose_an_answer_that_stands_there_once(blanks, rest, data):
    start = data.draw(st.integers(0, len(rest) - 1))
    text = rest[start:]
    if rest.count(text) == 1:
        assert nearest_occurrence((blanks + rest).strip(), text, len(blanks) + start) == start


@pytest.mark.parametrize(("task", "split"), [("xquad", "test"), ("tydiqa", "train"), ("tydiqa", "test")])
def test_real_answers_are_found_where_they_stood_before_stripping(slices, task, split):
    moved = lost = 0
    for code in ("en",) if split == "train" else TASKS[task].languages:
        for row in files.read(slices, TASKS[task], split, languages_of("files")[code]).to_pylist():
            blanks = len(row["context"]) - len(row["context"].lstrip())
            for text, start in zip(row["answers"], row["answer_starts"], strict=True):
                stood = start - blanks + len(text) - len(text.lstrip())
                moved += stood != start
                lost += nearest_occurrence(row["context"].strip(), text.strip(), start) != stood
    assert moved > 20
    assert lost <= 1  # one answer of the slices begins with a blank, and stands twice
