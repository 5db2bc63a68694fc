"""The hidden states of one layer, without running the layers above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from xstilts.encoders import capabilities
from xstilts.task_types.inputs import run_encoder

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from xstilts.task_types.base import Batch


class _ReachedError(Exception):
    """Ends a forward pass at the layer whose input is wanted."""

    def __init__(self, states: torch.Tensor) -> None:
        super().__init__()
        self.states = states


def states_of_layer(encoder: PreTrainedModel, batch: Batch, layer: int) -> torch.Tensor:
    """Compute the hidden states that transformers calls ``hidden_states[layer]``.

    The forward pass ends where the next layer would begin. Encoders that use the same layer object several times, as
    ALBERT does, are run to the end.

    Args:
        encoder: The encoder, in evaluation mode.
        batch: Its inputs, as ``pad_inputs`` makes them, on its device.
        layer: 0 for the embeddings, up to the number of layers for the last layer's states.

    Returns:
        (batch, length, hidden) hidden states.
    """
    depth = capabilities.layers(encoder.config)
    if layer == depth:
        return cast("torch.Tensor", run_encoder(encoder, batch).last_hidden_state)
    if (stack := _layer_stack(encoder, depth)) is None:
        return cast("torch.Tensor", run_encoder(encoder, batch, output_hidden_states=True).hidden_states[layer])
    hook = stack[layer].register_forward_pre_hook(_stop, with_kwargs=True)
    try:
        run_encoder(encoder, batch)
    except _ReachedError as reached:
        return reached.states
    finally:
        hook.remove()
    raise AssertionError(f"{type(encoder).__name__} does not run its layer {layer}")


def _layer_stack(encoder: PreTrainedModel, depth: int) -> nn.ModuleList | None:
    """The list of an encoder's transformer layers; None where there is none of that length."""
    from torch import nn

    stacks = [module for module in encoder.modules() if isinstance(module, nn.ModuleList) and len(module) == depth]
    return stacks[0] if stacks else None


def _stop(_layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NoReturn:
    raise _ReachedError(args[0] if args else kwargs["hidden_states"])
