"""XTREME-R's tasks in synthetic languages: parallel where the release is, and answerable."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from xstilts.config.sources import SyntheticSource
from xstilts.data.examples import check
from xstilts.sources import files
from xstilts.synthetic.choices import StorySampler
from xstilts.synthetic.concepts import NEXT_VERB, sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.world import World
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

LANGUAGES = languages_of("synthetic")


def read(root: Path, task: str, split: str, code: str = "en") -> pa.Table:
    table = files.read(root, TASKS[task], split, LANGUAGES[code])
    check(TASKS[task], table, task)
    return table


def test_xcopa_is_parallel_and_its_labels_are_balanced(root: Path, small: SyntheticSource) -> None:
    for split in ("dev", "test"):
        labels = {
            tuple(read(root, "xcopa", split, code).column("label").to_pylist()) for code in LANGUAGES if code != "en"
        }
        (same,) = labels
        assert len(same) == small.eval_examples and min(Counter(same).values()) > 5


def test_xcopa_has_none_of_copa_s_examples(root: Path) -> None:
    def asked(task: str, split: str, code: str) -> set[tuple[str, ...]]:
        rows = read(root, task, split, code).to_pylist()
        return {(row["prompt"], *row["choices"]) for row in rows}

    trained = asked("copa", "train", "en")
    assert not trained & asked("copa", "dev", "en")
    assert not (root / "xtreme/xcopa/test-en.jsonl").exists()


def test_the_right_choice_is_the_step_before_or_after(
    world: World, grammars: dict[str, Grammar], rng: random.Random
) -> None:
    sampler = StorySampler(world, rng, grammars["en"])
    for _ in range(200):
        one = sampler.causal()
        told, right = (sense(utterance.event.verb) for utterance in (one.premise, one.choices[one.label]))
        assert (right == NEXT_VERB[told]) if one.asked == "effect" else (told == NEXT_VERB[right])
        assert one.choices[0] != one.choices[1]


def test_social_iqa_has_three_choices(root: Path, small: SyntheticSource) -> None:
    rows = read(root, "siqa", "train").to_pylist()
    assert len(rows) == small.train_examples and {len(set(row["choices"])) for row in rows} == {3}
    assert min(Counter(row["label"] for row in rows).values()) > len(rows) / 6


@pytest.mark.parametrize("code", ["en", "qab", "qad"])
def test_lareqa_is_xquad_with_its_sentences(code: str, root: Path) -> None:
    paths = [TASKS[task].paths(root, "test", LANGUAGES[code])[0] for task in ("xquad", "lareqa")]
    xquad, lareqa = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    for article in lareqa["data"]:
        for paragraph in article["paragraphs"]:
            ends = [paragraph["context"][end - 1] for _, end in paragraph.pop("sentence_breaks")]
            assert ends == [".", "."]
    assert lareqa == xquad
    rows = read(root, "lareqa", "test", code).to_pylist()
    by_id = {row["id"]: row["candidate"] for row in rows if row["query"] is None}
    assert all(len(row["matches"]) == 1 and row["matches"][0] in by_id for row in rows if row["query"])


def test_every_mention_is_of_an_entity_of_the_pool_and_none_was_trained_on(root: Path) -> None:
    pool = read(root, "mewslix", "pool").to_pylist()
    names = {row["id"] for row in pool}
    for code in LANGUAGES:
        for split in ("dev", "test"):
            rows = read(root, "mewslix", split, code).to_pylist()
            assert {match for row in rows for match in row["matches"]} <= names
            assert all(" { " in row["query"] and " } " in row["query"] for row in rows)
    trained = {row["matches"][0] for row in read(root, "wikipedia_pairs", "train").to_pylist()}
    assert not trained & names


def test_sentences_of_squad_are_found_by_the_rules(root: Path) -> None:
    """Of two sentences and their paragraph, in that order, a candidate has one and both."""
    for row in read(root, "squad_sentences", "train").slice(0, 50).to_pylist():
        assert row["candidate"].count(" .") == 3
