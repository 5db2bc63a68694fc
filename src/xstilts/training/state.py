"""The state of a training run, as a checkpoint holds it: resumed, a run ends with the same weights."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from xstilts.config.settings import Hyperparameters
from xstilts.task_types.base import SpecialTokens
from xstilts.training import ranks
from xstilts.training.checkpoints import Checkpoint
from xstilts.training.losses import Losses
from xstilts.training.memory import MicroBatches
from xstilts.training.optimiser import adamw, schedule
from xstilts.training.randomness import random_state, restore_random_state
from xstilts.training.selection import BestState, load_weights, weights_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass
class TrainingState:
    """A training run after some steps.

    Attributes:
        encoder: Trained in place.
        heads: By task.
        tokens: The tokenizer's special tokens, and the random source of masked LM.
        optimiser: AdamW over encoder and heads.
        rate: The learning-rate schedule.
        micro: The size of micro-batches.
        best: The best weights so far.
        losses: The steps' losses since the last evaluation.
        curve: See :class:`xstilts.training.loop.TrainingResult`.
        step: Optimiser steps taken.
        resumed_at: The steps at which earlier processes were stopped or killed and the run was resumed.
        earlier_seconds: Seconds that these processes took.
    """

    encoder: PreTrainedModel
    heads: nn.ModuleDict
    tokens: SpecialTokens
    optimiser: torch.optim.Optimizer
    rate: LRScheduler
    micro: MicroBatches
    best: BestState = field(default_factory=BestState)
    losses: Losses = field(default_factory=Losses)
    curve: list[dict[str, float]] = field(default_factory=list)
    step: int = 0
    resumed_at: list[int] = field(default_factory=list)
    earlier_seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic)

    @classmethod
    def fresh(
        cls, encoder: PreTrainedModel, heads: nn.ModuleDict, tokens: SpecialTokens, hyper: Hyperparameters, total: int
    ) -> TrainingState:
        """The state before the first of ``total`` steps."""
        optimiser = adamw(encoder, heads, hyper)
        micro = MicroBatches(hyper.micro_batch_size)
        return cls(encoder, heads, tokens, optimiser, schedule(optimiser, total, hyper), micro)

    def checkpoint(self) -> Checkpoint:
        """Copy the state, whole in the first process. Collective.

        The order of batches is not in it: it follows from the seed and the step.

        Raises:
            Diverged: The loss of a step has not been finite.
        """
        self.losses.read()
        tensors = dict(prefixed("encoder", weights_of(self.encoder)))
        tensors |= prefixed("heads", weights_of(self.heads))
        for name, weights in zip(("best_encoder", "best_heads"), self.best.states, strict=False):
            tensors |= prefixed(name, weights)
        for number, moments in self.optimiser.state_dict()["state"].items():
            copies = {name: ranks.whole(value) for name, value in moments.items()}
            tensors |= prefixed(f"optimiser.{number}", copies)
        tensors |= prefixed("random", random_state(self.tokens))
        facts = {
            "step": self.step,
            "learning_rates": self.rate.get_last_lr(),
            "schedule": self.rate.state_dict(),
            "best_step": self.best.step,
            "best_score": self.best.score if self.best.step else None,
            "losses": self.losses.known,
            "curve": self.curve,
            "micro_batch_size": self.micro.size,
            "halvings": self.micro.halvings,
            "resumed_at": self.resumed_at,
            "seconds": self.earlier_seconds + time.monotonic() - self._started,
        }
        return Checkpoint(tensors, facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Load the state from a checkpoint of the same run, by any number of processes. Collective."""
        facts, tensors = checkpoint.facts, checkpoint.tensors
        load_weights(self.encoder, part_of("encoder", tensors))
        load_weights(self.heads, part_of("heads", tensors))
        groups = self.optimiser.state_dict()["param_groups"]
        for group, rate in zip(groups, facts["learning_rates"], strict=True):
            group["lr"] = rate
        parameters = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        moments = {}
        for number, parameter in enumerate(parameters):
            if values := part_of(f"optimiser.{number}", tensors):
                like = {name: parameter.detach() for name in values} | {"step": torch.zeros(())}
                moments[number] = {name: ranks.spread(value, like[name]) for name, value in values.items()}
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.rate.load_state_dict(facts["schedule"])
        self.step, self.losses, self.curve = facts["step"], Losses(list(facts["losses"])), list(facts["curve"])
        self.micro = MicroBatches(facts["micro_batch_size"], list(facts["halvings"]))
        self.resumed_at, self.earlier_seconds = [*facts["resumed_at"], self.step], facts["seconds"]
        self.best = BestState()
        if facts["best_step"]:
            states = [part_of("best_encoder", tensors), part_of("best_heads", tensors)]
            self.best = BestState(facts["best_step"], facts["best_score"], states)
        restore_random_state(ranks.shared(part_of("random", tensors)), self.tokens)


def prefixed(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield tensors under names that begin with what they are of."""
    for name, value in tensors.items():
        yield f"{prefix}/{name}", value


def part_of(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Return the tensors that :func:`prefixed` has named so, under their own names."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
