"""The random sources that a training step draws from: dropout, and the masks of masked LM."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from xstilts.task_types.base import SpecialTokens


def random_state(tokens: SpecialTokens) -> dict[str, torch.Tensor]:
    """The current states by source. The order of batches is not among them: it follows from the seed and the step."""
    state = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    if tokens.generator is not None:
        state["tokens"] = tokens.generator.get_state()
    return state


def restore_random_state(state: Mapping[str, torch.Tensor], tokens: SpecialTokens) -> None:
    """Set the random sources to states that :func:`random_state` returned."""
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    if tokens.generator is not None:
        tokens.generator.set_state(state["tokens"])
