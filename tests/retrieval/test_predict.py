"""From embeddings to predictions: directions, ids, repeated sentences, and a threshold from dev."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import torch

from xstilts.catalogue.tasks import TASKS
from xstilts.formats.retrieval import Retrieval
from xstilts.retrieval.predict import Pool, candidates, predict

BUCC, TATOEBA = TASKS["bucc2018"], TASKS["tatoeba"]

Sentence = tuple[str, str, float, Sequence[str]]  # id, text, angle of the embedding in degrees, matches


def pool(foreign: Sequence[Sentence], english: Sequence[Sentence]) -> Pool:
    rows = [(*sentence, "foreign") for sentence in foreign] + [(*sentence, "english") for sentence in english]
    examples = [{"id": i, "side": side, "text": text, "matches": list(m)} for i, text, _, m, side in rows]
    angles = [math.radians(row[2]) for row in rows]
    vectors = torch.tensor([[math.cos(angle), math.sin(angle)] for angle in angles])
    return Pool(pa.Table.from_pylist(examples, schema=Retrieval.schema), vectors)


def shuffled(original: Pool, seed: int) -> Pool:
    order = np.random.default_rng(seed).permutation(original.examples.num_rows)
    return Pool(original.examples.take(order), original.embeddings[order])


def by_id(own: Pool, predictions: Sequence[str]) -> dict[str, str]:
    english = own.examples.filter(pa.compute.field("side") == "english").column("id").to_pylist()
    return dict(zip(english, predictions, strict=True))


LINES = pool(
    [("0", "eins", 0, ()), ("1", "zwei", 30, ()), ("2", "drei", 80, ())],
    [("e0", "one", 10, ["0"]), ("e1", "two", 12, ["1"]), ("e2", "three", 60, ["2"])],
)


def test_tatoeba_takes_the_foreign_neighbour_of_each_english_sentence() -> None:
    predictions = predict(TATOEBA, {"test": LINES}, 4)["test"]
    assert predictions == ["0", "0", "2"]  # searching in the other direction would answer 1 for 'e1'
    assert Retrieval.score(TATOEBA, "de", predictions, LINES.examples).metrics["accuracy"] == pytest.approx(200 / 3)


#: Margins fall from pair to pair: f0-e0 at the same angle, f1-e1 close, f2-e2 not a translation.
DEV = pool(
    [("f0", "a", 0, ()), ("f1", "b", 45, ()), ("f2", "c", 88, ())],
    [("e0", "x", 0, ["f0"]), ("e1", "y", 47, ["f1"]), ("e2", "z", 70, [])],
)


def test_bucc_takes_the_threshold_from_dev() -> None:
    predictions = predict(BUCC, {"dev": DEV, "test": DEV}, 4)
    assert predictions["test"] == predictions["dev"]
    assert predictions["dev"][:2] == ["f0", "f1"]
    ranked = candidates(DEV, 4)
    strict = pool(
        [("f0", "a", 0, ()), ("f1", "b", 45, ()), ("f2", "c", 88, ())],
        [("e0", "x", 0, ["f0"] if ranked[0].foreign == 0 else []), ("e1", "y", 47, []), ("e2", "z", 70, [])],
    )
    assert predict(BUCC, {"dev": strict, "test": DEV}, 4)["test"].count("") == 2


def test_predictions_do_not_depend_on_the_order_of_the_rows() -> None:
    expected = by_id(DEV, predict(BUCC, {"dev": DEV}, 2)["dev"])
    for seed in range(5):
        other = shuffled(DEV, seed)
        assert by_id(other, predict(BUCC, {"dev": other}, 2)["dev"]) == expected


def test_pairs_of_repeated_sentences_are_dropped_but_stay_in_the_gold() -> None:
    repeated = pool(
        [("f0", "a", 0, ()), ("f1", "b", 45, ()), ("f2", "b", 45, ())],
        [("e0", "x", 0, ["f0"]), ("e1", "y", 47, ["f1"])],
    )
    predictions = predict(BUCC, {"dev": repeated}, 4)["dev"]
    assert predictions == ["f0", ""]
    scored = Retrieval.score(BUCC, "de", predictions, repeated.examples)
    assert scored.metrics == pytest.approx({"precision": 100.0, "recall": 50.0, "f1": 200 / 3})


def test_a_perfect_encoder_mines_everything() -> None:
    angles = [0, 20, 40, 60, 80]
    perfect = pool(
        [(f"f{a}", f"s{a}", a, ()) for a in angles], [(f"e{a}", f"t{a}", a, [f"f{a}"]) for a in reversed(angles)]
    )
    predictions = predict(BUCC, {"dev": perfect, "test": perfect}, 4)
    assert Retrieval.score(BUCC, "de", predictions["test"], perfect.examples).metrics["f1"] == 100.0
