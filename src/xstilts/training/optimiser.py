"""AdamW and its learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from xstilts.settings import Hyperparameters


def adamw(encoder: nn.Module, heads: nn.Module, hyper: Hyperparameters) -> torch.optim.Optimizer:
    """AdamW over both; vectors (biases, layer norms) do not decay."""
    parameters = [p for p in (*encoder.parameters(), *heads.parameters()) if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": hyper.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    betas = (0.9, hyper.adam_beta2)
    return torch.optim.AdamW(groups, lr=hyper.learning_rate, betas=betas, eps=hyper.adam_epsilon, fused=True)


def linear_schedule(total: int, warmup_share: float) -> Callable[[int], float]:
    """The share of the peak learning rate at a step: up from 0 while warming up, then down to 0 at ``total``."""
    warmup = math.ceil(total * warmup_share)

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return max(0.0, (total - step) / max(1, total - warmup))

    return share
