"""The retrieval job: which sentences it embeds with which encoder and layer, and the rows of its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from labelled_study import CONFIG, EXAMPLES, ids, texts, texts_of, weights_of
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Embedding
from xstilts.config.study import load
from xstilts.data.encoding import EncodedRows
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.jobs import retrieval
from xstilts.retrieval.predict import Pool
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.task import Task
from xstilts.training.session import Session

FILES = ["tatoeba.test.de", "tatoeba.test.fr", "bucc2018.dev.de", "bucc2018.test.de"]
LAYERS = {"tatoeba": 1, "bucc2018": 2}
#: How many of the four English sentences of each pool get their translation.
RIGHT = dict(zip(FILES, (1, 2, 3, 4), strict=True))
SPEC: dict[str, Any] = {"id": "0123456789ab"}


@dataclass
class Embedded:
    """The arguments of a call of ``embed``."""

    weights: set[float]
    texts: list[str] | None
    settings: Embedding


class Recorder:
    """Replaces ``embed`` and ``predict_retrieval``. All numbers of an embedding are the number of the call."""

    def __init__(self, pieces: PreTrainedTokenizerFast) -> None:
        self.pieces = pieces
        self.embedded: list[Embedded] = []
        self.predicted: list[tuple[str, dict[str, Pool], Embedding]] = []

    def embed(
        self, encoder: PreTrainedModel, rows: EncodedRows, tokens: SpecialTokens, settings: Embedding
    ) -> torch.Tensor:
        self.embedded.append(Embedded(weights_of(encoder), texts_of(rows, self.pieces), settings))
        return torch.full((len(rows), 2), len(self.embedded) - 1)

    def predict(self, task: Task, pools: Mapping[str, Pool], settings: Embedding, *_rest: Any) -> dict[str, list[str]]:
        self.predicted.append((task.name, dict(pools), settings))
        answers = {}
        for split, pool in pools.items():
            gold = [matches[0] for matches in pool.examples.column("matches").to_pylist() if matches]
            right = RIGHT[file_of(pool)]
            answers[split] = [*gold[:right], *[""] * (len(gold) - right)]
        return answers


def file_of(pool: Pool) -> str:
    return pool.ids()[0].rsplit(".", 1)[0]


@pytest.fixture
def recorder(pieces: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder(pieces)
    monkeypatch.setattr("xstilts.jobs.retrieval.embed", recorder.embed)
    monkeypatch.setattr("xstilts.jobs.retrieval.predict_retrieval", recorder.predict)
    return recorder


def rows_of(runs: Runs, kind: str, *columns: str, arm: str = "none", seed: int = 1) -> set[tuple[Any, ...]]:
    table = pq.read_table(runs.paths.part(kind, "ready", arm, RETRIEVAL, seed))
    rows = table.to_pylist()
    return {tuple(round(row[name], 6) if name == "score" else row[name] for name in columns) for row in rows}


@pytest.mark.parametrize(
    ("model", "arm", "seed", "weights"),
    [("ready", "none", 1, 0.25), ("own", "none", 1, 0.5), ("ready", "mnli", 1, 0.625), ("ready", "mnli", 2, 0.75)],
)
def test_embeds_with_the_arms_encoder(
    runs: Runs, recorder: Recorder, model: str, arm: str, seed: int, weights: float
) -> None:
    retrieval.retrieve(runs, SPEC, model, arm, seed, 1, Session())
    assert all(embedded.weights == {weights} for embedded in recorder.embedded)


def test_embeds_every_pool_once_at_the_layer_of_its_task(runs: Runs, recorder: Recorder) -> None:
    retrieval.retrieve(runs, SPEC, "ready", "none", 1, 1, Session())
    assert [embedded.texts for embedded in recorder.embedded] == [texts(*file.split(".")) for file in FILES]
    assert [embedded.settings.layer for embedded in recorder.embedded] == [LAYERS[file.split(".")[0]] for file in FILES]


def test_pools_of_a_language_are_predicted_together_by_split(runs: Runs, recorder: Recorder) -> None:
    retrieval.retrieve(runs, SPEC, "ready", "none", 1, 1, Session())
    assert [(task, list(pools)) for task, pools, _ in recorder.predicted] == [
        ("tatoeba", ["test"]),
        ("tatoeba", ["test"]),
        ("bucc2018", ["dev", "test"]),
    ]
    seen = {}
    for task, pools, settings in recorder.predicted:
        assert settings.layer == LAYERS[task]
        for split, pool in pools.items():
            file = file_of(pool)
            assert file.startswith(f"{task}.{split}.")
            assert pool.ids() == ids(*file.split("."))
            (seen[file],) = set(pool.embeddings.unique().tolist())
    assert seen == {file: number for number, file in enumerate(FILES)}


def test_scores_land_in_the_rows_of_their_files(runs: Runs, recorder: Recorder) -> None:
    retrieval.retrieve(runs, SPEC, "ready", "mnli", 2, 1, Session())
    assert rows_of(runs, "scores", "study", "model", "arm", "seed", "run", "n", arm="mnli", seed=2) == {
        ("wired", "ready", "mnli", 2, SPEC["id"], EXAMPLES // 2)
    }
    assert rows_of(runs, "scores", "target", "split", "language", "metric", "score", arm="mnli", seed=2) == {
        ("tatoeba", "test", "de", "accuracy", 25.0),
        ("tatoeba", "test", "fr", "accuracy", 50.0),
        ("bucc2018", "dev", "de", "precision", 100.0),
        ("bucc2018", "dev", "de", "recall", 75.0),
        ("bucc2018", "dev", "de", "f1", round(600 / 7, 6)),
        *(("bucc2018", "test", "de", metric, 100.0) for metric in ("precision", "recall", "f1")),
    }


def test_predictions_are_kept_for_english_sentences(runs: Runs, recorder: Recorder) -> None:
    retrieval.retrieve(runs, SPEC, "ready", "none", 1, 1, Session())
    expected = set()
    for file in FILES:
        foreign, english = ids(*file.split("."))[0::2], ids(*file.split("."))[1::2]
        for number, (translation, example) in enumerate(zip(foreign, english, strict=True)):
            prediction = translation if number < RIGHT[file] else ""
            expected.add((*file.split("."), example, prediction))
    assert rows_of(runs, "predictions", "target", "split", "language", "example", "prediction") == expected


@pytest.mark.parametrize("splits", [["dev", "test"], ["test"]])
def test_dev_scores_are_those_that_a_threshold_is_chosen_on(runs: Runs, recorder: Recorder, splits: list[str]) -> None:
    runs = Runs(load({**CONFIG, "splits": splits}))
    retrieval.retrieve(runs, SPEC, "ready", "none", 1, 1, Session())
    assert rows_of(runs, "dev_scores", "stage", "task", "language", "metric", "score") == {
        (RETRIEVAL, "bucc2018", "de", "precision", 100.0),
        (RETRIEVAL, "bucc2018", "de", "recall", 75.0),
        (RETRIEVAL, "bucc2018", "de", "f1", round(600 / 7, 6)),
    }
    scored = {(target, split) for target, split in rows_of(runs, "scores", "target", "split")}
    assert scored == {("tatoeba", "test"), *(("bucc2018", split) for split in splits)}


def test_record_says_that_nothing_was_trained(runs: Runs, recorder: Recorder) -> None:
    retrieval.retrieve(runs, SPEC, "ready", "none", 1, 1, Session())
    record = json.loads(runs.paths.part("records", "ready", "none", RETRIEVAL, 1, "json").read_bytes())
    assert (record["spec"], record["training"]) == (SPEC, None)
