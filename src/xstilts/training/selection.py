"""Selection of the best weights, on English dev data only, whatever languages the targets are scored in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from xstilts.training import ranks

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
            load_weights(module, state)
        return self.step


def weights_of(module: nn.Module) -> Weights:
    """A copy of a module's weights, as :func:`ranks.whole` makes it, without those that are not trained. Collective."""
    fixed = _fixed(module)
    return {name: ranks.whole(value) for name, value in module.state_dict().items() if name not in fixed}


def load_weights(module: nn.Module, weights: Weights) -> None:
    """Load what :func:`weights_of` returned of the same module. Collective."""
    own = module.state_dict()
    spread = {name: ranks.spread(value, own[name]) for name, value in weights.items() if name in own}
    module.load_state_dict({**_fixed(module), **weights, **spread})


def _fixed(module: nn.Module) -> Weights:
    """The weights beside an adapter, which stay as they are."""
    parameters = module.named_parameters(remove_duplicate=False)
    return {name: value for name, value in parameters if not value.requires_grad}
