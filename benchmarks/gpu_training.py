"""Training that :mod:`gpu` measures: an encoder of XLM-R's family with random weights, on a GPU or a CPU."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import inputs
import numpy as np
import pyarrow as pa
import torch
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments, XLMRobertaConfig, XLMRobertaModel
from transformers import XLMRobertaForSequenceClassification as Classifier

from xstilts.config.settings import Encoding, Hyperparameters
from xstilts.data.encoding import EncodedRows
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TASKS
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

MAX_LENGTH, BATCH, LABELS = 128, 32, 3
FIRST, PAD, LAST = 0, 1, 2  # token ids of XLM-R


@dataclass(frozen=True)
class Size:
    """How much is measured: the encoder's shape, and numbers of steps, examples and sentences."""

    layers: int = 24
    width: int = 1024
    vocabulary: int = 250_002
    steps: int = 60
    unmeasured: int = 20  # steps before those
    examples: int = 8000
    mined: int = 100_000  # sentences on either side
    jobs: int = 3  # that share the GPU at the most

    @property
    def config(self) -> XLMRobertaConfig:
        """The encoder's configuration."""
        return XLMRobertaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.width,
            num_hidden_layers=self.layers,
            num_attention_heads=max(1, self.width // 64),
            intermediate_size=4 * self.width,
            max_position_embeddings=514,
            type_vocab_size=1,
            id2label={number: str(number) for number in range(LABELS)},
            pad_token_id=PAD,
        )


TINY = Size(2, 32, 500, steps=4, unmeasured=2, examples=200, mined=300, jobs=2)


class Clock:
    """Seconds between two points of a training, when the GPU has done what it was given."""

    def __init__(self, device: Device, first: int) -> None:
        self._device, self._first, self._started = device, first, 0.0

    def tell(self, step: int) -> None:
        """Note that so many steps have been taken."""
        if step == self._first:
            self._started = self._now()
            if self._device.kind == "cuda":
                torch.cuda.reset_peak_memory_stats()

    def seconds(self) -> float:
        """Seconds since the first step that counts."""
        return self._now() - self._started

    def _now(self) -> float:
        if self._device.kind == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def write_pairs(path: Path, size: Size) -> EncodedRows:
    """Make encoded pairs whose lengths are as MNLI's: 37 tokens in the median."""
    random = np.random.default_rng(0)
    lengths = np.clip(random.lognormal(np.log(37), 0.45, size.examples), 8, MAX_LENGTH).astype(int)
    ids = [[FIRST, *random.integers(5, size.vocabulary, length - 2).tolist(), LAST] for length in lengths]
    rows = pa.table(
        {
            "example": pa.array(range(size.examples), pa.int32()),
            "input_ids": pa.array(ids, pa.list_(pa.int32())),
            "label": pa.array(random.integers(LABELS, size=size.examples), pa.int32()),
        }
    )
    return inputs.write_rows(path, rows)


def our_training(
    rows: EncodedRows, size: Size, device: Device, ready: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Train with XSTILTs; ``ready`` is called before the steps that count."""
    encoder, clock = XLMRobertaModel(size.config), Clock(device, size.unmeasured)
    hyper = Hyperparameters(batch_size=BATCH, max_steps=size.unmeasured + size.steps, eval_every=10**6)
    data = TaskData(task_type_of(TASKS["mnli"], Encoding(max_length=MAX_LENGTH)), rows)

    def told(what: str, step: int, total: int) -> None:
        if step == size.unmeasured:
            ready()
        clock.tell(step)

    train(encoder, [data], special_tokens(size), hyper, 1, device, "benchmark", Session(on_progress=told))
    return _per_step(clock, size, device)


def their_training(rows: EncodedRows, size: Size, device: Device, padded: bool) -> dict[str, float]:
    """Train with transformers' Trainer at its best, or with every row padded to the maximum length."""
    clock = Clock(device, size.unmeasured)

    class Tell(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            clock.tell(state.global_step)

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        length = MAX_LENGTH if padded else -(-max(len(row["input_ids"]) for row in batch) // 8) * 8
        ids = torch.full((len(batch), length), PAD)
        for place, row in enumerate(batch):
            ids[place, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
        return {
            "input_ids": ids,
            "attention_mask": (ids != PAD).long(),
            "labels": torch.tensor([row["label"] for row in batch]),
        }

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            max_steps=size.unmeasured + size.steps,
            optim="adamw_torch_fused",
            bf16=device.precision is torch.bfloat16,
            train_sampling_strategy="random" if padded else "group_by_length",
            dataloader_num_workers=2 if device.kind == "cuda" else 0,
            dataloader_pin_memory=device.kind == "cuda",
            logging_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=device.kind == "cpu",
            remove_unused_columns=False,
        )
        examples = [{"input_ids": row["input_ids"].tolist(), "label": row["label"]} for row in rows[range(len(rows))]]
        trainer = Trainer(
            Classifier(size.config), arguments, train_dataset=examples, data_collator=collate, callbacks=[Tell()]
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return _per_step(clock, size, device)


def _per_step(clock: Clock, size: Size, device: Device) -> dict[str, float]:
    seconds = clock.seconds()
    peak = torch.cuda.max_memory_allocated() if device.kind == "cuda" else 0
    return {"ms per step": round(1000 * seconds / size.steps, 2), "peak GB": round(peak / 1e9, 2)}


def special_tokens(size: Size) -> SpecialTokens:
    """Those of XLM-R."""
    return SpecialTokens(PAD, size.vocabulary - 1, (FIRST, PAD, LAST, 3), size.vocabulary, longest=512)
