"""Predictions of a trained encoder and head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from xstilts.data.encoding import EncodedRows
from xstilts.encoders.languages import use_language
from xstilts.task_types.base import EncodedRow, SpecialTokens, TaskType
from xstilts.training import ranks
from xstilts.training.batches import ordered_batches
from xstilts.training.device import Device
from xstilts.training.memory import MicroBatches, in_parts

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


def predict(
    task_type: TaskType,
    encoder: PreTrainedModel,
    head: nn.Module,
    rows: EncodedRows,
    examples: pa.Table,
    tokens: SpecialTokens,
    batch_size: int,
    device: Device,
) -> list[str]:
    """Predict the answers to examples. Leaves encoder and head in evaluation mode.

    Args:
        task_type: Collates rows, computes logits and decodes them.
        encoder: On the device.
        head: On the device, of the task that was trained on.
        rows: The examples, encoded; an example may have several rows.
        examples: The same examples, canonical.
        tokens: The tokenizer's special tokens.
        batch_size: Rows per forward pass, more of short rows on a GPU; halved if memory runs out.
        device: Where and in which precision to compute.

    Returns:
        One prediction per example, as text, in the order of ``examples``.
    """
    read = rows[range(len(rows))]
    batches = ordered_batches(rows.lengths, batch_size, device.evaluation_tokens)
    use_language(encoder, rows.language)
    return task_type.decode(_outputs(task_type, encoder, head, read, batches, tokens, device), read, examples)


def outputs_of(
    task_type: TaskType,
    encoder: PreTrainedModel,
    head: nn.Module,
    rows: EncodedRows,
    chosen: Sequence[int],
    tokens: SpecialTokens,
    batch_size: int,
    device: Device,
) -> list[Any]:
    """Compute what is decoded of some rows; the other arguments are those of :func:`predict`.

    Args:
        task_type: Its task type.
        encoder: The encoder.
        head: The head.
        rows: Encoded rows.
        chosen: The indices of those that are read.
        tokens: The special tokens.
        batch_size: Rows per forward pass.
        device: Where to compute.

    Returns:
        What ``TaskType.outputs`` returns for each chosen row, in their order.
    """
    batches = ordered_batches(rows.lengths[np.asarray(chosen)], batch_size, device.evaluation_tokens)
    use_language(encoder, rows.language)
    return _outputs(task_type, encoder, head, rows[chosen], batches, tokens, device)


def _outputs(
    task_type: TaskType,
    encoder: PreTrainedModel,
    head: nn.Module,
    rows: Sequence[EncodedRow],
    batches: Iterator[list[int]],
    tokens: SpecialTokens,
    device: Device,
) -> list[Any]:
    """Compute what is decoded of each row, in batches of some of their indices; several processes share the batches."""
    encoder.eval()
    head.eval()
    outputs: list[Any] = [None] * len(rows)
    padding = device.padding(tokens)

    def of_places(places: Sequence[int]) -> list[Any]:
        batch = device.move(task_type.collate([rows[place] for place in places], padding))
        with device.autocast():
            logits = task_type.logits(encoder, head, batch)
        return task_type.outputs(logits, batch)

    micro = MicroBatches()
    found: list[tuple[int, Any]] = []
    with ranks.inference():
        for batch, is_own in ranks.turns(batches):
            for places, batch_outputs in in_parts(batch, of_places, micro):
                found += zip(places, batch_outputs, strict=True) if is_own else ()
    for place, output in chain.from_iterable(ranks.gathered(found)):
        outputs[place] = output
    return outputs
