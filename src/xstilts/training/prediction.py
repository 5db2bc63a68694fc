"""Predictions of a trained encoder and head, and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch

from xstilts.data.encoding import EncodedRows
from xstilts.task_types.base import Scored, SpecialTokens, TaskType
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
    """One prediction per example, as text. Leaves encoder and head in evaluation mode."""
    encoder.eval()
    head.eval()
    outputs: list[Any] = [None] * len(rows)
    light: list[Any] = [None] * len(rows)

    def outputs_of(indices: Sequence[int]) -> list[Any]:
        batch = device.move(task_type.collate(rows[indices], tokens))
        with device.autocast():
            logits = task_type.logits(encoder, head, batch)
        return task_type.outputs(logits, batch)

    micro = MicroBatches()
    with torch.inference_mode():
        for batch in ordered_batches(rows.lengths, batch_size):
            for indices, found in in_parts(batch, outputs_of, micro):
                for index, row, output in zip(indices, rows[indices], found, strict=True):
                    outputs[index], light[index] = output, row
    return task_type.decode(outputs, light, examples)


def primary_score(task_type: TaskType, scored: Scored) -> float:
    """The task's score in points: the mean of its primary metrics."""
    metrics = task_type.task.primary_metrics
    return sum(scored.metrics[metric] for metric in metrics) / len(metrics)
