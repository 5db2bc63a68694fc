"""Compare the speed of fine-tuning with transformers' Trainer: same encoder, data, optimiser and number of steps.

    python benchmarks/train.py --layers 6 --width 256
    python benchmarks/train.py --layers 6 --width 256 --compile   # XSTILTs alone, with and without torch.compile
    python benchmarks/train.py --reduced

The task is natural-language inference on made-up sentences whose lengths are those of MNLI; single words of the
hypothesis decide the label. The encoder has random weights. One thread. Two ways of the Trainer are measured: at its
best (batches of similar length, padded to their longest row, fused AdamW), and padding every row to 128 tokens. What is
measured is the training alone, per step. Afterwards, the loss curves and the scores on 300 other examples say
that all ways have learnt the same.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import inputs
import measuring
import numpy as np
import pyarrow as pa
import torch
import transformers
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from xstilts.config.settings import Compute, Encoding, Hyperparameters
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import EncodedRows
from xstilts.data.fitting import fitted
from xstilts.encoders import storage
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens, TaskType
from xstilts.tasks.registry import TASKS
from xstilts.training.collapse import primary_score
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.prediction import predict
from xstilts.training.steps import TaskData

MAX_LENGTH = 128  # tokens
BATCH = 32  # examples
LABELS = ("entailment", "neutral", "contradiction")  # MNLI's
_CUES = (("ever", "also"), ("perhaps", "maybe"), ("never", "nobody"))  # words that decide the label
_RATE, _DECAY, _WARMUP = 5e-4, 0.01, 0.1
_PARTS = 4  # of the loss curve


@dataclass
class Measured:
    """What each training of one way has learnt.

    Attributes:
        losses: Of each turn, the mean training losses of the quarters of the training.
        accuracies: Of each turn, the accuracy on dev data in points.
    """

    losses: list[list[float]] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Means over the turns, and the standard deviation of the accuracy over its seeds."""
        return {
            "losses": [round(float(value), 3) for value in np.mean(self.losses, axis=0)],
            "accuracy": round(statistics.mean(self.accuracies), 1),
            "deviation": round(statistics.stdev(self.accuracies), 1),
        }


@dataclass(frozen=True)
class Setting:
    """What all ways share.

    Attributes:
        folder: The encoder with its tokenizer, and the encoded rows.
        task_type: MNLI's.
        dev: Canonical examples to score.
        steps: Optimiser steps of a training.
    """

    folder: Path
    task_type: TaskType
    dev: pa.Table
    steps: int

    def rows(self, split: str) -> EncodedRows:
        """Encoded rows."""
        return EncodedRows(self.folder / f"{split}.en.arrow")


class Ours:
    """A training with XSTILTs: a new one, with another seed, in every call.

    Args:
        setting: What to train on.
        compiled: Whether the encoder goes through torch.compile, which compiles in the turn that does not count.
    """

    def __init__(self, setting: Setting, compiled: bool = False) -> None:
        self.setting, self.compiled, self.trained, self.seed = setting, compiled, Measured(), 0
        self.tokens = SpecialTokens.of(fitted(tokenizers.load(setting.folder), _config(setting), "benchmark"))
        self.hyper = Hyperparameters(
            learning_rate=_RATE,
            batch_size=BATCH,
            max_steps=setting.steps,
            warmup_share=_WARMUP,
            weight_decay=_DECAY,
            eval_every=setting.steps // _PARTS,
            sentence_vector="first_token",  # as in the model of transformers
        )
        self.device = Device("cpu", torch.float32)

    def __call__(self) -> Callable[[], None]:
        """Train; returns what scores the training."""
        self.seed += 1
        encoder = storage.load(self.setting.folder, Compute())
        if self.compiled:
            encoder.compile(dynamic=True)
        task_type, data = self.setting.task_type, TaskData(self.setting.task_type, self.setting.rows("train"))
        result = train(encoder, [data], self.tokens, self.hyper, self.seed, self.device, "benchmark")

        def score() -> None:
            head, rows = result.heads[data.name], self.setting.rows("dev")
            predictions = predict(task_type, encoder, head, rows, self.setting.dev, self.tokens, BATCH, self.device)
            self.trained.accuracies.append(primary_score(task_type, predictions, self.setting.dev))
            self.trained.losses.append([entry["loss"] for entry in result.curve])

        return score


class Theirs:
    """A training with transformers' Trainer: a new one, with another seed, in every call.

    Args:
        setting: What to train on.
        padded: Whether every row is padded to the maximum length, and batches are of any lengths.
    """

    def __init__(self, setting: Setting, padded: bool) -> None:
        self.setting, self.trained, self.seed = setting, Measured(), 0
        self.tokenizer = fitted(tokenizers.load(setting.folder), _config(setting), "benchmark")
        self.grouping = "random" if padded else "group_by_length"
        self.padding: dict[str, Any] = (
            {"padding": "max_length", "max_length": MAX_LENGTH} if padded else {"padding": "longest"}
        )
        self.rows = {split: _as_lists(setting.rows(split)) for split in ("train", "dev")}

    def __call__(self) -> Callable[[], None]:
        """Train; returns what scores the training."""
        self.seed += 1
        arguments = TrainingArguments(
            output_dir=str(self.setting.folder / "trainer"),
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            max_steps=self.setting.steps,
            learning_rate=_RATE,
            weight_decay=_DECAY,
            warmup_steps=int(_WARMUP * self.setting.steps),
            optim="adamw_torch_fused",
            train_sampling_strategy=self.grouping,
            logging_steps=self.setting.steps // _PARTS,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            seed=self.seed,
            dataloader_pin_memory=False,
        )
        transformers.set_seed(self.seed)
        model = AutoModelForSequenceClassification.from_pretrained(self.setting.folder, num_labels=len(LABELS))
        collate = DataCollatorWithPadding(self.tokenizer, **self.padding)
        trainer = Trainer(model, arguments, train_dataset=self.rows["train"], data_collator=collate)
        trainer.remove_callback(PrinterCallback)  # it prints losses among the results
        trainer.train()

        def score() -> None:
            rows: Any = self.rows["dev"]  # a list will do, whatever its type says
            found = trainer.predict(rows)
            hits = np.asarray(found.predictions).argmax(axis=1) == np.asarray(found.label_ids)
            self.trained.accuracies.append(100 * float(hits.mean()))
            losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
            self.trained.losses.append([float(loss) for loss in losses])

        return score


def _config(setting: Setting) -> transformers.PreTrainedConfig:
    return storage.read_config(setting.folder)


def _as_lists(rows: EncodedRows) -> list[dict[str, Any]]:
    """Rows as a Trainer reads them fastest: dicts in memory."""
    return [
        {"input_ids": row["input_ids"].tolist(), "attention_mask": [1] * len(row["input_ids"]), "label": row["label"]}
        for row in rows[range(len(rows))]
    ]


def _examples(count: int, seed: int) -> pa.Table:
    """Canonical NLI examples with lengths as MNLI's: premises of 18 words in the median, hypotheses of 9."""
    random = np.random.default_rng(seed)
    hypotheses, labels = [], random.integers(len(LABELS), size=count)
    for sentence, label in zip(inputs.sentences(count, seed + 1, words=9), labels, strict=True):
        words = sentence.split()
        words.insert(int(random.integers(len(words))), str(random.choice(_CUES[label])))
        hypotheses.append(" ".join(words))
    columns = {
        "id": [str(index) for index in range(count)],
        "premise": inputs.sentences(count, seed, words=18),
        "hypothesis": hypotheses,
        "label": [LABELS[label] for label in labels],
    }
    return pa.table(columns)


def _prepare(folder: Path, layers: int, width: int, examples: int, steps: int) -> Setting:
    """Make encoder, data and encoded rows in a folder."""
    inputs.random_encoder(folder, layers, width)
    task_type = task_type_of(TASKS["mnli"], Encoding(max_length=MAX_LENGTH))
    tokenizer = fitted(tokenizers.load(folder), storage.read_config(folder), "benchmark")
    tables = {"train": _examples(examples, seed=10), "dev": _examples(300, seed=20)}
    for split, table in tables.items():
        inputs.write_rows(folder / f"{split}.en.arrow", task_type.encode(table, tokenizer))
    return Setting(folder, task_type, tables["dev"], steps)


def _take_turns(ways: Mapping[str, Ours | Theirs], turns: int) -> dict[str, list[float]]:
    """CPU seconds per step of each way in each turn; each is scored outside of the measurement."""
    scores: list[Callable[[], None]] = []

    def training(way: Ours | Theirs) -> None:
        scores.append(way())

    seconds = measuring.take_turns({name: partial(training, way) for name, way in ways.items()}, turns)
    for score in scores:
        score()
    steps = next(iter(ways.values())).setting.steps
    return {name: [value / steps for value in values] for name, values in seconds.items()}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--compile", action="store_true", help="measure XSTILTs with torch.compile, not the Trainer")
    arguments = parser.parse_args()
    if arguments.reduced:
        arguments.layers, arguments.width, arguments.examples, arguments.steps = 3, 64, 1000, 24
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)  # as in a training job, for all ways
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as name:
        setting = _prepare(Path(name), arguments.layers, arguments.width, arguments.examples, arguments.steps)
        ways: dict[str, Ours | Theirs] = {measuring.OURS: Ours(setting)}
        if arguments.compile:
            ways["compiled"] = Ours(setting, compiled=True)
        else:
            ways |= {"Trainer": Theirs(setting, padded=False), "Trainer, padded": Theirs(setting, padded=True)}
        _measure(setting, ways, f"{arguments.layers} x {arguments.width}", arguments.turns)


def _measure(setting: Setting, ways: Mapping[str, Ours | Theirs], shape: str, turns: int) -> None:
    seconds = _take_turns(ways, turns)
    lengths: Sequence[int] = setting.rows("train").lengths.tolist()
    measuring.print_result(
        "train",
        seconds,
        ["torch", "transformers", "accelerate"],
        encoder=shape,
        steps=setting.steps,
        tokens={"median": statistics.median(lengths), "largest": max(lengths)},
        learnt={name: way.trained.summary() for name, way in ways.items()},
    )


if __name__ == "__main__":
    main()
