"""The gradients of one optimiser step, over as many micro-batches as the device's memory asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from xstilts.config.settings import Hyperparameters
from xstilts.task_types.base import EncodedRow, SpecialTokens, TaskType
from xstilts.training.device import Device
from xstilts.training.memory import MicroBatches
from xstilts.training.randomness import random_state, restore_random_state

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def backward(
    encoder: PreTrainedModel,
    head: nn.Module,
    task_type: TaskType,
    rows: Sequence[EncodedRow],
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
    micro: MicroBatches,
) -> float:
    """Gradients of one step's mean loss, accumulated over micro-batches and clipped; returns that loss.

    Where memory runs out, the step begins again with smaller micro-batches and the same random numbers.
    """
    before = random_state(tokens)
    while True:
        try:
            return _accumulated(encoder, head, task_type, rows, tokens, hyper, device, micro.size or len(rows))
        except torch.OutOfMemoryError:
            pass  # what follows frees memory, which the error's traceback holds on to as long as it is handled
        for module in (encoder, head):
            module.zero_grad(set_to_none=True)
        micro.halve(len(rows))
        restore_random_state(before, tokens)


def _accumulated(
    encoder: PreTrainedModel,
    head: nn.Module,
    task_type: TaskType,
    rows: Sequence[EncodedRow],
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
    size: int,
) -> float:
    """Gradients over micro-batches of ``size`` rows.

    Micro-batches count by their rows, as in jiant, which clips what has accumulated after each of them. Where a loss is
    a mean over tokens (tagging, masked LM), splitting a batch therefore shifts weight to the tokens of short rows.
    """
    total = torch.zeros((), device=device.kind)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        batch = device.move(task_type.collate(part, tokens))
        with device.autocast():
            logits = task_type.logits(encoder, head, batch)
        loss = task_type.loss(logits, batch) * (len(part) / len(rows))
        loss.backward()
        total += loss.detach()
        if hyper.clip_each == "micro_batch" or start + size >= len(rows):
            torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], hyper.clip_norm)
    return float(total)
