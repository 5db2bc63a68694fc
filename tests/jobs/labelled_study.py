"""A small encoded study whose examples name the file they are in, and recorders in place of training and prediction.

Every file has ``EXAMPLES`` examples with ids such as 'xnli.dev.de.0'. All weights of an encoder on disk are one number.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Hyperparameters
from xstilts.config.study import load
from xstilts.data import tokenizer
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.data.examples import Provenance, write
from xstilts.encoders import storage as encoders
from xstilts.graph.runs import Runs
from xstilts.task_types import canonical_schema
from xstilts.task_types.base import SpecialTokens, TaskType
from xstilts.tasks.registry import TEXT
from xstilts.tasks.task import Task
from xstilts.training.loop import TrainingResult
from xstilts.training.steps import TaskData

EXAMPLES = 8
VALUES = "fiction", "travel"  # of metadata, in turn
SHAPE = {"hidden_size": 8, "layers": 2, "heads": 2, "feed_forward_size": 8, "max_length": 64, "seed": 7}
TRAINED = 9.0  # all weights after ``RecordingTrainer``

CONFIG: dict[str, Any] = {
    "study": "wired",
    "source": {"kind": "files", "root": "data"},
    "models": {"ready": {"path": "models/ready"}, "own": {"architecture": SHAPE}},
    "seeds": [1, 2],
    "arms": {
        "none": {},
        "mnli": {"tasks": ["mnli"]},
        "few": {"tasks": ["mnli", "ccg"], "train_examples": 3, "training": {"batch_size": 5}},
        "control": {"weights": "random"},
        "scratch": {"weights": "random", "tasks": ["mnli"]},
    },
    "targets": {
        "xnli": {"languages": ["de", "en"]},
        "xquad": {"languages": ["de", "en"]},
        "mlqa": {"languages": ["de"]},
        "tatoeba": {"languages": ["de", "fr"]},
        "bucc2018": {"languages": ["de"]},
    },
    "splits": ["dev", "test"],
    "training": {
        "pretraining": {"learning_rate": 0.011},
        "intermediate": {"learning_rate": 0.012, "eval_examples": 2, "tasks": {"mnli": {"learning_rate": 0.013}}},
        "target": {
            "learning_rate": 0.014,
            "batch_size": 7,
            "tasks": {"squad_v1": {"learning_rate": 0.015, "eval_examples": 3}},
        },
    },
    "encoding": {"max_length": 64, "doc_stride": 32, "max_query_length": 32},
    "retrieval": {"layer": 1, "tasks": {"bucc2018": {"layer": 2}}},
}
#: By folder below the working directory, the number that all weights of its encoder are.
WEIGHTS = {
    "models/ready": 0.25,
    "results/wired/encoders/own/pretrained": 0.5,
    "results/wired/encoders/ready/mnli/seed1": 0.625,
    "results/wired/encoders/ready/mnli/seed2": 0.75,
}


def texts(task: str, split: str, language: str) -> list[str]:
    """The texts of a file's examples, which occur in no other file."""
    return [f"{task} {split} {language} {number}" for number in range(EXAMPLES)]


def ids(task: str, split: str, language: str) -> list[str]:
    return [text.replace(" ", ".") for text in texts(task, split, language)]


def prepare(runs: Runs) -> PreTrainedTokenizerFast:
    """Write the study's canonical and encoded files, its tokenizers and encoders into the working directory."""
    files = [
        (task, *file)
        for task in (*runs.study.tasks(), *runs.study.translations, TEXT.name)
        for file in runs.files(task)
    ]
    pieces = tokenizer.train([text for file in files for text in texts(*file)], 300, 64)
    for task, split, language in files:
        declared = runs.study.task(task)
        rows = [_example(declared, i, text) for i, text in enumerate(texts(task, split, language))]
        rows = [row | dict.fromkeys(declared.metadata, VALUES[i % 2]) for i, row in enumerate(rows)]
        schema = canonical_schema(declared)
        provenance = Provenance(task, split, language, "test", "none", False)
        path = runs.paths.examples(task, split, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, declared, pa.Table.from_pylist(rows, schema=schema), provenance, "test")
    for model in runs.study.models:
        tokenizer.save(pieces, runs.paths.tokenizer(model))
        for task in {task for task, *_ in files}:
            paths = [runs.paths.examples(task, *file) for file in runs.files(task)]
            encode_task(
                runs.study.task(task), runs.study.encoding_of(task), pieces, paths, runs.paths.tokens(model, task)
            )
    for folder, value in WEIGHTS.items():
        encoders.save(filled(encoders.fresh(Architecture(**SHAPE), pieces, Compute()), value), Path(folder))
    return pieces


def prepared_in(folder: Path, config: dict[str, Any]) -> tuple[Path, PreTrainedTokenizerFast]:
    """The folder, with all files of a study, and their tokenizer. Not to be changed: tests copy it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder, prepare(Runs(load(config)))


def copied(prepared: Path, folder: Path, config: dict[str, Any], patch: pytest.MonkeyPatch) -> Runs:
    """A study in a copy of a prepared folder, which becomes the working directory."""
    shutil.copytree(prepared, folder)
    patch.chdir(folder)
    return Runs(load(config))


def _example(task: Task, number: int, text: str) -> dict[str, Any]:
    values: dict[str, Any] = {"id": text.replace(" ", ".")}
    match task.type:
        case "classification":
            return values | {"premise": text, "hypothesis": "so", "label": task.labels[number % 2]}
        case "tagging":
            return values | {"tokens": text.split(), "tags": ["N", "S", "L", "(S/N)/L"]}
        case "span_qa":
            return values | {"question": text, "context": f"so {text}", "answers": ["so"], "answer_starts": [0]}
        case "retrieval":
            before = ".".join([*text.split()[:-1], str(number - 1)])
            side, matches = ("english", [before]) if number % 2 else ("foreign", [])
            return values | {"side": side, "text": text, "matches": matches}
    return values | {"text": text}


def filled(encoder: PreTrainedModel, value: float) -> PreTrainedModel:
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.fill_(value)
    return encoder


def weights_of(encoder: PreTrainedModel) -> set[float]:
    """The distinct numbers among an encoder's weights."""
    return {value for parameter in encoder.parameters() for value in parameter.unique().tolist()}


def same_weights(one: dict[str, torch.Tensor], other: PreTrainedModel) -> bool:
    state = other.state_dict()
    return one.keys() == state.keys() and all(torch.equal(one[name], state[name]) for name in one)


def texts_of(rows: EncodedRows | None, pieces: PreTrainedTokenizerFast) -> list[str] | None:
    """The first segment of each row, as text."""
    if rows is None:
        return None
    joined = ("".join(pieces.convert_ids_to_tokens(row["input_ids"])) for row in rows[range(len(rows))])
    return [text.removeprefix("<s>").split("</s>")[0].replace("▁", " ").strip() for text in joined]


@dataclass
class TrainingCall:
    """The arguments of a call of ``train``; ``state`` is a copy of the encoder's weights at the call."""

    encoder: PreTrainedModel
    state: dict[str, torch.Tensor]
    task_data: Sequence[TaskData]
    tokens: SpecialTokens
    hyper: Hyperparameters
    seed: int
    heads: nn.ModuleDict

    @property
    def weights(self) -> set[float]:
        return {value for tensor in self.state.values() for value in tensor.unique().tolist()}


class RecordingTrainer:
    """Replaces ``train``: records its arguments and sets all weights to ``TRAINED``."""

    def __init__(self) -> None:
        self.calls: list[TrainingCall] = []

    def __call__(
        self,
        encoder: PreTrainedModel,
        task_data: Sequence[TaskData],
        tokens: SpecialTokens,
        hyper: Hyperparameters,
        seed: int,
        *_rest: Any,
        **_named: Any,
    ) -> TrainingResult:
        state = {name: value.clone() for name, value in encoder.state_dict().items()}
        heads = nn.ModuleDict({data.name: nn.Linear(1, 1) for data in task_data})
        self.calls.append(TrainingCall(encoder, state, task_data, tokens, hyper, seed, heads))
        filled(encoder, TRAINED)
        return TrainingResult(heads, steps=4, best_step=2, curve=[{"step": 2, "loss": 1.0}])


@dataclass
class PredictionCall:
    """The arguments of a call of ``predict``."""

    task_type: TaskType
    encoder: PreTrainedModel
    head: nn.Module
    rows: EncodedRows
    examples: pa.Table
    batch_size: int

    @property
    def file(self) -> str:
        """The file that the examples are of, such as 'xnli.dev.de'."""
        return str(self.examples.column("id")[0]).rsplit(".", 1)[0]


class RecordingPredictor:
    """Replaces ``predict``: records its arguments; the first ``right[file]`` predictions are correct."""

    def __init__(self, right: dict[str, int]) -> None:
        self.right = right
        self.calls: list[PredictionCall] = []

    def __call__(
        self,
        task_type: TaskType,
        encoder: PreTrainedModel,
        head: nn.Module,
        rows: EncodedRows,
        examples: pa.Table,
        tokens: SpecialTokens,
        batch_size: int,
        *_rest: Any,
    ) -> list[str]:
        call = PredictionCall(task_type, encoder, head, rows, examples, batch_size)
        self.calls.append(call)
        gold = [str(answer) for answer in _gold(task_type, examples)]
        wrong = "neither" if task_type.task.type == "span_qa" else "contradiction"
        right = self.right.get(call.file, EXAMPLES)
        return [*gold[:right], *[wrong] * (len(gold) - right)]


def _gold(task_type: TaskType, examples: pa.Table) -> list[Any]:
    match task_type.task.type:
        case "span_qa":
            return [answers[0] for answers in examples.column("answers").to_pylist()]
        case "tagging":
            return [" ".join(tags) for tags in examples.column("tags").to_pylist()]
    return examples.column("label").to_pylist()


def subset(seed: int, count: int) -> np.ndarray:
    """The examples that an arm with ``train_examples: count`` uses."""
    return np.sort(np.random.default_rng(seed).permutation(EXAMPLES)[:count])
