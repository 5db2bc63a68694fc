"""The gradients of one optimiser step, accumulated over as many micro-batches as the device's memory requires."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import nn

from xstilts.config.settings import Hyperparameters
from xstilts.errors import UserError
from xstilts.task_types.base import Batch, SpecialTokens, TaskType
from xstilts.training import ranks
from xstilts.training.ahead import StepRows
from xstilts.training.device import Device
from xstilts.training.memory import MicroBatches
from xstilts.training.randomness import random_state, restore_random_state

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def backward(
    encoder: PreTrainedModel,
    head: nn.Module,
    task_type: TaskType,
    rows: StepRows,
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
    micro: MicroBatches,
) -> torch.Tensor:
    """Compute the gradients of one step's mean loss, clipped, into ``.grad`` of the encoder's and head's parameters.

    If memory runs out, the step starts over with smaller micro-batches and the same random numbers.

    Args:
        encoder: On the device, in training mode, without gradients.
        head: On the device, in training mode, without gradients.
        task_type: Collates rows and computes logits and loss.
        rows: The batch, encoded rows.
        tokens: The tokenizer's special tokens.
        hyper: ``clip_norm`` and ``clip_each`` are used.
        device: Where and in which precision to compute.
        micro: The size of micro-batches; halved in place if memory runs out.

    Returns:
        The mean loss of the batch, a scalar on the device; nothing has waited for it.

    Raises:
        UserError: Memory is too small for a single row, or for a batch that must not be divided.
    """
    before = random_state(tokens)
    while True:
        try:
            size = micro.size or len(rows)
            with device.keeping_casts() if size < len(rows) else nullcontext():  # else they would only take memory
                return _accumulated(encoder, head, task_type, rows, tokens, hyper, device, size)
        except torch.OutOfMemoryError:
            pass  # free memory only after this block: the error's traceback refers to tensors while it is handled
        for module in (encoder, head):
            module.zero_grad(set_to_none=True)
        if task_type.whole_batches:
            raise UserError(
                f"The GPU's memory is too small for a batch of {task_type.task.title}, whose rows are each other's "
                "wrong answers: smaller batches are another task. Lower batch_size or max_length for it, set "
                "compute.gradient_checkpointing, or give micro_batch_size, which then is the number of rows compared."
            )
        micro.halve(len(rows))
        restore_random_state(before, tokens)


def _accumulated(
    encoder: PreTrainedModel,
    head: nn.Module,
    task_type: TaskType,
    rows: StepRows,
    tokens: SpecialTokens,
    hyper: Hyperparameters,
    device: Device,
    size: int,
) -> torch.Tensor:
    """Accumulate gradients over micro-batches of ``size`` rows; returns the mean loss.

    Micro-batches are weighted by their rows, as in jiant, which clips the accumulated gradients after each of them.
    Where a loss is a mean over tokens (tagging, masked LM), splitting a batch therefore shifts weight to the tokens of
    short rows. Of several processes, each computes its part of every micro-batch.
    """
    total, processes = torch.zeros((), device=device.kind), ranks.count()
    for start in range(0, len(rows), size):
        batch = device.move(rows.micro_batch(start, size, task_type, tokens))
        with device.autocast():
            logits = task_type.logits(encoder, head, batch)
        count = min(size, len(rows) - start)
        loss = task_type.loss(logits, batch) * (count / len(rows))
        if processes > 1:
            loss = loss * _share(task_type, batch, count)
        (loss * processes).backward()  # the mean of all processes' gradients is taken, where their sum is wanted
        total += loss.detach()
        if hyper.clip_each == "micro_batch" or start + size >= len(rows):
            torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], hyper.clip_norm)
    return ranks.summed(total)


def _share(task_type: TaskType, batch: Batch, count: int) -> torch.Tensor:
    """The share of this process's rows in the loss of a micro-batch of ``count`` rows: 0 where it has none of its own.

    With it, the loss is the one of a single process, also where it is a mean over tokens.
    """
    own = len(ranks.mine(range(count)))
    terms = task_type.loss_terms(batch, own) * (own > 0)
    return terms / ranks.summed(terms).clamp(min=1)
