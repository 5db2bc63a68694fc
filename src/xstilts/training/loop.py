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

from xstilts.config.settings import Hyperparameters
from xstilts.data.encoding import EncodedRows
from xstilts.errors import Diverged
from xstilts.task_types.base import EncodedRow, SpecialTokens, TaskType
from xstilts.tasks.languages import ENGLISH
from xstilts.training.batches import batches_per_epoch, mixture, shuffled_batches
from xstilts.training.device import Device
from xstilts.training.gradients import backward
from xstilts.training.prediction import predict, primary_score
from xstilts.training.progress import Steps
from xstilts.training.session import Session
from xstilts.training.state import TrainingState

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class TaskData:
    """One task's part in a training run: rows to learn from, and dev data to select on.

    Dev data is absent when pretraining, and where its labels have been removed: then nothing can be selected.
    """

    task_type: TaskType
    train: EncodedRows
    dev: EncodedRows | None = None
    dev_examples: pa.Table | None = None

    @property
    def name(self) -> str:
        return self.task_type.task.name


@dataclass
class Trained:
    """What comes out beside the encoder, which is trained in place."""

    heads: nn.ModuleDict
    steps: int = 0
    best_step: int = 0
    #: One entry per evaluation: step, mean training loss since the last one, dev score by task in points.
    curve: list[dict[str, float]] = field(default_factory=list)
    #: The sizes that micro-batches were cut down to, each time that the GPU ran out of memory.
    halvings: list[int] = field(default_factory=list)
    #: The steps at which it went on from a checkpoint, and the seconds that went into it before the last of them.
    resumed_at: list[int] = field(default_factory=list)
    earlier_seconds: float = 0.0


def planned_steps(task_data: Sequence[TaskData], hyper: Hyperparameters) -> int:
    """``max_steps``, or what ``epochs`` over the (capped) tasks amount to."""
    if hyper.max_steps is not None:
        return hyper.max_steps
    cap = hyper.examples_cap or math.inf
    rows = [int(min(len(data.train), cap)) for data in task_data]
    return math.ceil(hyper.epochs * sum(batches_per_epoch(count, hyper.batch_size) for count in rows))


def train(
    encoder: PreTrainedModel,
    task_data: Sequence[TaskData],
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    seed: int,
    device: Device,
    what: str,
    session: Session | None = None,
) -> Trained:
    """Train ``encoder`` in place, with a fresh head per task; go on where an earlier try at the same run has stopped.

    Raises:
        Diverged: where the loss stops being finite.
        Stopped: where someone has asked the run to stop.
    """
    session = session or Session()
    torch.manual_seed(seed)
    heads = nn.ModuleDict({m.name: m.task_type.head(encoder.config, hyper.sentence_vector) for m in task_data})
    device.place(encoder)
    device.place(heads)
    total = planned_steps(task_data, hyper)
    state = TrainingState.fresh(encoder, heads, tokens, hyper, total)
    session.resume(state)
    with Steps(what, total, state.step, session.on_progress) as steps, session.stop.deferred():
        for data, rows in _steps(task_data, hyper, seed, state.step, total):
            loss = _step(state, data, rows, hyper, device, f"of {total} in {what}")
            steps.step(loss)
            if state.step % hyper.eval_every == 0 or state.step == total:
                scores = _evaluate(state, task_data, hyper, device)
                if scores:
                    steps.say(f"{what}: step {state.step}, dev {_rounded(scores)}")
            session.after_step(state)
    best_step = state.best.restore(encoder, heads) if state.best.step else total
    return Trained(heads, total, best_step, state.curve, state.micro.halvings, state.resumed_at, state.earlier_seconds)


def _step(
    state: TrainingState, data: TaskData, rows: list[EncodedRow], hyper: Hyperparameters, device: Device, where: str
) -> float:
    """One optimiser step; returns its loss."""
    state.encoder.train()
    state.heads.train()
    head = state.heads[data.name]
    loss = backward(state.encoder, head, data.task_type, rows, state.tokens, hyper, device, state.micro)
    if not math.isfinite(loss):
        raise Diverged(
            f"The loss is {loss} at step {state.step + 1} {where} ({data.name}, learning rate "
            f"{state.rate.get_last_lr()[0]:.2g}). Lower the learning rate or raise warmup_share for this task."
        )
    state.optimiser.step()
    state.rate.step()
    state.optimiser.zero_grad(set_to_none=True)
    state.losses.append(loss)
    state.step += 1
    return loss


def _evaluate(
    state: TrainingState, task_data: Sequence[TaskData], hyper: Hyperparameters, device: Device
) -> dict[str, float]:
    """The dev score of each task that has dev data, noted in the learning curve; their best mean is kept."""
    scores = {
        m.name: _dev_score(m, state.encoder, state.heads, state.tokens, hyper, device) for m in task_data if m.dev
    }
    state.curve.append({"step": state.step, "loss": float(np.mean(state.losses)), **scores})
    state.losses.clear()
    if scores and hyper.selection == "best":
        state.best.offer(state.step, float(np.mean(list(scores.values()))), state.encoder, state.heads)
    return scores


def _steps(
    task_data: Sequence[TaskData], hyper: Hyperparameters, seed: int, first: int, total: int
) -> Iterator[tuple[TaskData, list[EncodedRow]]]:
    """The task and the rows of each step after the ``first`` so many, which are drawn again and passed over.

    Every task has a random source of its own, and the mixture another.
    """
    sources = [
        shuffled_batches(data.train.lengths, hyper.batch_size, np.random.default_rng([seed, index]))
        for index, data in enumerate(task_data)
    ]
    chosen = mixture([len(m.train) for m in task_data], hyper.examples_cap, np.random.default_rng([seed, len(sources)]))
    for step in range(total):
        index = next(chosen)
        rows = next(sources[index])
        if step >= first:
            yield task_data[index], task_data[index].train[rows]


def _dev_score(
    data: TaskData,
    encoder: PreTrainedModel,
    heads: nn.ModuleDict,
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
) -> float:
    """The task's primary score score on its English dev data."""
    assert data.dev is not None and data.dev_examples is not None
    head = heads[data.name]
    task_type, examples = data.task_type, data.dev_examples
    predictions = predict(task_type, encoder, head, data.dev, examples, tokens, hyper.batch_size, device)
    return primary_score(task_type, task_type.score(task_type.task, ENGLISH, predictions, examples))


def _rounded(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
