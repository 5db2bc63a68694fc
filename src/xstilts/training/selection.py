"""Model selection: on English dev data only, whatever languages the target is scored in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

Weights = dict[str, torch.Tensor]


class BestState:
    """The best state so far, kept in main memory; of equal ones, the earliest."""

    def __init__(self, step: int = 0, score: float = -math.inf, states: Sequence[Weights] = ()) -> None:
        self.step, self.score, self.states = step, score, states

    def offer(self, step: int, score: float, *modules: nn.Module) -> None:
        if score > self.score:
            self.step, self.score = step, score
            self.states = [weights_of(module) for module in modules]

    def restore(self, *modules: nn.Module) -> int:
        for module, state in zip(modules, self.states, strict=True):
            module.load_state_dict(state)
        return self.step


def weights_of(module: nn.Module) -> Weights:
    """A copy of a module's weights in main memory."""
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in module.state_dict().items()}
