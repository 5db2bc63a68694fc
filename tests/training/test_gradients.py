"""If GPU memory runs out, the same step is computed in smaller micro-batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Hyperparameters
from xstilts.errors import UserError
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.training.device import Device
from xstilts.training.loop import TaskData, train

HYPER = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=4, eval_every=2)


class Large(Classification):
    """Runs out of memory with more than ``rows`` rows."""

    rows = 3

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        if len(logits) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().loss(logits, batch)


@pytest.fixture
def large(data: TaskData) -> TaskData:
    task_type = Large(data.task_type.task, data.task_type.encoding, data.task_type.labels)
    return replace(data, task_type=task_type)


def test_batches_stay_the_same(
    large: TaskData, data: TaskData, make_encoder: Callable[[], PreTrainedModel], tokens: SpecialTokens, cpu: Device
) -> None:
    """The result is that of a run with ``micro_batch_size: 2``, dropout included."""
    found = []
    for chosen, hyper in ((large, HYPER), (data, HYPER.model_copy(update={"micro_batch_size": 2}))):
        encoder = make_encoder()
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.2
        trained = train(encoder, [chosen], tokens, hyper, 1, cpu, "a test")
        found.append((encoder.state_dict(), trained.curve, trained.halvings))
    (weights, curve, halvings), (others, other_curve, none) = found
    assert halvings == [5, 2] and none == []
    assert curve == other_curve
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_one_example_is_too_large(
    large: TaskData, make_encoder: Callable[[], PreTrainedModel], tokens: SpecialTokens, cpu: Device
) -> None:
    large.task_type.rows = 0  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="too small for one example"):
        train(make_encoder(), [large], tokens, HYPER, 1, cpu, "a test")
