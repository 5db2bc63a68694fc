"""Retrieval: checks of pools, encoding and scores."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Encoding
from xstilts.task_types.base import SpecialTokens
from xstilts.task_types.retrieval import Retrieval, gold_pairs, pair_scores
from xstilts.tasks.registry import TASKS

BUCC, TATOEBA = TASKS["bucc2018"], TASKS["tatoeba"]


def foreign(identifier: str, text: str = "Satz") -> dict[str, Any]:
    return {"id": identifier, "side": "foreign", "text": text, "matches": []}


def english(identifier: str, *matches: str, text: str = "sentence") -> dict[str, Any]:
    return {"id": identifier, "side": "english", "text": text, "matches": list(matches)}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=Retrieval.schema)


POOL = table(foreign("f1"), foreign("f2"), english("e1", "f2"), english("e2"), english("e3", "f1", "f2"))


def test_a_good_pool_has_no_problems() -> None:
    assert not list(Retrieval.problems(BUCC, POOL))
    assert not list(Retrieval.problems(TATOEBA, table(foreign("f"), english("e", "f"))))


@pytest.mark.parametrize(
    ("rows", "row", "said"),
    [
        ([foreign("f"), english("e", "f"), english("x") | {"side": "English"}], 2, "side 'English' is neither"),
        ([foreign("f"), english("e", "f"), english("x", "g")], 2, "'g' is not the id of a foreign sentence"),
        ([foreign("f"), english("e", "f"), english("x", "e")], 2, "'e' is not the id of a foreign sentence"),
        ([foreign("f") | {"matches": ["e"]}, english("e", "f")], 0, "is foreign, but has matches"),
        ([foreign("f 1"), english("e", "f 1")], 0, "has a space in it"),
        ([english("e")], 0, "there are no foreign sentences"),
        ([foreign("f")], 0, "there are no english sentences"),
        ([foreign("f"), english("e")], 0, "no English sentence has a translation"),
    ],
)
def test_problems_name_the_row(rows: list[dict[str, Any]], row: int, said: str) -> None:
    problems = list(Retrieval.problems(BUCC, table(*rows)))
    assert any(where == row and said in what for where, what in problems)


def without_gold(examples: pa.Table) -> pa.Table:
    nothing = pa.nulls(examples.num_rows, Retrieval.schema.field("matches").type)
    return examples.set_column(3, Retrieval.schema.field("matches"), nothing)


def test_a_pool_without_gold_is_checked_and_encoded_all_the_same(tokenizer: PreTrainedTokenizerFast) -> None:
    unknown = without_gold(POOL)
    assert not Retrieval.has_gold(unknown) and Retrieval.has_gold(POOL)
    for task in (BUCC, TATOEBA):
        assert not list(Retrieval.problems(task, unknown))
    bad = without_gold(table(foreign("f 1"), english("e") | {"side": "x"}))
    assert [row for row, _ in Retrieval.problems(TATOEBA, bad)] == [0, 0, 1]
    encoded = Retrieval(BUCC, Encoding()).encode(unknown, tokenizer)
    assert encoded.equals(Retrieval(BUCC, Encoding()).encode(POOL, tokenizer))
    assert Retrieval.scored_ids(unknown) == ["e1", "e2", "e3"]


def test_a_pool_in_several_chunks_is_one_pool() -> None:
    chunks = pa.concat_tables([POOL.slice(0, 1), POOL.slice(1, 2), POOL.slice(3)])
    assert chunks.column("matches").num_chunks == 3
    assert not list(Retrieval.problems(BUCC, chunks))
    assert gold_pairs(chunks) == gold_pairs(POOL) == {("f2", "e1"), ("f1", "e3"), ("f2", "e3")}
    assert Retrieval.limited(chunks, 1).column("id").to_pylist() == ["f2", "e1"]
    assert not list(Retrieval.invalid_predictions(BUCC, ["f1", "f2", ""], chunks))


def test_a_limited_pool_keeps_sentences_and_all_their_translations_in_order() -> None:
    pool = table(
        english("e0"), foreign("f1"), english("e1", "f3", "f1"), foreign("f2"), english("e2", "f2"), foreign("f3"),
        foreign("f4"), english("e3", "f1"),
    )  # fmt: skip
    assert Retrieval.limited(pool, 1).column("id").to_pylist() == ["f1", "e1", "f3"]
    assert Retrieval.limited(pool, 2).column("id").to_pylist() == ["f1", "e1", "f2", "e2", "f3"]
    assert Retrieval.limited(pool, 9).column("id").to_pylist() == ["f1", "e1", "f2", "e2", "f3", "e3"]
    assert Retrieval.limited(without_gold(pool), 2).column("id").to_pylist() == ["e0", "f1", "e1", "f2"]
    assert Retrieval.limited(pool, 1).schema == pool.schema


MATCHES = st.lists(st.lists(st.integers(0, 5), max_size=3, unique=True), min_size=1, max_size=8).filter(any)


@given(MATCHES, st.integers(1, 9), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_limited_pool_is_in_order(matches: list[list[int]], count: int, random: Any) -> None:
    rows = [foreign(f"f{i}") for i in range(6)]
    rows += [english(f"e{i}", *(f"f{match}" for match in own)) for i, own in enumerate(matches)]
    random.shuffle(rows)
    pool = table(*rows)
    part = Retrieval.limited(pool, count)
    assert not list(Retrieval.problems(BUCC, part))
    assert len(Retrieval.scored_ids(part)) == min(count, sum(map(bool, matches)))
    kept = part.column("id").to_pylist()
    assert [row for row in rows if row["id"] in kept] == part.to_pylist()
    assert gold_pairs(part) == {(match, e) for match, e in gold_pairs(pool) if e in kept}


def test_a_prediction_of_an_unknown_sentence_is_invalid() -> None:
    assert not list(Retrieval.invalid_predictions(BUCC, ["", "f1 f2", "f2"], POOL))
    invalid = list(Retrieval.invalid_predictions(BUCC, ["f3", "f1 e1", "f1"], POOL))
    assert invalid == [
        ("e1", "'f3' is not the id of a foreign sentence."),
        ("e2", "'e1' is not the id of a foreign sentence."),
    ]
    invalid = list(Retrieval.invalid_predictions(TATOEBA, ["", "f1", "f1 f2"], POOL))
    assert invalid == [
        ("e1", "names 0 foreign sentences; in Tatoeba it has to be exactly 1."),
        ("e3", "names 2 foreign sentences; in Tatoeba it has to be exactly 1."),
    ]
    assert [name for name, _ in Retrieval.invalid_predictions(TATOEBA, ["f1", "f1", "7"], without_gold(POOL))] == ["e3"]


def test_every_english_sentence_of_tatoeba_has_one_translation() -> None:
    problems = list(Retrieval.problems(TATOEBA, POOL))
    assert [row for row, _ in problems] == [3, 4]
    assert "has 2 translations; in Tatoeba every English sentence has exactly 1" in problems[1][1]


def test_encoding_cuts_the_end_and_keeps_special_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "The weaver sold forty baskets at the harbour market"
    task = Retrieval(BUCC, Encoding(max_length=8))
    encoded = task.encode(table(foreign("f", text), english("e", "f", text="The pier")), tokenizer, first=3)
    ids = tokenizer(text)["input_ids"]
    assert encoded.column("example").to_pylist() == [3, 4]
    long, short = encoded.column("input_ids").to_pylist()
    assert long == [*ids[:7], tokenizer.sep_token_id]
    assert short == tokenizer("The pier")["input_ids"][:7] + [tokenizer.sep_token_id] * (len(short) == 8)
    batch = task.collate([{"input_ids": long}, {"input_ids": short}], SpecialTokens.of(tokenizer))
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(long), len(short)]


def test_tatoeba_is_scored_by_accuracy() -> None:
    examples = table(foreign("f1"), english("e1", "f1"), english("e2", "f2"), foreign("f2"))
    scored = Retrieval.score(TATOEBA, "de", ["f1", "f1"], examples)
    assert scored.metrics == {"accuracy": 50.0}
    assert scored.gold == ["f1", "f2"]
    assert scored.example_scores == [100.0, 0.0]


def test_bucc_is_scored_by_f1_of_pairs() -> None:
    scored = Retrieval.score(BUCC, "de", ["f2", "f1", ""], POOL)
    assert scored.metrics == pytest.approx({"precision": 50.0, "recall": 100 / 3, "f1": 40.0})
    assert scored.gold == ["f2", "", "f1 f2"]
    assert scored.example_scores == [None, None, None]


def test_a_prediction_may_name_several_sentences() -> None:
    metrics = Retrieval.score(BUCC, "de", ["f2 f1", "", "f1 f2"], POOL).metrics
    assert metrics == pytest.approx({"precision": 75.0, "recall": 100.0, "f1": 600 / 7})


IDS = st.lists(st.sampled_from(["f0", "f1", "f2"]), max_size=3, unique=True)


@given(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=6))
@settings(deadline=None)
def test_bucc_scores_are_those_of_xtreme(sentences: list[tuple[list[str], list[str]]]) -> None:
    """evaluate.py compares two sets of lines, foreign id TAB English id."""
    rows = [english(f"e{i}", *gold) for i, (gold, _) in enumerate(sentences)]
    pool = table(foreign("f0"), foreign("f1"), foreign("f2"), *rows)
    gold, predicted = (
        {f"{match}\te{i}" for i, sentence in enumerate(sentences) for match in sentence[side]} for side in (0, 1)
    )
    right = len([line for line in predicted if line in gold])
    expected = {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    if right:
        precision, recall = right / len(predicted), right / len(gold)
        f1 = 2 * precision * recall / (precision + recall)
        expected = {"f1": 100 * f1, "precision": 100 * precision, "recall": 100 * recall}
    scored = Retrieval.score(BUCC, "de", [" ".join(named) for _, named in sentences], pool)
    assert scored.metrics == pytest.approx(expected, abs=1e-9)


def test_pools_of_full_size_are_checked_in_seconds() -> None:
    """BUCC2018 has up to half a million sentences a side; here is a fifth of that, and a mistake at the end."""
    n = 100_000
    names = [f"de-{i}" for i in range(n)] + [f"en-{i}" for i in range(n)]
    matches = [[]] * n + [[f"de-{i}"] for i in range(n - 1)] + [["de-x"]]
    columns = {"id": names, "side": ["foreign"] * n + ["english"] * n, "text": ["Satz"] * 2 * n, "matches": matches}
    pool = pa.table(columns, schema=Retrieval.schema)
    begin = time.perf_counter()
    problems = list(Retrieval.problems(BUCC, pool))
    assert Retrieval.limited(pool, 10).num_rows == 20
    assert time.perf_counter() - begin < 3
    assert problems == [(2 * n - 1, "its translation 'de-x' is not the id of a foreign sentence in the file.")]


def test_nothing_mined_scores_zero() -> None:
    assert Retrieval.score(BUCC, "de", ["", "", ""], POOL).metrics == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


PAIRS = st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), min_size=1)


@given(PAIRS, PAIRS)
@settings(deadline=None)
def test_f1_is_the_harmonic_mean(predicted: set[tuple[str, str]], gold: set[tuple[str, str]]) -> None:
    scores = pair_scores(predicted, gold)
    precision, recall = scores["precision"], scores["recall"]
    assert recall == pytest.approx(100 * sum(pair in predicted for pair in gold) / len(gold))
    assert scores["f1"] == pytest.approx(2 * precision * recall / (precision + recall) if precision else 0)


def test_real_pools_fit_the_schema(slices: Path) -> None:
    def side(code: str) -> list[list[str]]:
        lines = (slices / f"xtreme/bucc2018/de-en.dev.{code}").read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines]

    gold = {(source, target) for source, target in side("gold")}
    rows = [foreign(identifier, text) for identifier, text in side("de")]
    for identifier, text in side("en"):
        rows.append(english(identifier, *(f for f, e in gold if e == identifier), text=text))
    assert not list(Retrieval.problems(BUCC, table(*rows)))
    assert gold_pairs(table(*rows)) == gold
