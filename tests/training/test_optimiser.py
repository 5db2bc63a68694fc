from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from xstilts.settings import Hyperparameters
from xstilts.training.optimiser import adamw, linear_schedule


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


def test_schedule_by_hand() -> None:
    share = linear_schedule(total=10, warmup_share=0.2)
    assert [share(step) for step in range(11)] == pytest.approx(
        [1 / 3, 2 / 3, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8, 0]
    )


@given(total=st.integers(1, 300), warmup_share=st.floats(0, 0.99))
def test_schedule_rises_to_its_peak_and_falls_to_0(total: int, warmup_share: float) -> None:
    share = linear_schedule(total, warmup_share)
    shares = [share(step) for step in range(total + 1)]
    peak = shares.index(max(shares))
    assert all(value > 0 for value in shares[:-1]) and shares[-1] == 0
    assert max(shares) <= 1 and (max(shares) == 1 or peak == total - 1)
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)


def test_no_steps() -> None:
    assert linear_schedule(0, 0.1)(0) == 0
