"""The training loop, which pretraining, intermediate training and fine-tuning share.

AdamW with linear warm-up and decay, gradient clipping, one task per step. After every ``eval_every`` steps an
evaluation on English dev data; the best weights so far are kept and, at the end, restored (protocol: jiant's
``runscript`` and ``metarunner``; ``Hyperparameters`` says where XTREME's scripts differ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from xstilts.config.settings import Hyperparameters
from xstilts.encoders import adapters
from xstilts.encoders.languages import use_language
from xstilts.task_types.base import SpecialTokens
from xstilts.training import ranks
from xstilts.training.ahead import StepRows
from xstilts.training.collapse import primary_score
from xstilts.training.compilation import compiled, with_possible_compiler
from xstilts.training.device import Device
from xstilts.training.gradients import backward
from xstilts.training.prediction import predict
from xstilts.training.progress import StepProgress
from xstilts.training.selection import load_weights
from xstilts.training.session import Session
from xstilts.training.state import TrainingState
from xstilts.training.steps import TaskData, collated, planned_steps, steps
from xstilts.training.text import HELD_OUT, TextData, held_out_loss

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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
    device = with_possible_compiler(device, encoder, hyper)
    device.prepare(encoder)
    device.place(heads)
    tokens = device.padding(tokens)
    total = planned_steps(task_data, hyper, text)
    state = TrainingState.fresh(encoder, heads, tokens, hyper, total)
    session.resume(state)
    telling = StepProgress(what, total, state.step, session.on_progress)
    with telling as progress, session.stop.deferred(), compiled(encoder, hyper, device):
        last = state.step if _out_of_patience(state, hyper) else total  # a resumed run may have come to its end
        to_take = steps(task_data, text, mixing, hyper, seed, state.step, last)
        for data, rows in collated(to_take, state, device):
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
