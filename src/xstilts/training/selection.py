"""Model selection: on English dev data only, whatever languages the target is scored in."""

from __future__ import annotations

import math

import torch
from torch import nn


class BestState:
    """The best state so far, kept in main memory; of equal ones, the earliest."""

    def __init__(self) -> None:
        self.step = 0
        self._score = -math.inf
        self._states: list[dict[str, torch.Tensor]] = []

    def offer(self, step: int, score: float, *modules: nn.Module) -> None:
        if score > self._score:
            self.step, self._score = step, score
            self._states = [
                {name: value.detach().to("cpu", copy=True) for name, value in module.state_dict().items()}
                for module in modules
            ]

    def restore(self, *modules: nn.Module) -> int:
        for module, state in zip(modules, self._states, strict=True):
            module.load_state_dict(state)
        return self.step
