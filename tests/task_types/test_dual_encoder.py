"""Dual encoders: pairs, queries and candidates; the loss over a batch; rankings and their score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import EncodedRow, SpecialTokens
from xstilts.task_types.dual_encoder import TOP, DualEncoder, average_precision
from xstilts.task_types.heads import EmbeddingHead
from xstilts.tasks.registry import TASKS

LAREQA, MEWSLIX, PAIRS = TASKS["lareqa"], TASKS["mewslix"], TASKS["squad_sentences"]


def row(identifier: str, query: str | None, candidate: str | None, *matches: str) -> dict[str, Any]:
    return {"id": identifier, "query": query, "candidate": candidate, "matches": list(matches)}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=DualEncoder.schema)


PAIRED = table(
    row("q1", "Who sold coins?", "Ottilie sold forty coins.", "c1"),
    row("q2", "Where is the ferry?", "The ferry arrived at the pier.", "c2"),
    row("q3", "What was sold?", "Ottilie sold forty coins.", "c1"),
)
APART = table(row("c1", None, "The pier."), row("q1", "Where?", None, "c1"), row("c2", None, "Coins."))


def task_type(max_length: int = 32, max_query_length: int = 16) -> DualEncoder:
    return DualEncoder(PAIRS, Encoding(max_length=max_length, max_query_length=max_query_length))


def rows_of(encoded: pa.Table) -> list[EncodedRow]:
    return [
        {name: np.array(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in encoded.to_pylist()
    ]


@pytest.fixture(scope="module")
def encoder(tokenizer: PreTrainedTokenizerFast) -> XLMRobertaModel:
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=66, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return XLMRobertaModel(config)


def test_good_files_have_no_problems() -> None:
    unlabelled = row("q", "Where?", None) | {"matches": None}
    for good in (PAIRED, APART, table(unlabelled), table(row("c", None, "A sentence."))):
        assert not list(DualEncoder.problems(PAIRS, good))


@pytest.mark.parametrize(
    ("rows", "at", "said"),
    [
        ([row("c 1", None, "Text.")], 0, "has a space in it"),
        ([row("c", None, " ")], 0, "neither a query nor a candidate"),
        ([row("q", "Where?", "There.", "c"), row("c", None, "There.")], 1, "is no pair, but others"),
        ([row("q", "Where?", "There.", "c", "d")], 0, "has 2 matching candidates; exactly 1"),
        ([row("q", "Where?", None)], 0, "has 0 matching candidates; at least 1"),
        ([row("c", None, "There.", "d")], 0, "has 1 matching candidates; none"),
    ],
)
def test_problems_name_row_and_what_is_expected(rows: list[dict[str, Any]], at: int, said: str) -> None:
    found = dict(DualEncoder.problems(PAIRS, table(*rows)))
    assert list(found) == [at] and said in found[at]


def test_a_limit_keeps_all_candidates() -> None:
    pool = table(*APART.to_pylist(), row("q2", "What?", None, "c2"))
    assert DualEncoder.limited(pool, 1).column("id").to_pylist() == ["c1", "q1", "c2"]
    assert DualEncoder.limited(PAIRED, 2).column("id").to_pylist() == ["q1", "q2"]


def test_texts_are_of_both_sides_without_gaps() -> None:
    assert list(DualEncoder.texts(APART, "de", "de")) == ["Where?", "The pier.", "Coins."]
    assert not list(DualEncoder.texts(APART, "de", "en"))


def test_each_side_is_cut_to_its_own_length(tokenizer: PreTrainedTokenizerFast) -> None:
    first, second, _ = rows_of(task_type(6, 4).encode(PAIRED, tokenizer))
    assert first["lengths"].tolist() == [4, 6] and len(second["input_ids"]) == 10
    for text, ids, length in (("Who sold coins?", first["input_ids"][:4], 4),):
        assert ids.tolist() == tokenizer(text, truncation=True, max_length=length)["input_ids"]
    apart = rows_of(task_type().encode(APART, tokenizer, first=5))
    assert [each["example"] for each in apart] == [5, 6, 7]
    for each, text in zip(apart, ("The pier.", "Where?", "Coins."), strict=True):
        assert each["input_ids"].tolist() == tokenizer(text)["input_ids"] and len(each["lengths"]) == 1


def test_the_loss_is_cross_entropy_over_the_batch_s_candidates(
    encoder: XLMRobertaModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    kind = task_type()
    head = kind.head(encoder.config)
    assert isinstance(head, EmbeddingHead) and head.scale.tolist() == [100.0] and head.scale.requires_grad
    rows = rows_of(kind.encode(PAIRED, tokenizer))
    batch = kind.collate(rows, SpecialTokens.of(tokenizer))
    logits = kind.logits(encoder, head, batch)
    assert logits.shape == (3, 2, 16)

    def vector(text: str) -> torch.Tensor:  # alone, by hand
        inputs = tokenizer(text, return_tensors="pt")
        pooled = encoder(inputs["input_ids"], attention_mask=inputs["attention_mask"]).pooler_output[0]
        return pooled / pooled.norm()

    with torch.no_grad():
        query = [vector(text) for text in PAIRED.column("query").to_pylist()]
        candidate = [vector(text) for text in PAIRED.column("candidate").to_pylist()]
    expected = 0.0
    for place, asked in enumerate(query):
        products = [100.0 * float(asked @ other) for other in candidate]
        expected -= products[place] - max(products) - math.log(sum(math.exp(p - max(products)) for p in products))
    assert float(kind.loss(logits, batch).detach()) == pytest.approx(expected / 3, rel=1e-4)
    kind.loss(logits, batch).backward()
    assert head.scale.grad is not None and torch.isfinite(head.scale.grad).all()


def test_texts_alone_have_unit_length(encoder: XLMRobertaModel, tokenizer: PreTrainedTokenizerFast) -> None:
    kind = task_type()
    batch = kind.collate(rows_of(kind.encode(APART, tokenizer)), SpecialTokens.of(tokenizer))
    with torch.no_grad():
        vectors = kind.outputs(kind.logits(encoder, kind.head(encoder.config), batch), batch)
    assert [vector.shape for vector in vectors] == [(1, 16)] * 3
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1, atol=1e-5)


def test_candidates_of_several_pairs_count_once() -> None:
    """Queries are scaled, which changes no order; two pairs share a candidate."""
    unit = np.eye(3, dtype=np.float32)
    outputs = [np.stack([100 * unit[0], unit[0]]), np.stack([90 * unit[1], unit[1]]), np.stack([unit[0], unit[0]])]
    rows = [{"example": place} for place in range(3)]
    assert task_type().decode(outputs, rows, PAIRED) == ["c1 c2", "c2 c1", "c1 c2"]


def test_predictions_that_are_no_ranking_are_named() -> None:
    problems = dict(DualEncoder.invalid_predictions(MEWSLIX, ["c1 c1", "", "c2 c1"], PAIRED))
    assert set(problems) == {"q1", "q2"} and "twice" in problems["q1"] and "no candidate" in problems["q2"]


def test_chance_is_the_usual_answer_to_every_query() -> None:
    (constant,) = DualEncoder.constant_predictions(PAIRS, PAIRED)
    assert constant == ["c1 c2"] * 3
    assert DualEncoder.score(PAIRS, "en", constant, PAIRED).metrics == {
        "map@20": pytest.approx(100 * (1 + 0.5 + 1) / 3)
    }


def test_the_same_question_has_its_answers_of_all_languages() -> None:
    german, english = (
        table(row("q1", "Wo?", None, "de-1")),
        table(row("q1", "Where?", None, "en-4"), row("c", None, "x")),
    )
    complete = DualEncoder.completed(LAREQA, {"de": german, "en": english})
    assert [complete[code].column("matches").to_pylist() for code in ("de", "en")] == [[["de-1", "en-4"]]] * 2
    assert complete["en"].column("id").to_pylist() == ["q1"]  # queries alone
    own = DualEncoder.completed(MEWSLIX, {"de": german, "en": english})
    assert own["de"].column("matches").to_pylist() == [["de-1"]]


def slow_average_precision(found: list[str], right: set[str]) -> float:
    """By its definition: the mean over right answers of the precision at the rank of each, 0 where it is not found."""
    precisions = []
    for rank in range(1, min(len(found), 20) + 1):
        if found[rank - 1] in right:
            precisions.append(len([name for name in found[:rank] if name in right]) / rank)
    return math.fsum(precisions) / min(20, len(right))


IDS = st.integers(0, 40).map(str)


@given(st.lists(IDS, unique=True, max_size=30), st.sets(IDS, min_size=1, max_size=30))
def test_average_precision_is_that_of_a_second_implementation(found: list[str], right: set[str]) -> None:
    score = average_precision(found, right)
    assert score == pytest.approx(slow_average_precision(found, right), abs=1e-13)
    assert 0 <= score <= 1 + 1e-12


@given(st.lists(IDS, unique=True, min_size=1, max_size=30), IDS)
def test_with_one_answer_it_is_the_reciprocal_rank(found: list[str], right: str) -> None:
    expected = 1 / (found.index(right) + 1) if right in found[:TOP] else 0
    assert average_precision(found, {right}) == pytest.approx(expected, abs=1e-15)


def test_only_the_first_twenty_count_and_more_answers_than_these_can_all_be_found() -> None:
    names = [str(number) for number in range(25)]
    assert average_precision(names, {"20"}) == 0
    assert average_precision(names, set(names)) == 1


def test_scores_are_means_over_queries_in_points() -> None:
    scored = DualEncoder.score(PAIRS, "en", ["c1 c2", "c1 c2", "c2 c1"], PAIRED)
    assert scored.metrics == {"map@20": pytest.approx((100 + 50 + 50) / 3)}
    assert scored.example_scores == [100, 50, 50] and scored.gold == ["c1", "c2", "c1"]
