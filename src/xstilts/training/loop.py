"""The training loop, which pretraining, intermediate training and fine-tuning share.

AdamW with linear warm-up and decay, gradient clipping, one task per step. After every ``eval_every`` steps an
evaluation on English dev data; the best weights so far are kept and, at the end, restored (protocol: jiant's
``runscript`` and ``metarunner``; ``Hyperparameters`` says where XTREME's scripts differ).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from xstilts.config.settings import Hyperparameters
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import adapters
from xstilts.encoders.languages import use_language
from xstilts.task_types.base import SpecialTokens, TaskType
from xstilts.training import ranks
from xstilts.training.ahead import StepRows, ahead
from xstilts.training.batches import batches_per_epoch, mixture, shuffled_batches
from xstilts.training.collapse import primary_score
from xstilts.training.compilation import compiled
from xstilts.training.device import Device
from xstilts.training.gradients import backward
from xstilts.training.prediction import predict
from xstilts.training.progress import StepProgress
from xstilts.training.selection import load_weights
from xstilts.training.session import Session
from xstilts.training.state import TrainingState
from xstilts.training.text import HELD_OUT, TextData, held_out_loss, steps_with_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class TaskData:
    """One task's data in a training run.

    Dev data is absent in pretraining, and where its labels have been removed: then no weights are selected.

    Attributes:
        task_type: The task's type.
        train: Encoded rows to train on.
        dev: Encoded rows of the English dev examples that the weights are selected on.
        dev_examples: The same examples, canonical, with gold answers.
    """

    task_type: TaskType
    train: EncodedRows
    dev: EncodedRows | None = None
    dev_examples: pa.Table | None = None

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task_type.task.name

    @property
    def language(self) -> str | None:
        """The language of every batch; None where batches mix languages."""
        return self.train.language


@dataclass
class TrainingResult:
    """What :func:`train` returns; the encoder is trained in place.

    Attributes:
        heads: By task, the trained head.
        steps: Optimiser steps in all.
        best_step: The step whose weights are kept.
        curve: One entry per evaluation: ``step``, ``loss`` (mean training loss since the last evaluation), and by task
            the dev score in points (0–100), and the loss on held-out text, if there is text, as ``masked_lm_loss``.
        halvings: The size of micro-batches in rows after each time that the GPU ran out of memory.
        resumed_at: The steps at which the run was resumed from a checkpoint.
        earlier_seconds: Seconds spent on the run before it was last resumed.
    """

    heads: nn.ModuleDict
    steps: int = 0
    best_step: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    halvings: list[int] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)
    earlier_seconds: float = 0.0


def planned_steps(task_data: Sequence[TaskData], hyper: Hyperparameters, text: TextData | None = None) -> int:
    """The number of optimiser steps of a training run; of batches of tokens, an epoch is all tokens without padding."""
    if hyper.batch_tokens and hyper.max_steps is None:
        tokens = sum(int(data.train.lengths.sum()) for data in task_data)
        return math.ceil(hyper.epochs * tokens / hyper.batch_tokens)
    return steps_of([len(data.train) for data in task_data], hyper, text)


def steps_of(counts: Sequence[int], hyper: Hyperparameters, text: TextData | None = None) -> int:
    """The optimiser steps over tasks of so many rows: ``max_steps``, or that of ``epochs`` over the (capped) tasks.

    Steps on text come on top of those that ``epochs`` gives; without tasks, ``epochs`` are over the text.
    """
    if hyper.max_steps is not None:
        return hyper.max_steps
    cap = hyper.examples_cap or math.inf
    rows = [int(min(count, cap)) for count in counts] or [text.rows if text else 0]
    steps = math.ceil(hyper.epochs * sum(batches_per_epoch(count, hyper.batch_size) for count in rows))
    return steps_with_text(steps, text)


def train(
    encoder: PreTrainedModel,
    task_data: Sequence[TaskData],
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    seed: int,
    device: Device,
    what: str,
    session: Session | None = None,
    *,
    text: TextData | None = None,
    mixing: float = 1.0,
) -> TrainingResult:
    """Train ``encoder`` in place with a new head per task; resume from the run's checkpoint if there is one.

    Args:
        encoder: The encoder to start from; moved to the device, with an adapter if ``hyper`` asks for one.
        task_data: One entry per task.
        tokens: The tokenizer's special tokens, and the random source of masked LM.
        hyper: The stage's hyper-parameters.
        seed: Decides the initial weights of heads and adapter, dropout, and the order of batches.
        device: Where to train.
        what: Name of the run in the log.
        session: Stop requests, checkpoints and progress; None: none of them.
        text: Text for masked language modelling beside the tasks, or alone.
        mixing: Tasks are drawn in proportion to this power of their size.

    Raises:
        Diverged: The loss is not finite.
        Stopped: The job was asked to stop.
    """
    session = session or Session()
    torch.manual_seed(seed)
    if hyper.lora and not adapters.is_added_to(encoder):
        adapters.add(encoder, hyper.lora)
    trained: list[TaskData | TextData] = [*task_data, *([text] if text else [])]
    heads = nn.ModuleDict({m.name: m.task_type.head(encoder.config, hyper.sentence_vector) for m in trained})
    if text and text.head:
        load_weights(heads[text.name], text.head)
    ranks.shard(encoder, heads, device.kind, device.precision)
    device.prepare(encoder)
    device.place(heads)
    tokens = device.padding(tokens)
    total = planned_steps(task_data, hyper, text)
    state = TrainingState.fresh(encoder, heads, tokens, hyper, total)
    session.resume(state)
    telling = StepProgress(what, total, state.step, session.on_progress)
    with telling as progress, session.stop.deferred(), compiled(encoder, hyper, device):
        last = state.step if _out_of_patience(state, hyper) else total  # a resumed run may have come to its end
        steps = _steps(task_data, text, mixing, hyper, seed, state.step, last)
        for data, rows in _collated(steps, state, device):
            ranks.vary(seed, state.step)
            _step(state, data, rows, hyper, device, f"of {total} in {what}")
            progress.step(state.losses.last)
            if state.step % hyper.eval_every == 0 or state.step == total:
                scores = _evaluate(state, task_data, text, hyper, device)
                if scores:
                    progress.log(f"{what}: step {state.step}, dev {_rounded(scores)}")
            session.after_step(state)
            if _out_of_patience(state, hyper):
                break
    best_step = state.best.restore(encoder, heads) if state.best.step else state.step
    return TrainingResult(
        heads, state.step, best_step, state.curve, state.micro.halvings, state.resumed_at, state.earlier_seconds
    )


def _out_of_patience(state: TrainingState, hyper: Hyperparameters) -> bool:
    """Whether the last ``patience`` evaluations have all been no better than the best one."""
    since = sum(entry["step"] > state.best.step for entry in state.curve)
    return hyper.patience is not None and state.best.step > 0 and since >= hyper.patience


def _step(
    state: TrainingState,
    data: TaskData | TextData,
    rows: StepRows,
    hyper: Hyperparameters,
    device: Device,
    where: str,
) -> None:
    """Take one optimiser step.

    Raises:
        Diverged: The loss of this step or, on a GPU, of one of the last few is not finite.
    """
    if not (state.encoder.training and state.heads.training):
        state.encoder.train()
        state.heads.train()
    use_language(state.encoder, data.language)
    head = state.heads[data.name]
    loss = backward(state.encoder, head, data.task_type, rows, state.tokens, hyper, device, state.micro)
    state.losses.add(loss, state.step + 1, f"{where} ({data.name}, learning rate {state.rate.get_last_lr()[0]:.2g})")
    state.optimiser.step()
    state.rate.step()
    state.optimiser.zero_grad(set_to_none=True)
    state.step += 1


def _evaluate(
    state: TrainingState,
    task_data: Sequence[TaskData],
    text: TextData | None,
    hyper: Hyperparameters,
    device: Device,
) -> dict[str, float]:
    """Score each task that has dev data, add an entry to the learning curve, and keep the weights if they are the best.

    Weights are compared by the mean of the tasks' scores; the loss on held-out text is recorded alone.
    """
    state.losses.read()
    scores = {
        m.name: _dev_score(m, state.encoder, state.heads, state.tokens, hyper, device) for m in task_data if m.dev
    }
    state.curve.append({"step": state.step, "loss": float(np.mean(state.losses.known)), **scores})
    if text and text.held_out:
        head = state.heads[text.name]
        state.curve[-1][HELD_OUT] = held_out_loss(text, state.encoder, head, state.tokens, hyper.batch_size, device)
    state.losses.clear()
    if scores and hyper.selection == "best":
        state.best.offer(state.step, float(np.mean(list(scores.values()))), state.encoder, state.heads)
    return scores


def _steps(
    task_data: Sequence[TaskData],
    text: TextData | None,
    mixing: float,
    hyper: Hyperparameters,
    seed: int,
    first: int,
    total: int,
) -> Iterator[tuple[TaskData | TextData, StepRows]]:
    """Yield the task or text and the rows of each step; the ``first`` so many are drawn and skipped.

    Every task has a random source of its own, the mixture another, and the text two more.
    """
    count = len(task_data)
    random = [np.random.default_rng([seed, index]) for index in range(count + 3)]
    batches = [
        shuffled_batches(data.train.lengths, hyper.batch_size, rng, hyper.batch_tokens)
        for data, rng in zip(task_data, random[:count], strict=True)
    ]
    chosen = mixture([len(m.train) for m in task_data], hyper.examples_cap, random[count], mixing)
    passages = text.batches(hyper.batch_size, random[count + 1], hyper.batch_tokens) if text else iter(())
    turns = text.turns(random[count + 2]) if text else repeat(False)
    for step in range(total):
        if text and next(turns):
            of_text = next(passages)
            if step >= first:
                yield text, StepRows(of_text)
            continue
        index = next(chosen)
        rows = next(batches[index])
        if step >= first:
            yield task_data[index], StepRows(task_data[index].train[rows])


def _collated(
    steps: Iterator[tuple[TaskData | TextData, StepRows]], state: TrainingState, device: Device
) -> Iterator[tuple[TaskData | TextData, StepRows]]:
    """The steps with their micro-batches, collated ahead where that gains time."""
    if not device.collates_ahead:
        return steps
    return ahead(
        (data, rows.collate(state.micro.size or len(rows), data.task_type, state.tokens, device))
        for data, rows in steps
    )


def _dev_score(
    data: TaskData,
    encoder: PreTrainedModel,
    heads: nn.ModuleDict,
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
) -> float:
    """The task's score on its English dev data, in points (0–100)."""
    assert data.dev is not None and data.dev_examples is not None
    head, examples = heads[data.name], data.dev_examples
    predictions = predict(data.task_type, encoder, head, data.dev, examples, tokens, hyper.batch_size, device)
    return primary_score(data.task_type, predictions, examples)


def _rounded(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
