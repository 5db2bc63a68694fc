"""Outputs, loss and decoding: from the encoder's states to an answer, as published."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from questions import SQUAD, SQUAD_V2, as_rows, contexts, pointing_at, table
from transformers import XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.task_types.span_decoding import best_span
from xstilts.task_types.span_qa import SpanQA


@settings(deadline=None)
@given(n=st.integers(0, 30), n_best=st.integers(1, 40), max_length=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_best_span_is_that_of_exhaustive_search(n, n_best, max_length, seed):
    draw = np.random.default_rng(seed)
    logits, may_start = draw.normal(size=(n, 2)), draw.random(n) < 0.7
    starts, ends = (sorted(range(n), key=lambda token: -logits[token, side])[:n_best] for side in (0, 1))
    sums = {
        (s, e): logits[s, 0] + logits[e, 1] for s in starts for e in ends if may_start[s] and s <= e < s + max_length
    }
    score, start, end = best_span(logits, may_start, n_best, max_length)
    if sums:
        assert (start, end) == max(sums, key=sums.__getitem__)
        assert score == pytest.approx(max(sums.values()))
    else:
        assert score == -np.inf


@settings(deadline=None)
@given(
    task=st.sampled_from([SQUAD, SQUAD_V2]), words=contexts, stride=st.integers(2, 8), n_best=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_decoding_agrees_with_a_second_implementation(tokenizer, task, words, stride, n_best, seed):
    """The published steps, spelled out: all spans of all windows in one list, the best of them against the null."""
    context = "".join(word + blank for word, blank in words)
    examples = table((context, "Who?", None))
    qa = task_type_of(task, Encoding(max_length=20, doc_stride=stride, n_best=n_best, max_answer_length=4))
    rows, draw = as_rows(qa.encode(examples, tokenizer)), np.random.default_rng(seed)
    outputs = [draw.normal(size=(1 + len(row["char_starts"]), 2)).astype(np.float32) for row in rows]
    spans = []
    for row, output in zip(rows, outputs, strict=True):
        start_logits, end_logits = output[1:].T.tolist()
        starts, ends = (sorted(range(len(row["char_starts"])), key=lambda i, own=own: -own[i])[:n_best]
                        for own in (start_logits, end_logits))  # fmt: skip
        for start in starts:
            for end in ends:
                if row["max_context"][start] and start <= end and end - start + 1 <= 4:
                    text = context[row["char_starts"][start] : row["char_ends"][end]].strip()
                    spans.append((start_logits[start] + end_logits[end], text))
    score, best = max(spans, key=lambda span: span[0], default=(-np.inf, ""))
    null = min(float(output[0, 0]) + float(output[0, 1]) for output in outputs)
    assert qa.decode(outputs, rows, examples) == ["" if task is SQUAD_V2 and null > score else best]


def test_an_answer_starts_where_its_first_token_has_the_most_context(tokenizer):
    """'brother' is in two windows; the one with less context has the higher logits and is ignored."""
    context = "The weaver sold forty baskets at the harbour market, and her brother counted the coins twice."
    examples = table((context, "Who?", [("brother", 61)]))
    qa = task_type_of(SQUAD, Encoding(max_length=24, doc_stride=6))
    rows = as_rows(qa.encode(examples, tokenizer))
    holding = [row for row in rows if row["start"]]
    most = [bool(row["max_context"][row["start"] - row["context_start"]]) for row in holding]
    assert len(holding) > 1 and sum(most) == 1
    inner, edge = holding[most.index(True)], holding[most.index(False)]
    sure = 5 * pointing_at(edge, edge["start"], edge["end"])
    weak = [0.1 * pointing_at(inner, inner["start"], inner["end"]), sure]
    assert qa.decode(weak, [inner, edge], examples) != ["brother"]  # the surer window says something else …
    assert qa.decode([pointing_at(inner, inner["start"], inner["end"]), 0 * sure], [inner, edge], examples) == [
        "brother"
    ]
    assert qa.decode([sure], [edge], examples) != ["brother"]


def test_the_best_window_answers(tokenizer):
    context = "The weaver sold forty baskets at the harbour market, and her brother counted the coins twice."
    examples = table((context, "Who?", [("brother", 61)]))
    qa = task_type_of(SQUAD, Encoding(max_length=16, doc_stride=8))
    rows = as_rows(qa.encode(examples, tokenizer))
    outputs = [pointing_at(row, row["context_start"], row["context_start"]) for row in rows]
    best = next(
        i for i, row in enumerate(rows) if row["start"] and row["max_context"][row["start"] - row["context_start"]]
    )
    outputs[best] = 2 * pointing_at(rows[best], rows[best]["start"], rows[best]["end"])
    assert len(rows) > 3
    assert qa.decode(outputs[::-1], rows[::-1], examples) == qa.decode(outputs, rows, examples) == ["brother"]


def test_unanswerable_questions(tokenizer):
    context = "The old stone pier. " * 8
    examples = table((context, "Who?", []), (context, "Where?", [("pier", 14)]))
    qa = task_type_of(SQUAD_V2, Encoding(max_length=40, doc_stride=12))
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
    qa = task_type_of(SQUAD, Encoding(max_length=64))
    rows = as_rows(qa.encode(examples, tokenizer))
    assert qa.decode([pointing_at(row, 0, 0) for row in rows], rows, examples) != [""]


def test_outputs_and_loss_do_not_depend_on_the_rest_of_the_batch(tokenizer):
    short, long = "The old stone pier.", "The weaver sold forty baskets at the market. " * 2
    examples = table((short, "Where?", [("pier", 14)]), (long, "Who?", [("weaver", 4)]))
    qa = task_type_of(SQUAD, Encoding(max_length=128))
    rows, tokens = as_rows(qa.encode(examples, tokenizer)), SpecialTokens.of(tokenizer)
    model = encoder(tokenizer).eval()
    head = qa.head(model.config)
    alone, together = qa.collate(rows[:1], tokens), qa.collate(rows, tokens)
    with torch.no_grad():
        of_alone, of_together = (qa.logits(model, head, batch) for batch in (alone, together))
    assert of_together.shape == (*together["input_ids"].shape, 2)
    outputs = qa.outputs(of_together, together)
    assert [output.shape for output in outputs] == [(1 + len(row["char_starts"]), 2) for row in rows]
    np.testing.assert_allclose(outputs[0], qa.outputs(of_alone, alone)[0], atol=1e-5)
    first = {name: tensor[:1] for name, tensor in together.items()}
    assert float(qa.loss(of_together[:1], first)) == pytest.approx(float(qa.loss(of_alone, alone)), rel=1e-4)
    assert torch.isfinite(qa.loss(of_together.bfloat16(), together))


def test_outputs_are_those_of_the_first_token_and_the_context(tokenizer):
    qa = task_type_of(SQUAD, Encoding(max_length=64))
    rows = as_rows(qa.encode(table(("The old stone pier.", "Where?", [("pier", 14)])), tokenizer))
    batch = qa.collate(rows, SpecialTokens.of(tokenizer))
    positions = torch.arange(batch["input_ids"].shape[1])[None, :, None].expand(1, -1, 2)
    begin = rows[0]["context_start"]
    expected = [0, *range(begin, begin + len(rows[0]["char_starts"]))]
    assert qa.outputs(positions, batch)[0][:, 0].tolist() == expected


def test_loss_sees_all_positions_but_padding(tokenizer):
    """Cross-entropy of start and end over question, special and context tokens, worked out with numpy."""
    context = "The weaver sold forty baskets at the harbour market."
    examples = table((context, "Where?", [("harbour", 37)]), ("The pier.", "Who?", [("pier", 4)]))
    qa = task_type_of(SQUAD, Encoding(max_length=64))
    rows = as_rows(qa.encode(examples, tokenizer))
    batch = qa.collate(rows, SpecialTokens.of(tokenizer))
    logits = np.random.default_rng(0).normal(size=(*batch["input_ids"].shape, 2))
    losses = []
    for row, own in zip(rows, logits, strict=True):
        own = own[: len(row["input_ids"])]
        log_probabilities = own - np.log(np.exp(own).sum(axis=0))
        losses.append(-(log_probabilities[row["start"], 0] + log_probabilities[row["end"], 1]) / 2)
    assert len(rows[0]["input_ids"]) != len(rows[1]["input_ids"])
    given = torch.tensor(logits, requires_grad=True)
    loss = qa.loss(given, batch)
    assert float(loss.detach()) == pytest.approx(np.mean(losses), rel=1e-5)
    loss.backward()
    assert torch.equal((given.grad != 0).all(dim=-1), batch["attention_mask"].bool())


def test_a_small_encoder_learns_spans(tokenizer):
    names = ["Ottilie", "Lindholm", "Gesellschaft", "brother"]
    contexts = [f"The weaver {name} sold forty baskets." for name in names for _ in range(2)]
    examples = table(*((c, "Who sold baskets?", [(c.split()[2], 11)]) for c in contexts))
    qa = task_type_of(SQUAD, Encoding(max_length=64))
    rows, model = as_rows(qa.encode(examples, tokenizer)), encoder(tokenizer)
    head = qa.head(model.config)
    batch = qa.collate(rows, SpecialTokens.of(tokenizer))
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
    rows = [
        {"example": i // 2, "char_starts": places, "char_ends": places + 1, "max_context": places % 2} for i in range(n)
    ]
    outputs = list(np.random.default_rng(0).normal(size=(n, length + 1, 2)).astype(np.float32))
    begin = time.perf_counter()
    task_type_of(SQUAD, Encoding()).decode(outputs, rows, examples)
    assert time.perf_counter() - begin < 3
