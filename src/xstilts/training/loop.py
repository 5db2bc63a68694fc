"""The training loop: pretraining, intermediate training and fine-tuning are all this one.

AdamW with linear warm-up and decay, gradient clipping, one task per step; now and then an evaluation on English dev
data, after which the best state so far is kept and, at the end, restored (protocol: jiant's ``runscript`` and
``metarunner``; ``Hyperparameters`` says where XTREME's scripts do otherwise).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from xstilts.catalogue.languages import ENGLISH
from xstilts.encoding import EncodedRows
from xstilts.errors import UserError
from xstilts.formats.base import Format, Row, Tokens
from xstilts.settings import Hyperparameters
from xstilts.training.batches import batches_per_epoch, mixture, shuffled_batches
from xstilts.training.device import Device
from xstilts.training.optimiser import adamw, schedule
from xstilts.training.prediction import headline, predict
from xstilts.training.progress import Steps
from xstilts.training.selection import BestState

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Material:
    """One task's part in a training run: rows to learn from, and dev data to select on.

    Dev data is absent when pretraining, and where its labels have been removed: then nothing can be selected.
    """

    formatter: Format
    train: EncodedRows
    dev: EncodedRows | None = None
    dev_examples: pa.Table | None = None

    @property
    def name(self) -> str:
        return self.formatter.task.name


@dataclass
class Trained:
    """What comes out beside the encoder, which is trained in place."""

    heads: nn.ModuleDict
    steps: int = 0
    best_step: int = 0
    #: One entry per evaluation: step, mean training loss since the last one, dev score by task in points.
    curve: list[dict[str, float]] = field(default_factory=list)


def planned_steps(materials: Sequence[Material], hyper: Hyperparameters) -> int:
    """``max_steps``, or what ``epochs`` over the (capped) tasks amount to."""
    if hyper.max_steps is not None:
        return hyper.max_steps
    cap = hyper.examples_cap or math.inf
    rows = [int(min(len(material.train), cap)) for material in materials]
    return math.ceil(hyper.epochs * sum(batches_per_epoch(count, hyper.batch_size) for count in rows))


def train(
    encoder: PreTrainedModel,
    materials: Sequence[Material],
    tokens: Tokens,
    hyper: Hyperparameters,
    seed: int,
    device: Device,
    what: str,
) -> Trained:
    """Train ``encoder`` in place, with a fresh head per task.

    Raises:
        UserError: where the loss stops being finite.
    """
    torch.manual_seed(seed)
    heads = nn.ModuleDict({m.name: m.formatter.head(encoder.config, hyper.sentence_vector) for m in materials})
    device.place(encoder)
    device.place(heads)
    total = planned_steps(materials, hyper)
    trained = Trained(heads, steps=total)
    optimiser = adamw(encoder, heads, hyper)
    rate = schedule(optimiser, total, hyper)
    best = BestState()
    losses: list[float] = []
    with Steps(what, total) as steps:
        for step, (material, rows) in enumerate(_steps(materials, hyper, seed, total), start=1):
            encoder.train()
            heads.train()
            loss = _backward(encoder, heads[material.name], material.formatter, rows, tokens, hyper, device)
            if not math.isfinite(loss):
                at = f"at step {step} of {total} ({material.name}, learning rate {rate.get_last_lr()[0]:.2g})"
                raise UserError(
                    f"{what}: the loss is {loss} {at}. Nothing was written. "
                    "Lower the learning rate or raise warmup_share for this task."
                )
            optimiser.step()
            rate.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss)
            steps.step(loss)
            if step % hyper.eval_every == 0 or step == total:
                scores = {m.name: _dev_score(m, encoder, heads, tokens, hyper, device) for m in materials if m.dev}
                trained.curve.append({"step": step, "loss": float(np.mean(losses)), **scores})
                losses.clear()
                if scores:
                    steps.say(f"{what}: step {step}, dev {_rounded(scores)}")
                    if hyper.selection == "best":
                        best.offer(step, float(np.mean(list(scores.values()))), encoder, heads)
    trained.best_step = best.restore(encoder, heads) if best.step else total
    return trained


def _steps(
    materials: Sequence[Material], hyper: Hyperparameters, seed: int, total: int
) -> Iterator[tuple[Material, list[Row]]]:
    """The task and the rows of each step. Every task has a random source of its own, and the mixture another."""
    sources = [
        shuffled_batches(material.train.lengths, hyper.batch_size, np.random.default_rng([seed, index]))
        for index, material in enumerate(materials)
    ]
    chosen = mixture([len(m.train) for m in materials], hyper.examples_cap, np.random.default_rng([seed, len(sources)]))
    for _ in range(total):
        index = next(chosen)
        yield materials[index], materials[index].train[next(sources[index])]


def _backward(
    encoder: PreTrainedModel,
    head: nn.Module,
    formatter: Format,
    rows: list[Row],
    tokens: Tokens,
    hyper: Hyperparameters,
    device: Device,
) -> float:
    """Gradients of one step's mean loss, accumulated over micro-batches and clipped; returns that loss.

    Micro-batches count by their rows, as in jiant, which clips what has accumulated after each of them. Where a loss is
    a mean over tokens (tagging, masked LM), splitting a batch therefore shifts weight to the tokens of short rows.
    """
    size = hyper.micro_batch_size or len(rows)
    total = torch.zeros((), device=device.kind)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        batch = device.move(formatter.collate(part, tokens))
        with device.autocast():
            logits = formatter.logits(encoder, head, batch)
        loss = formatter.loss(logits, batch) * (len(part) / len(rows))
        loss.backward()
        total += loss.detach()
        if hyper.clip_each == "micro_batch" or start + size >= len(rows):
            torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], hyper.clip_norm)
    return float(total)


def _dev_score(
    material: Material,
    encoder: PreTrainedModel,
    heads: nn.ModuleDict,
    tokens: Tokens,
    hyper: Hyperparameters,
    device: Device,
) -> float:
    """The task's headline score on its English dev data."""
    assert material.dev is not None and material.dev_examples is not None
    head = heads[material.name]
    formatter, examples = material.formatter, material.dev_examples
    predictions = predict(formatter, encoder, head, material.dev, examples, tokens, hyper.batch_size, device)
    return headline(formatter, formatter.score(formatter.task, ENGLISH, predictions, examples))


def _rounded(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
