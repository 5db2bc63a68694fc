"""Answers survive the way into windows of tokens and back."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.catalogue.languages import languages_of
from xstilts.catalogue.tasks import TASKS
from xstilts.errors import UserError
from xstilts.formats import format_of
from xstilts.formats.base import Tokens
from xstilts.formats.span_qa import SpanQA, best_span
from xstilts.formats.span_windows import window_starts
from xstilts.settings import Encoding
from xstilts.sources import layout

SQUAD, SQUAD_V2, MLQA = TASKS["squad_v1"], TASKS["squad_v2"], TASKS["mlqa"]
N_SPECIAL = 4  # <s> </s> </s> </s>
WORDS = [
    "The",
    "weaver",
    "sold",
    "forty",
    "Gesellschaft,",
    "橋在一八七一年",
    "الجسر",
    "नदी",
    "½",
    "x\u200by",
    "(\u00e9)",
    "e\u0301",
]
contexts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", "  ", "\n"])), min_size=1, max_size=40)


def table(*questions: tuple[str, str, list[tuple[str, int]]]) -> pa.Table:
    rows = [
        {
            "id": str(row),
            "context": context,
            "question": question,
            "answers": [text for text, _ in answers],
            "answer_starts": [start for _, start in answers],
        }
        for row, (context, question, answers) in enumerate(questions)
    ]
    return pa.Table.from_pylist(rows, SpanQA.schema)


def as_rows(encoded: pa.Table) -> list[dict]:
    return [
        {name: np.array(value, np.int64) if isinstance(value, list) else value for name, value in row.items()}
        for row in encoded.to_pylist()
    ]


def pointing_at(row: dict, start: int, end: int) -> np.ndarray:
    """Outputs that are sure of the span from token ``start`` to ``end`` of the input; 0, 0 is the null answer."""
    logits = np.zeros((1 + len(row["char_starts"]), 2), np.float32)
    places = [0 if token == 0 else 1 + token - row["context_start"] for token in (start, end)]
    logits[places, [0, 1]] = 10
    return logits


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

    qa = format_of(
        SQUAD, Encoding(max_length=max_length, doc_stride=doc_stride, max_query_length=8, max_answer_length=60)
    )
    rows = [{**row, "example": row["example"] - first} for row in as_rows(qa.encode(examples, tokenizer, first))]
    for row in rows:
        assert len(row["input_ids"]) <= max_length
        last = row["context_start"] + len(row["char_starts"]) - 1
        if row["start"]:
            assert row["context_start"] <= row["start"] <= row["end"] <= last
            assert qa.decode([pointing_at(row, row["start"], row["end"])], [row], examples) == [answer]
        else:
            covered = range(row["char_starts"][0], row["char_ends"][-1])
            whole = len(before) in covered and len(before) + len(answer) - 1 in covered
            assert row["end"] == 0
            assert not whole or splits_at_edge(row, len(before), len(before) + len(answer))

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
        qa = format_of(SQUAD, Encoding(max_length=max_length, doc_stride=doc_stride, max_query_length=query))
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


@given(length=st.integers(0, 300), room=st.integers(1, 100), doc_stride=st.integers(1, 150))
def test_window_starts_lie_a_stride_apart_until_the_end_is_reached(length, room, doc_stride):
    starts = list(window_starts(length, room, doc_stride))
    assert starts[0] == 0 and starts[-1] + room >= length
    assert all(later - earlier == min(doc_stride, room) for earlier, later in pairwise(starts))
    assert len(starts) == 1 or starts[-2] + room < length


@settings(deadline=None)
@given(n=st.integers(0, 30), n_best=st.integers(1, 40), max_length=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_best_span_is_that_of_exhaustive_search(n, n_best, max_length, seed):
    logits = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)
    starts, ends = (sorted(range(n), key=lambda token: -logits[token, side])[:n_best] for side in (0, 1))
    sums = {(s, e): logits[s, 0] + logits[e, 1] for s in starts for e in ends if s <= e < s + max_length}
    score, start, end = best_span(logits, n_best, max_length)
    if sums:
        assert (start, end) == max(sums, key=sums.__getitem__)
        assert score == pytest.approx(max(sums.values()))
    else:
        assert score == -np.inf


def test_the_best_window_answers(tokenizer):
    context = "The weaver sold forty baskets at the harbour market, and her brother counted the coins twice."
    examples = table((context, "Who?", [("brother", 61)]))
    qa = format_of(SQUAD, Encoding(max_length=16, doc_stride=8))
    rows = as_rows(qa.encode(examples, tokenizer))
    outputs = [pointing_at(row, row["context_start"], row["context_start"]) for row in rows]
    best = next(index for index, row in enumerate(rows) if row["start"])
    outputs[best] = 2 * pointing_at(rows[best], rows[best]["start"], rows[best]["end"])
    assert len(rows) > 3
    assert qa.decode(outputs[::-1], rows[::-1], examples) == qa.decode(outputs, rows, examples) == ["brother"]


def test_unanswerable_questions(tokenizer):
    context = "The old stone pier. " * 8
    examples = table((context, "Who?", []), (context, "Where?", [("pier", 14)]))
    qa = format_of(SQUAD_V2, Encoding(max_length=40, doc_stride=12))
    rows = as_rows(qa.encode(examples, tokenizer))
    assert all(row["start"] == row["end"] == 0 for row in rows if row["example"] == 0)
    silent = [pointing_at(row, 0, 0) for row in rows]
    assert qa.decode(silent, rows, examples) == ["", ""]

    outputs = [pointing_at(row, row["start"], row["end"]) for row in rows]
    assert qa.decode(outputs, rows, examples)[0] == ""
    sure = [output + (1 if row["start"] else 0) for output, row in zip(outputs, rows, strict=True)]
    for output, row in zip(sure, rows, strict=True):
        output[0] = 0 if row["start"] else 9  # the window with the answer lowers the question's null score
    assert qa.decode(sure, rows, examples) == ["", "pier"]


def test_tasks_without_unanswerable_questions_always_answer(tokenizer):
    examples = table(("The old stone pier.", "Where?", [("pier", 14)]))
    qa = format_of(SQUAD, Encoding(max_length=64))
    rows = as_rows(qa.encode(examples, tokenizer))
    assert qa.decode([pointing_at(row, 0, 0) for row in rows], rows, examples) != [""]


def test_a_context_without_any_token_has_no_answer(tokenizer):
    examples = table(("\u200b", "Where?", [("\u200b", 0)]))
    qa = format_of(SQUAD, Encoding(max_length=32))
    rows = as_rows(qa.encode(examples, tokenizer))
    assert len(rows) == 1 and rows[0]["start"] == 0
    assert qa.decode([pointing_at(rows[0], 0, 0)], rows, examples) == [""]


def test_a_question_that_leaves_no_room_is_refused(tokenizer):
    examples = table(("The old stone pier.", "Where did the ferry from Lindholm arrive in March?", [("pier", 14)]))
    with pytest.raises(UserError, match="max_query_length"):
        format_of(SQUAD, Encoding(max_length=12)).encode(examples, tokenizer)


def test_problems_name_row_and_what_was_found():
    good = ("The old stone pier.", "Where?", [("pier", 14)])
    examples = table(
        good,
        ("The old stone pier.", "Where?", [("pier", 13)]),
        ("The old stone pier.", "Where?", []),
        (" ", "Where?", [(" ", 0)]),
        ("The old stone pier.", "", [("pier", -5)]),
    )
    ragged = {"id": "r", "context": "a b", "question": "?", "answers": ["a", "b"], "answer_starts": [0]}
    found = list(SpanQA.problems(SQUAD, pa.concat_tables([examples, pa.Table.from_pylist([ragged], SpanQA.schema)])))
    assert [row for row, _ in found] == [1, 2, 3, 3, 4, 4, 5]
    texts = [text for _, text in found]
    assert "'pier' should stand at character 13" in texts[0] and "' pie' stands" in texts[0]
    assert "no answer" in texts[1] and "context is empty" in texts[2] and "question is empty" in texts[4]
    assert "2 answers but 1 answer offsets" in texts[6]
    assert list(SpanQA.problems(SQUAD_V2, table(("The old stone pier.", "Where?", [])))) == []


def test_scores_follow_the_task_and_language():
    examples = table(("Die Brücke.", "Wo?", [("Die Brücke", 0)]), ("x y", "?", [("x", 0), ("x y", 0)]))
    scored = SpanQA.score(MLQA, "de", ["Brücke", "y"], examples)
    assert scored.metrics == {"exact_match": 50.0, "f1": pytest.approx(100 * (1 + 2 / 3) / 2)}
    assert scored.parts == pytest.approx([100.0, 100 / 3])
    assert [json.loads(gold) for gold in scored.gold] == [["Die Brücke"], ["x", "x y"]]
    assert SpanQA.score(TASKS["xquad"], "de", ["Brücke", "x y"], examples).metrics["exact_match"] == 50.0


def test_only_context_and_first_token_can_be_predicted(tokenizer):
    """What is predicted, and the loss, do not depend on the padding that other rows of the batch bring."""
    short, long = "The old stone pier.", "The weaver sold forty baskets at the market. " * 2
    examples = table((short, "Where?", [("pier", 14)]), (long, "Who?", [("weaver", 4)]))
    qa = format_of(SQUAD, Encoding(max_length=128))
    rows, tokens = as_rows(qa.encode(examples, tokenizer)), Tokens.of(tokenizer)
    model = encoder(tokenizer).eval()
    head = qa.head(model.config)
    alone, together = qa.collate(rows[:1], tokens), qa.collate(rows, tokens)
    with torch.no_grad():
        of_alone, of_together = (qa.logits(model, head, batch) for batch in (alone, together))
    assert of_together.shape == (*together["input_ids"].shape, 2)
    outputs = qa.outputs(of_together, together)
    assert [output.shape for output in outputs] == [(1 + len(row["char_starts"]), 2) for row in rows]
    np.testing.assert_allclose(outputs[0], qa.outputs(of_alone, alone)[0], atol=1e-5)
    question = slice(1, rows[0]["context_start"])
    assert (of_together[0, question] < -1e30).all() and (of_together[0, len(rows[0]["input_ids"]) :] < -1e30).all()
    first = {name: tensor[:1] for name, tensor in together.items()}
    assert float(qa.loss(of_together[:1], first)) == pytest.approx(float(qa.loss(of_alone, alone)), rel=1e-4)
    assert torch.isfinite(qa.loss(of_together.bfloat16(), together))


def test_a_small_encoder_learns_spans(tokenizer):
    names = ["Ottilie", "Lindholm", "Gesellschaft", "brother"]
    contexts = [f"The weaver {name} sold forty baskets." for name in names for _ in range(2)]
    examples = table(*((c, "Who sold baskets?", [(c.split()[2], 11)]) for c in contexts))
    qa = format_of(SQUAD, Encoding(max_length=64))
    rows, model = as_rows(qa.encode(examples, tokenizer)), encoder(tokenizer)
    head = qa.head(model.config)
    batch = qa.collate(rows, Tokens.of(tokenizer))
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=3e-3)
    losses = []
    for _ in range(40):
        loss = qa.loss(qa.logits(model, head, batch), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]
    model.eval()
    with torch.no_grad():
        outputs = qa.outputs(qa.logits(model, head, batch), batch)
    assert SpanQA.score(SQUAD, "en", qa.decode(outputs, rows, examples), examples).metrics["exact_match"] > 80


def encoder(tokenizer) -> XLMRobertaModel:
    torch.manual_seed(0)
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=130, pad_token_id=1,
        )
    )  # fmt: skip


def test_decoding_is_fast_enough_for_mlqa(tokenizer):
    """11,000 questions with 2 windows of 384 tokens should take well under a minute; here is a twentieth of that."""
    n, length = 1100, 340
    examples = table(*[("x" * length, "?", [("x", 0)])] * (n // 2))
    places = np.arange(length)
    rows = [{"example": i // 2, "char_starts": places, "char_ends": places + 1, "context_start": 9} for i in range(n)]
    outputs = list(np.random.default_rng(0).normal(size=(n, length + 1, 2)).astype(np.float32))
    begin = time.perf_counter()
    format_of(SQUAD, Encoding()).decode(outputs, rows, examples)
    assert time.perf_counter() - begin < 3


@pytest.mark.parametrize(
    ("task", "language"),
    [("xquad", "zh"), ("xquad", "th"), ("mlqa", "hi"), ("mlqa", "ar"), ("tydiqa", "te"), ("tydiqa", "ko")],
)
def test_gold_spans_of_real_text_come_back(slices, tokenizer, task, language):
    """Where gold answers begin or end inside a token, the prediction is the smallest run of whole tokens around it."""
    (path,) = layout.files(slices, task, "test", languages_of("files")[language])
    questions = [
        (paragraph["context"], qa["question"], [(a["text"], a["answer_start"]) for a in qa["answers"]])
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]
    examples = table(*questions)
    assert list(SpanQA.problems(TASKS[task], examples)) == []
    qa = format_of(TASKS[task], Encoding(max_length=384, max_answer_length=400))
    rows = as_rows(qa.encode(examples, tokenizer))
    with_answer = [row for row in rows if row["start"]]
    assert {row["example"] for row in with_answer} == set(range(len(questions)))
    outputs = [pointing_at(row, row["start"], row["end"]) for row in with_answer]
    for prediction, (_, _, answers) in zip(qa.decode(outputs, with_answer, examples), questions, strict=True):
        assert answers[0][0].strip() in prediction
        assert len(prediction) <= len(answers[0][0]) + 20
