"""If GPU memory runs out, the same step is computed in smaller micro-batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import PreTrainedModel

from xstilts.config.settings import Hyperparameters
from xstilts.errors import UserError
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.training.ahead import StepRows
from xstilts.training.device import Device
from xstilts.training.gradients import backward
from xstilts.training.loop import train
from xstilts.training.memory import MicroBatches
from xstilts.training.steps import TaskData

BFLOAT16 = Device("cpu", torch.bfloat16)
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


@dataclass(frozen=True)
class Forgetful(Device):
    """Casts the weights for each micro-batch anew."""

    def keeping_casts(self) -> AbstractContextManager[None]:
        return nullcontext()


class Casts(TorchDispatchMode):
    """Counts the casts of matrices from float32 to bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._to_copy.default and isinstance(args[0], nn.Parameter) and args[0].ndim == 2:
            self.count += kwargs["dtype"] is torch.bfloat16
        return func(*args, **(kwargs or {}))


def test_weights_are_cast_once_for_all_micro_batches(
    data: TaskData, make_encoder: Callable[[], PreTrainedModel], tokens: SpecialTokens
) -> None:
    """The gradients are to the bit those of casts for each micro-batch."""
    found = []
    for size, device in ((10, BFLOAT16), (4, BFLOAT16), (4, Forgetful("cpu", torch.bfloat16))):
        encoder = make_encoder()
        torch.manual_seed(3)
        head = data.task_type.head(encoder.config)
        with Casts() as casts:
            rows = StepRows(data.train[range(10)])
            backward(encoder, head, data.task_type, rows, tokens, HYPER, device, MicroBatches(size))
        found.append((casts.count, [p.grad for p in (*encoder.parameters(), *head.parameters()) if p.grad is not None]))
        assert not torch.is_autocast_enabled("cpu")
    (whole, _), (kept, gradients), (anew, others) = found
    assert whole == kept == anew / 3 > 0
    assert all(map(torch.equal, gradients, others))
    assert {gradient.dtype for gradient in gradients} == {torch.float32}


def test_the_next_step_casts_the_weights_that_it_has(
    data: TaskData, make_encoder: Callable[[], PreTrainedModel], tokens: SpecialTokens
) -> None:
    hyper, weights = HYPER.model_copy(update={"micro_batch_size": 4}), []
    for device in (BFLOAT16, Forgetful("cpu", torch.bfloat16)):
        encoder = make_encoder()
        train(encoder, [data], tokens, hyper, 1, device, "a test")
        weights.append(encoder.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
