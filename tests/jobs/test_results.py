from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from xstilts.config.settings import Encoding
from xstilts.config.study import load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Specs
from xstilts.jobs.results import JobOutputs, write_record
from xstilts.scores.score_files import PREDICTIONS, SCORES
from xstilts.task_types import task_type_of
from xstilts.task_types.classification import Classification
from xstilts.task_types.retrieval import Retrieval
from xstilts.tasks.registry import TASKS
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult

CONFIG = {
    "study": "trial",
    "source": {"kind": "synthetic"},
    "models": {"tiny": {"path": "models/tiny"}},
    "arms": {"none": {}},
    "targets": {"xnli": {}, "tatoeba": {}},
}
GOLD = pa.table(
    {"id": ["a", "b"], "premise": ["p", "p"], "hypothesis": ["h", "h"], "label": ["neutral", "entailment"]},
    schema=Classification.schema,
)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study whose results are in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return Runs(load(CONFIG))


def test_scores_and_predictions_of_a_fine_tuning(runs: Runs) -> None:
    outputs = JobOutputs("trial", "tiny", "none", 1, run="0123456789ab")
    task_type = task_type_of(TASKS["xnli"], Encoding())
    outputs.add(task_type, "en", "test", ["neutral", "entailment"], GOLD)
    outputs.add(task_type, "de", "test", ["neutral", "neutral"], GOLD)
    outputs.write(runs, "xnli")

    scores = pq.read_table(runs.paths.part("scores", "tiny", "none", "xnli", 1))
    assert scores.schema.equals(SCORES)
    job = {"study": "trial", "model": "tiny", "arm": "none", "seed": 1, "run": "0123456789ab", "flag": None}
    cell = {"target": "xnli", "split": "test", "metric": "accuracy", "n": 2}
    assert scores.to_pylist() == [
        {**job, **cell, "language": "en", "score": 100.0},
        {**job, **cell, "language": "de", "score": 50.0},
    ]
    predictions = pq.read_table(runs.paths.part("predictions", "tiny", "none", "xnli", 1))
    assert predictions.schema.equals(PREDICTIONS)
    assert predictions.slice(2).to_pylist() == [
        {"target": "xnli", "language": "de", "split": "test", "example": "a", "prediction": "neutral",
         "gold": "neutral", "score": 100.0},
        {"target": "xnli", "language": "de", "split": "test", "example": "b", "prediction": "neutral",
         "gold": "entailment", "score": 0.0},
    ]  # fmt: skip


def test_retrieval_predicts_for_english_sentences_alone(runs: Runs) -> None:
    pool = pa.table(
        {
            "id": ["de-1", "de-2", "en-1", "en-2"],
            "side": ["foreign", "foreign", "english", "english"],
            "text": ["eins", "zwei", "one", "two"],
            "matches": [[], [], ["de-1"], ["de-2"]],
        },
        schema=Retrieval.schema,
    )
    outputs = JobOutputs("trial", "tiny", "none", 1, run="0123456789ab")
    outputs.add(task_type_of(TASKS["tatoeba"], Encoding()), "de", "test", ["de-1", "de-1"], pool)
    outputs.write(runs, RETRIEVAL)
    (score,) = pq.read_table(runs.paths.part("scores", "tiny", "none", RETRIEVAL, 1)).to_pylist()
    assert (score["n"], score["metric"], score["score"]) == (2, "accuracy", 50.0)
    predictions = pq.read_table(runs.paths.part("predictions", "tiny", "none", RETRIEVAL, 1))
    assert predictions.column("example").to_pylist() == ["en-1", "en-2"]


def test_a_prediction_too_few_is_an_error(runs: Runs) -> None:
    outputs = JobOutputs("trial", "tiny", "none", 1, run="0123456789ab")
    with pytest.raises(ValueError):
        outputs.add(task_type_of(TASKS["xnli"], Encoding()), "en", "test", ["neutral"], GOLD)


@pytest.mark.parametrize("trains", [True, False])
def test_record_says_how_a_result_came_about(runs: Runs, trains: bool) -> None:
    curve = [{"step": 5, "loss": 1.0, "xnli": 40.0}]
    trained = TrainingResult(nn.ModuleDict(), steps=10, best_step=5, curve=curve) if trains else None
    spec, path = Specs(runs).finetune("tiny", "none", "xnli", 1), runs.paths.root / "record.json"
    write_record(path, runs, spec, Device("cpu", torch.float32), trained, time.monotonic() - 3)
    record = json.loads(path.read_text())
    assert record["spec"] == spec
    assert record["synthetic"] is True
    expected = {"steps": 10, "best_step": 5, "curve": curve, "halvings": [], "resumed_at": []}
    assert record["training"] == (expected if trains else None)
    assert record["seconds"] == pytest.approx(3, abs=1)
    assert record["hardware"]["device"] == "CPU"
    software = set(record["software"]) - {"peft"}  # there where another test of this process has imported it
    assert software == {"python", "xstilts", "torch", "transformers", "tokenizers", "pyarrow"}
