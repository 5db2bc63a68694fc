from __future__ import annotations

import math

import torch
from torch import nn

from xstilts.training.selection import BestState


def weight(module: nn.Linear, value: float | None = None) -> float:
    """The module's only weight, after setting it."""
    if value is not None:
        with torch.no_grad():
            module.weight.fill_(value)
    return module.weight.item()


def test_the_best_state_of_all_modules_comes_back() -> None:
    encoder, head, best = nn.Linear(1, 1), nn.Linear(1, 1), BestState()
    for step, score in ((10, 50.0), (20, 70.0), (30, 60.0)):
        weight(encoder, step)
        weight(head, -step)
        best.offer(step, score, encoder, head)
    assert best.restore(encoder, head) == 20
    assert (weight(encoder), weight(head)) == (20, -20)


def test_of_equal_states_the_earliest() -> None:
    encoder, best = nn.Linear(1, 1), BestState()
    for step in (1, 2):
        weight(encoder, step)
        best.offer(step, 0.0, encoder)
    assert best.restore(encoder) == 1
    assert weight(encoder) == 1


def test_a_state_that_is_kept_does_not_change_with_training() -> None:
    encoder, best = nn.Linear(1, 1), BestState()
    weight(encoder, 1.0)
    best.offer(1, 10.0, encoder)
    weight(encoder, 2.0)
    best.restore(encoder)
    assert weight(encoder) == 1.0


def test_a_score_that_is_no_number_is_no_best() -> None:
    best = BestState()
    best.offer(1, math.nan, nn.Linear(1, 1))
    assert best.step == 0
