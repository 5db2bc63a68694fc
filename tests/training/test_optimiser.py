from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from xstilts.config.settings import Hyperparameters
from xstilts.training.optimiser import adamw, schedule


def test_vectors_do_not_decay() -> None:
    encoder, heads = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3)), nn.ModuleDict({"xnli": nn.Linear(3, 2)})
    hyper = Hyperparameters(weight_decay=0.1, learning_rate=1e-3, adam_beta2=0.98, adam_epsilon=1e-6)
    matrices, vectors = adamw(encoder, heads, hyper).param_groups
    assert [tuple(p.shape) for p in matrices["params"]] == [(3, 4), (2, 3)]
    assert [tuple(p.shape) for p in vectors["params"]] == [(3,), (3,), (3,), (2,)]
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.1, 0.0)
    for group in (matrices, vectors):
        assert (group["lr"], group["betas"], group["eps"]) == (1e-3, (0.9, 0.98), 1e-6)


def test_frozen_weights_are_left_out() -> None:
    encoder = nn.Linear(4, 3)
    encoder.weight.requires_grad = False
    matrices, vectors = adamw(encoder, nn.ModuleDict(), Hyperparameters()).param_groups
    assert (len(matrices["params"]), len(vectors["params"])) == (0, 1)


def rates(total: int, **hyper: float) -> list[float]:
    """The share of the peak learning rate at each step, and after the last one."""
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    rate = schedule(optimiser, total, Hyperparameters(**hyper))
    found = []
    for _ in range(total + 1):
        found += rate.get_last_lr()
        optimiser.step()
        rate.step()
    return found


def test_schedule_by_hand() -> None:
    expected = [0, 1 / 2, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8, 0]
    assert rates(10, warmup_share=0.2) == pytest.approx(expected)
    assert rates(10, warmup_share=0.9, warmup_steps=2) == pytest.approx(expected)


def test_without_warm_up_the_first_step_has_the_whole_rate() -> None:
    assert rates(4, warmup_share=0) == rates(4, warmup_steps=0) == [1, 0.75, 0.5, 0.25, 0]


def test_a_share_of_the_steps_is_rounded_down() -> None:
    assert rates(19, warmup_share=0.1) == rates(19, warmup_steps=1)
    assert rates(9, warmup_share=0.1) == rates(9, warmup_steps=0)


@given(total=st.integers(1, 60), warmup_share=st.floats(0, 0.99))
def test_schedule_rises_to_its_peak_and_falls_to_0(total: int, warmup_share: float) -> None:
    shares = rates(total, warmup_share=warmup_share)
    peak = shares.index(max(shares))
    assert shares[-1] == 0 and max(shares) <= 1
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)


def test_no_steps() -> None:
    assert rates(0) == [0]
