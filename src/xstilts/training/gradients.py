"""The gradients of one optimiser step, over as many micro-batches as the device's memory asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from xstilts.errors import UserError
from xstilts.formats.base import Format, Row, Tokens
from xstilts.settings import Hyperparameters
from xstilts.training.device import Device
from xstilts.training.randomness import random_state, restore_random_state

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass
class MicroBatches:
    """How many rows go through the encoder at once; fewer after the device has run out of memory.

    The rows of an optimiser step stay the same: their gradients accumulate over more micro-batches.
    """

    #: All rows of a step at once where None.
    size: int | None
    #: The size after each time that memory ran out.
    halvings: list[int] = field(default_factory=list)

    def halve(self, rows: int) -> None:
        """Go on with half of what a step of so many rows was too much with.

        Raises:
            UserError: where that was a single row.
        """
        before = min(self.size or rows, rows)
        if before == 1:
            raise UserError(
                "The GPU's memory is too small for one example. Lower encoding.max_length, take a smaller encoder or a "
                "GPU with more memory, and leave it to this job alone."
            )
        self.size = before // 2
        self.halvings.append(self.size)
        print(f"Out of GPU memory: going on with micro-batches of {self.size}, batches stay the same", flush=True)


def backward(
    encoder: PreTrainedModel,
    head: nn.Module,
    formatter: Format,
    rows: Sequence[Row],
    tokens: Tokens,
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
            return _accumulated(encoder, head, formatter, rows, tokens, hyper, device, micro.size or len(rows))
        except torch.OutOfMemoryError:
            pass  # what follows frees memory, which the error's traceback holds on to as long as it is handled
        for module in (encoder, head):
            module.zero_grad(set_to_none=True)
        if device.kind == "cuda":
            torch.cuda.empty_cache()
        micro.halve(len(rows))
        restore_random_state(before, tokens)


def _accumulated(
    encoder: PreTrainedModel,
    head: nn.Module,
    formatter: Format,
    rows: Sequence[Row],
    tokens: Tokens,
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
        batch = device.move(formatter.collate(part, tokens))
        with device.autocast():
            logits = formatter.logits(encoder, head, batch)
        loss = formatter.loss(logits, batch) * (len(part) / len(rows))
        loss.backward()
        total += loss.detach()
        if hyper.clip_each == "micro_batch" or start + size >= len(rows):
            torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], hyper.clip_norm)
    return float(total)
