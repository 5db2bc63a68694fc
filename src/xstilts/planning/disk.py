"""What a study puts on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xstilts.graph.runs import Runs
from xstilts.planning import costs
from xstilts.planning.groups import Group
from xstilts.planning.shapes import Shape
from xstilts.planning.sizes import Sizes
from xstilts.tasks.registry import TEXT


@dataclass(frozen=True)
class DiskItem:
    """Something that a study leaves, or needs only while it runs."""

    what: str
    bytes: float
    temporary: bool = False


def disk(
    runs: Runs, shapes: Mapping[str, Shape], groups: Sequence[Group], sizes: Sizes, at_once: int
) -> list[DiskItem]:
    """All of it from nothing, in bytes; without the source's own files."""
    snapshots = {runs.ready_made(name): name for name, model in runs.study.models.items() if model.snapshot}
    encoders = sum(
        group.jobs * job_bytes(group, shapes) for group in groups if group.rule in ("pretrain", "intermediate")
    )
    largest = max(map(costs.checkpoint_bytes, shapes.values()))
    running = min(at_once, sum(group.jobs for group in groups if group.work.steps))
    items = [
        DiskItem("downloaded encoders", sum(costs.weights_bytes(shapes[name]) for name in snapshots.values())),
        DiskItem("trained encoders", encoders),
        DiskItem("examples", _examples(runs, sizes)),
        DiskItem("tokens", sum(_tokens(runs, sizes, model) for model in runs.study.models)),
        DiskItem("predictions", sum(group.jobs * costs.prediction_bytes(group.work) for group in groups)),
        DiskItem("checkpoints of running jobs", 2 * largest * running, temporary=True),
    ]
    return [item for item in items if item.bytes]


def job_bytes(group: Group, shapes: Mapping[str, Shape]) -> float:
    """What one job of a group leaves."""
    if group.rule in ("pretrain", "intermediate"):
        return costs.weights_bytes(shapes[group.model])
    return costs.prediction_bytes(group.work)


def _tasks(runs: Runs, pretrains: bool) -> tuple[str, ...]:
    return (*runs.study.tasks(), *((TEXT.name,) if pretrains else ()))


def _tokens(runs: Runs, sizes: Sizes, model: str) -> float:
    return sum(
        costs.token_bytes(sizes.of(model, task, *file).tokens, runs.study.task(task).type)
        for task in _tasks(runs, runs.pretrains(model))
        for file in runs.files(task)
    )


def _examples(runs: Runs, sizes: Sizes) -> float:
    """Tokens of the first model stand for the amount of text."""
    model = next(iter(runs.study.models))
    files = [(task, *file) for task in _tasks(runs, runs.pretrains(model)) for file in runs.files(task)]
    return sum(costs.example_bytes(sizes.of(model, *file).tokens) for file in files)
