"""Answers survive the way into windows of tokens; what is wrong with examples is named; scores are official."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from questions import MLQA, SQUAD, SQUAD_V2, as_rows, contexts, pointing_at, table
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Encoding
from xstilts.errors import UserError
from xstilts.task_types import task_type_of
from xstilts.task_types.span_qa import SpanQA
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

N_SPECIAL = 4  # <s> </s> </s> </s>


@pytest.fixture(scope="session")
def bert_tokenizer() -> PreTrainedTokenizerFast:
    """WordPiece with BERT's input layout and segment ids."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "weaver", "sold", "for", "##ty", "old", "##er", "."]
    backend = Tokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        cls_token="[CLS]",
        sep_token="[SEP]",
        unk_token="[UNK]",
        pad_token="[PAD]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


@settings(deadline=None)
@given(
    words=contexts,
    data=st.data(),
    max_length=st.integers(16, 60),
    doc_stride=st.integers(1, 80),
    first=st.integers(0, 3),
)
def test_gold_spans_come_back_from_every_window_that_holds_them(tokenizer, words, data, max_length, doc_stride, first):
    begin = data.draw(st.integers(0, len(words) - 1))
    stop = data.draw(st.integers(begin + 1, min(begin + 4, len(words))))
    before = "".join(word + blank for word, blank in words[:begin])
    answer = "".join(word + blank for word, blank in words[begin:stop]).rstrip()
    context = "".join(word + blank for word, blank in words)
    examples = table((context, "Where is the old bridge?", [(answer, len(before))]))
    assert not list(SpanQA.problems(SQUAD, examples))

    qa = task_type_of(
        SQUAD, Encoding(max_length=max_length, doc_stride=doc_stride, max_query_length=8, max_answer_length=60)
    )
    rows = [{**row, "example": row["example"] - first} for row in as_rows(qa.encode(examples, tokenizer, first))]
    for row in rows:
        assert len(row["input_ids"]) <= max_length
        last = row["context_start"] + len(row["char_starts"]) - 1
        if row["start"]:
            assert row["context_start"] <= row["start"] <= row["end"] <= last
            decoded = qa.decode([pointing_at(row, row["start"], row["end"])], [row], examples)
            assert (decoded == [answer]) or not row["max_context"][row["start"] - row["context_start"]]
        else:
            covered = range(row["char_starts"][0], row["char_ends"][-1])
            whole = len(before) in covered and len(before) + len(answer) - 1 in covered
            assert row["end"] == 0
            assert not whole or splits_at_edge(row, len(before), len(before) + len(answer))

    assert all(set(row["max_context"]) <= {0, 1} and len(row["max_context"]) == len(row["char_starts"]) for row in rows)
    most_context = Counter(
        span for row in rows for span, most in zip(spans(row), row["max_context"], strict=True) if most
    )
    tokens = tokenizer(context, add_special_tokens=False)["input_ids"]
    assert sum(most_context.values()) == len(tokens)
    seen = {place for row in rows for start, end in spans(row) for place in range(start, end)}
    assert all(place in seen for place, character in enumerate(context) if not character.isspace())


def spans(row: dict) -> list[tuple[int, int]]:
    return list(zip(row["char_starts"].tolist(), row["char_ends"].tolist(), strict=True))


def splits_at_edge(row: dict, start: int, end: int) -> bool:
    """Whether the window may begin or end among several tokens of one character of the answer, as ½ becomes 1⁄2."""
    return row["char_starts"][0] >= start or row["char_ends"][-1] <= end


@settings(deadline=None)
@given(words=contexts, max_length=st.integers(16, 60), doc_stride=st.integers(1, 80), query=st.integers(1, 9))
def test_windows_are_those_of_transformers(tokenizer, bert_tokenizer, words, max_length, doc_stride, query):
    """transformers takes the overlap of the windows where we take the distance of their starts."""
    context, question = "".join(word + blank for word, blank in words), "Where is the old bridge?"
    for tokenizer_, n_special in ((tokenizer, N_SPECIAL), (bert_tokenizer, 3)):
        qa = task_type_of(SQUAD, Encoding(max_length=max_length, doc_stride=doc_stride, max_query_length=query))
        rows = qa.encode(table((context, question, [(context[:1], 0)])), tokenizer_).to_pylist()
        pieces = tokenizer_(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        cut = question[: pieces[: min(query, len(pieces))][-1][1]]
        if len(tokenizer_(cut, add_special_tokens=False)["input_ids"]) != min(query, len(pieces)):
            continue  # the end of the cut text became another piece
        room = max_length - n_special - min(query, len(pieces))
        expected = tokenizer_(
            cut, context, truncation="only_second", max_length=max_length, stride=max(0, room - doc_stride),
            return_overflowing_tokens=True, return_offsets_mapping=True,
        )  # fmt: skip
        assert [row["input_ids"] for row in rows] == expected["input_ids"]
        for index, row in enumerate(rows):
            inside = [place for place, side in enumerate(expected.sequence_ids(index)) if side == 1]
            assert row["context_start"] == inside[0] and len(row["char_starts"]) == len(inside)
            starts, ends = zip(*(expected["offset_mapping"][index][place] for place in inside), strict=True)
            assert row["char_starts"] == list(starts)
            assert all(ours >= theirs for ours, theirs in zip(row["char_ends"], ends, strict=True))
        if tokenizer_ is bert_tokenizer:
            assert [row["token_type_ids"] for row in rows] == expected["token_type_ids"]
        else:
            assert "token_type_ids" not in rows[0]


def test_a_context_without_any_token_has_no_answer(tokenizer):
    examples = table(("\u200b", "Where?", [("\u200b", 0)]))
    qa = task_type_of(SQUAD, Encoding(max_length=32))
    rows = as_rows(qa.encode(examples, tokenizer))
    assert len(rows) == 1 and rows[0]["start"] == 0
    assert qa.decode([pointing_at(rows[0], 0, 0)], rows, examples) == [""]


def test_a_question_that_leaves_no_room_is_refused(tokenizer):
    examples = table(("The old stone pier.", "Where did the ferry from Lindholm arrive in March?", [("pier", 14)]))
    with pytest.raises(UserError, match="max_query_length"):
        task_type_of(SQUAD, Encoding(max_length=12)).encode(examples, tokenizer)


def test_problems_name_the_row_and_its_content():
    good = ("The old stone pier.", "Where?", [("pier", 14)])
    examples = table(
        good,
        ("The old stone pier.", "Where?", [("pier", 13)]),
        ("The old stone pier.", "Where?", []),
        (" ", "Where?", [(" ", 0)]),
        ("The old stone pier.", "", [("pier", -5)]),
    )
    ragged = {"id": "r", "context": "a b", "question": "?", "answers": ["a", "b"], "answer_starts": [0]}
    problems = list(SpanQA.problems(SQUAD, pa.concat_tables([examples, pa.Table.from_pylist([ragged], SpanQA.schema)])))
    assert [row for row, _ in problems] == [1, 2, 3, 3, 4, 4, 5]
    texts = [text for _, text in problems]
    assert "'pier' should stand at character 13" in texts[0] and "' pie' is there" in texts[0]
    assert "no answer" in texts[1] and "context is empty" in texts[2] and "question is empty" in texts[4]
    assert "2 answers but 1 answer offsets" in texts[6]
    assert list(SpanQA.problems(SQUAD_V2, table(("The old stone pier.", "Where?", [])))) == []


def test_gold_that_a_release_leaves_out(tokenizer):
    """Questions without gold are in order, encoded as if they had no answer, and predicted."""
    context = "The weaver sold forty baskets at the harbour market."
    examples, known = (
        table((context, "Who?", None), (context, "Where?", None)),
        table((context, "Who?", [("weaver", 4)])),
    )
    assert not SpanQA.has_gold(examples) and SpanQA.has_gold(known)
    assert list(SpanQA.problems(SQUAD, examples)) == []
    half = pa.Table.from_pylist([{**known.to_pylist()[0], "answer_starts": None}], SpanQA.schema)
    assert list(SpanQA.problems(SQUAD, half)) == [(0, "it has answers or their offsets, but not both.")]
    qa = task_type_of(SQUAD, Encoding(max_length=64))
    (row, _), (gold,) = (as_rows(qa.encode(own, tokenizer)) for own in (examples, known))
    assert row["start"] == row["end"] == 0 and gold["start"] > 0
    assert all(np.array_equal(row[name], gold[name]) for name in row if name not in ("start", "end"))
    outputs = pointing_at(row, gold["start"], gold["end"])
    assert qa.decode([outputs, outputs], [row, {**row, "example": 1}], examples) == ["weaver", "weaver"]


def test_squad_v2_is_also_scored_with_and_without_answers_apart():
    examples = table(("x y", "?", [("x", 0), ("x y", 0)]), ("x y", "?", []), ("x y", "?", []), ("x y", "?", [("y", 2)]))
    scored = SpanQA.score(SQUAD_V2, "en", ["x z", "the", "x", "y"], examples)
    assert scored.metrics == pytest.approx(
        {
            "exact_match": 50.0,
            "f1": 100 * (2 / 3 + 1 + 0 + 1) / 4,
            "has_answer_exact_match": 50.0,
            "has_answer_f1": 100 * (2 / 3 + 1) / 2,
            "no_answer_accuracy": 50.0,
        },
        abs=1e-9,
    )
    answered, unanswered = (examples.take(rows) for rows in ([0, 3], [1, 2]))
    assert set(SpanQA.score(SQUAD_V2, "en", ["", ""], answered).metrics) == {
        "exact_match", "f1", "has_answer_exact_match", "has_answer_f1"
    }  # fmt: skip
    assert SpanQA.score(SQUAD_V2, "en", ["", "a"], unanswered).metrics == {
        "exact_match": 100.0, "f1": 100.0, "no_answer_accuracy": 100.0
    }  # fmt: skip
    assert set(SpanQA.score(SQUAD, "en", ["", "a"], answered).metrics) == {"exact_match", "f1"}


def test_any_text_is_a_possible_answer():
    assert (
        list(SpanQA.invalid_predictions(SQUAD, ["", "no such words"], table(("x", "?", None), ("x", "?", None)))) == []
    )


def test_scores_follow_the_task_and_language():
    examples = table(("Die Brücke.", "Wo?", [("Die Brücke", 0)]), ("x y", "?", [("x", 0), ("x y", 0)]))
    scored = SpanQA.score(MLQA, "de", ["Brücke", "y"], examples)
    assert scored.metrics == {"exact_match": 50.0, "f1": pytest.approx(100 * (1 + 2 / 3) / 2)}
    assert scored.example_scores == pytest.approx([100.0, 100 / 3])
    assert [json.loads(gold) for gold in scored.gold] == [["Die Brücke"], ["x", "x y"]]
    assert SpanQA.score(TASKS["xquad"], "de", ["Brücke", "x y"], examples).metrics["exact_match"] == 50.0
    with pytest.raises(UserError, match="no rules for 'fr'"):
        SpanQA.score(MLQA, "fr", ["Brücke", "x y"], examples)


@pytest.mark.parametrize(
    ("task", "language"),
    [("xquad", "zh"), ("xquad", "th"), ("mlqa", "hi"), ("mlqa", "ar"), ("tydiqa", "te"), ("tydiqa", "ko")],
)
def test_gold_spans_of_real_text_come_back(slices, tokenizer, task, language):
    """Where gold answers begin or end inside a token, the prediction is the smallest run of whole tokens around it."""
    (path,) = TASKS[task].paths(slices, "test", languages_of("files")[language])
    questions = [
        (paragraph["context"], qa["question"], [(a["text"], a["answer_start"]) for a in qa["answers"]])
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]
    examples = table(*questions)
    assert list(SpanQA.problems(TASKS[task], examples)) == []
    qa = task_type_of(TASKS[task], Encoding(max_length=384, max_answer_length=400))
    rows = as_rows(qa.encode(examples, tokenizer))
    with_answer = [row for row in rows if row["start"]]
    assert {row["example"] for row in with_answer} == set(range(len(questions)))
    outputs = [pointing_at(row, row["start"], row["end"]) for row in with_answer]
    with_answer = [{**row, "max_context": np.ones_like(row["max_context"])} for row in with_answer]
    for prediction, (_, _, answers) in zip(qa.decode(outputs, with_answer, examples), questions, strict=True):
        assert answers[0][0].strip() in prediction
        assert len(prediction) <= len(answers[0][0]) + 20
