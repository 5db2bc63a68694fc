"""Retrieval: what a pool of sentences must look like, how it is encoded and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from xstilts.catalogue.tasks import TASKS
from xstilts.formats.base import Tokens
from xstilts.formats.retrieval import Retrieval, gold_pairs, pair_scores
from xstilts.settings import Encoding

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
        ([foreign("f"), english("e", "f"), english("x", "g")], 2, "'g' is the id of no foreign sentence"),
        ([foreign("f"), english("e", "f"), english("x", "e")], 2, "'e' is the id of no foreign sentence"),
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
    batch = task.collate([{"input_ids": long}, {"input_ids": short}], Tokens.of(tokenizer))
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(long), len(short)]


def test_tatoeba_is_scored_by_accuracy() -> None:
    examples = table(foreign("f1"), english("e1", "f1"), english("e2", "f2"), foreign("f2"))
    scored = Retrieval.score(TATOEBA, "de", ["f1", "f1"], examples)
    assert scored.metrics == {"accuracy": 50.0}
    assert scored.gold == ["f1", "f2"]
    assert scored.parts == [100.0, 0.0]


def test_bucc_is_scored_by_f1_of_pairs() -> None:
    scored = Retrieval.score(BUCC, "de", ["f2", "f1", ""], POOL)
    assert scored.metrics == pytest.approx({"precision": 50.0, "recall": 100 / 3, "f1": 40.0})
    assert scored.gold == ["f2", "", "f1 f2"]
    assert scored.parts == [None, None, None]


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
