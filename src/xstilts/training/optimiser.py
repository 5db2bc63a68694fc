"""AdamW and its learning-rate schedule."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from xstilts.config.settings import Hyperparameters


def adamw(encoder: nn.Module, heads: nn.Module, hyper: Hyperparameters) -> torch.optim.Optimizer:
    """Build AdamW over the parameters of encoder and heads; vectors (biases, layer norms) have no weight decay."""
    parameters = [p for p in (*encoder.parameters(), *heads.parameters()) if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": hyper.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    betas = (0.9, hyper.adam_beta2)
    (rate,) = hyper.rates
    return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=hyper.adam_epsilon, fused=True)


def schedule(optimiser: torch.optim.Optimizer, total: int, hyper: Hyperparameters) -> LRScheduler:
    """Build the schedule: linear warm-up from 0, then linear decay to 0 at step ``total``.

    With a warm-up, the first step has learning rate 0. A share of the steps is rounded down, as in jiant.
    """
    warmup = hyper.warmup_steps if hyper.warmup_steps is not None else math.floor(total * hyper.warmup_share)

    def share(step: int) -> float:
        if step < warmup:
            return step / warmup
        return max(0.0, (total - step) / max(1, total - warmup))

    return LambdaLR(optimiser, share)
