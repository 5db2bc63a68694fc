"""Training runs that one process or several processes make, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Hyperparameters
from xstilts.encoders import storage as encoders
from xstilts.encoders.weights import weights_file
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types.base import SpecialTokens
from xstilts.training import ranks
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.prediction import predict
from xstilts.training.selection import weights_of
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

SHAPE = Architecture(hidden_size=16, layers=2, heads=2, feed_forward_size=16, max_length=32, dropout=0.0)
CPU = Device("cpu", torch.float32)


@dataclass(frozen=True)
class Case:
    """A training run.

    Attributes:
        name: What it is called.
        task_data: What it trains on.
        hyper: Its hyper-parameters.
        dropout: Of the encoder.
        stop: The step that it is stopped after; 0: it is not.
        checkpoints: The folder of its checkpoints, which it is resumed from; empty: none.
        encoder: The folder of the encoder, and its tokenizer; None: a random one after XLM-R.
        device: The precision, and whether layers' states are computed again.
    """

    name: str
    task_data: Sequence[TaskData]
    hyper: Hyperparameters
    dropout: float = 0.0
    stop: int = 0
    checkpoints: str = ""
    encoder: tuple[Path, PreTrainedTokenizerFast] | None = None
    device: Device = CPU


def outcome(case: Case, tokenizer: PreTrainedTokenizerFast, folder: Path) -> dict[str, Any]:
    """Train, and return what has come of it; empty if the run was stopped."""
    torch.manual_seed(7)
    if case.encoder:
        encoder, tokenizer = encoders.load(case.encoder[0], Compute()), case.encoder[1]
    else:
        encoder = encoders.fresh(SHAPE.model_copy(update={"dropout": case.dropout}), tokenizer, Compute())
    tokens = SpecialTokens.of(tokenizer, torch.Generator().manual_seed(3))
    checkpoints = Checkpoints(folder / case.checkpoints, "in", minutes=60) if case.checkpoints else None
    stop = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if case.stop and step == case.stop:
            stop.reason = "SIGTERM"

    precisions: set[torch.dtype] = set()
    linear = next(module for module in encoder.modules() if isinstance(module, nn.Linear))
    linear.register_forward_pre_hook(lambda module, _: precisions.add(module.weight.dtype))
    session = Session(stop, checkpoints if ranks.is_first() else None, tell if ranks.is_first() else _nothing)
    try:
        trained = train(encoder, case.task_data, tokens, case.hyper, 1, case.device, case.name, session)
    except Stopped:
        return {}
    predictions = [
        predict(one.task_type, encoder, trained.heads[one.name], one.dev, one.dev_examples, tokens, 7, case.device)
        for one in case.task_data
        if one.dev is not None and one.dev_examples is not None
    ]
    written, names = ranks.on_cpu(encoder), []
    if ranks.is_first():
        encoders.save(written, folder / "written")
        written, names = encoders.load(folder / "written", Compute()), list(load_file(weights_file(folder / "written")))
    return {
        "weights": {**written.state_dict(), **weights_of(trained.heads)},
        "curve": trained.curve,
        "steps": (trained.steps, trained.best_step, trained.resumed_at),
        "predictions": predictions,
        "family": type(written).__name__,
        "names in the file": sorted(names),
        "weights compute in": precisions,
    }


def _nothing(what: str, step: int, total: int) -> None:
    """No progress."""


def by_several(count: int, cases: Sequence[Case], tokenizer: PreTrainedTokenizerFast, folder: Path) -> list[Any]:
    """The outcomes of cases, each trained by so many processes."""
    processes.spawn(_work, (count, cases, tokenizer, folder), nprocs=count)
    outcomes: list[Any] = torch.load(folder / "outcomes.pt", weights_only=True)
    return outcomes


def _work(rank: int, count: int, cases: Sequence[Case], tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=count, store=dist.FileStore(str(folder / "store"), count))
    outcomes = [outcome(case, tokenizer, folder) for case in cases]
    if rank == 0:
        torch.save(outcomes, folder / "outcomes.pt")
    dist.destroy_process_group()


def without_dev(data: TaskData) -> TaskData:
    """The same task without dev data."""
    return replace(data, dev=None, dev_examples=None)
