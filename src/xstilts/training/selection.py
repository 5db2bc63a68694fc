"""Selection of the best weights, on English dev data only, whatever languages the targets are scored in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

Weights = dict[str, torch.Tensor]


class BestState:
    """The best weights so far, kept in main memory; of equally good ones, the earliest.

    Args:
        step: The step they were saved at; 0: none yet.
        score: Their dev score in points.
        states: The weights of each module.
    """

    def __init__(self, step: int = 0, score: float = -math.inf, states: Sequence[Weights] = ()) -> None:
        self.step, self.score, self.states = step, score, states

    def offer(self, step: int, score: float, *modules: nn.Module) -> None:
        """Keep a copy of the modules' weights if their score is higher than that of the best so far."""
        if score > self.score:
            self.step, self.score = step, score
            self.states = [weights_of(module) for module in modules]

    def restore(self, *modules: nn.Module) -> int:
        """Load the best weights into the modules; returns the step they were saved at."""
        for module, state in zip(modules, self.states, strict=True):
            module.load_state_dict(state)
        return self.step


def weights_of(module: nn.Module) -> Weights:
    """A copy of a module's weights in main memory."""
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in module.state_dict().items()}
