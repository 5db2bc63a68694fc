"""The encoder's forward pass in training, compiled by torch.compile, with one CUDA graph for each shape of a batch.

A graph is launched at once where its kernels are launched one by one otherwise, which is what small batches wait for.
It is valid for one shape, so only batches with a whole number of micro-batches' rows are compiled, as the device pads
them to few lengths. Evaluation and prediction compute as always. Parameters keep their names: ``forward`` is replaced
for the time of training, not the module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from xstilts.config.settings import Hyperparameters
from xstilts.encoders import adapters
from xstilts.encoders.languages import language_layers
from xstilts.training import ranks
from xstilts.training.device import Device

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SHAPES = 128  # of one encoder that are compiled at the most; more are computed without, as PyTorch does it

logger = logging.getLogger(__name__)


@contextmanager
def compiled(encoder: PreTrainedModel, hyper: Hyperparameters, device: Device) -> Iterator[None]:
    """Compile the forward pass of an encoder inside the block.

    Args:
        encoder: The encoder, in place; at the end of the block it is as before, and graphs and their memory are freed.
        hyper: The rows of a batch.
        device: Its ``compiler`` compiles, if it has one.
    """
    if not device.compiler:
        yield
        return
    rows = min(hyper.batch_size, hyper.micro_batch_size or hyper.batch_size)
    poolers = [module for name, module in encoder.named_modules() if name.split(".")[-1] == adapters.POOLER]
    for pooler in poolers:
        # Heads that do not read it leave it without gradients; as part of a graph it would get zeros, and weight decay.
        pooler.forward = torch.compiler.disable(pooler.forward)
    encoder.forward = CompiledForward(encoder.forward, rows, device.compiler)
    try:
        with (
            torch._dynamo.config.patch(recompile_limit=_SHAPES),
            torch._functorch.config.patch(force_non_lazy_backward_lowering=True),  # so that the first call tells all
        ):
            yield
    finally:
        for module in (encoder, *poolers):
            del module.forward  # that of the class is in its place again
        torch.compiler.reset()


def with_possible_compiler(device: Device, encoder: PreTrainedModel, hyper: Hyperparameters) -> Device:
    """The device, without its compiler where the encoder cannot be compiled, or would gain nothing, as the log says.

    Batches then need not be of the few lengths that are worth compiling.
    """
    reason = _obstacle(encoder, hyper, device) if device.compiler else ""
    if reason:
        logger.info("The encoder is not compiled (compute.compile): %s.", reason)
    return replace(device, compiler="") if reason else device


def _obstacle(encoder: PreTrainedModel, hyper: Hyperparameters, device: Device) -> str:
    """Why an encoder cannot be compiled, or would gain nothing; empty where it can."""
    if ranks.count() > 1:
        return "its weights are sharded over several GPUs"
    if device.gradient_checkpointing:
        return "compute.gradient_checkpointing computes its layers a second time"
    if adapters.is_added_to(encoder):
        return "it is trained with an adapter"
    if language_layers(encoder.config):
        return "it has layers of their own for each language"
    if hyper.batch_tokens:
        return "with batch_tokens, batches have too many shapes"
    return ""


class CompiledForward:
    """The forward pass of one encoder.

    Args:
        forward: The encoder's own.
        rows: Batches with a multiple of so many rows are compiled: tasks give the encoder one input or several of each
            row. The last batches of an epoch are smaller.
        compiler: A backend of torch.compile.
    """

    def __init__(self, forward: Callable[..., Any], rows: int, compiler: str) -> None:
        mode = "reduce-overhead" if compiler == "inductor" else None  # CUDA graphs
        self._forward, self._rows = forward, rows
        self._compiled: Callable[..., Any] | None = torch.compile(forward, backend=compiler, mode=mode, dynamic=False)

    def __call__(self, **inputs: Any) -> Any:
        """Run the encoder: compiled where gradients are wanted, with the encoder's own code else, or if that fails."""
        if self._compiled is None or not torch.is_grad_enabled() or len(inputs["input_ids"]) % self._rows:
            return self._forward(**inputs)
        try:
            return self._compiled(**inputs)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # a compiler fails in as many ways as it has parts, and training can do without it
            self._compiled = None
            logger.warning("The encoder cannot be compiled, and is trained without: %s", _first_line(error))
        return self._forward(**inputs)


def _first_line(error: Exception) -> str:
    """What has gone wrong, without the pages of advice to developers that follow."""
    cause = getattr(error, "inner_exception", error)  # dynamo's own says no more than that a compiler failed
    return f"{type(cause).__name__}: {(str(cause).strip().splitlines() or [''])[0]}"
