"""A study's plan: its jobs, what they need, how long all of it takes, and what will not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xstilts.graph.runs import Runs
from xstilts.planning.disk import DiskItem, disk
from xstilts.planning.estimates import Estimator
from xstilts.planning.fitting import warnings
from xstilts.planning.gpus import Gpu
from xstilts.planning.groups import ON_GPU, Group, Groups
from xstilts.planning.schedule import Task, wall_seconds
from xstilts.planning.shapes import shape_of
from xstilts.planning.sizes import Sizes, worst
from xstilts.wording import counted


@dataclass(frozen=True)
class Span:
    """An amount, and between which two it may be."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Plan:
    """What a study needs, from now on and in all."""

    study: str
    gpu: Gpu
    precision: str
    at_once: int
    groups: list[Group]
    #: Seconds until the last job on a GPU has ended, ``at_once`` at a time.
    wall: Span
    disk: list[DiskItem]
    warnings: list[str]
    notes: list[str]

    def of_rule(self, rule: str) -> list[Group]:
        return [group for group in self.groups if group.rule == rule]

    def jobs(self) -> Counter[str]:
        """By rule, the jobs of a run from nothing: what ``snakemake -n`` would count then."""
        counts: Counter[str] = Counter()
        for group in self.groups:
            counts[group.rule] += group.jobs
        return counts

    def left(self) -> Counter[str]:
        """By rule, those that are not done."""
        counts: Counter[str] = Counter()
        for group in self.groups:
            counts[group.rule] += len(group.left)
        return counts


def plan(runs: Runs, gpu: Gpu, at_once: int = 1) -> Plan:
    """The plan of a study on GPUs of a kind, so many jobs at once.

    Raises:
        UserError: where the shape of an encoder is not known.
    """
    shapes = {model: shape_of(runs, model) for model in runs.study.models}
    estimator = Estimator(gpu, runs.study.compute, shapes)
    sizes = Sizes(runs)
    groups = Groups(runs, estimator, sizes).all()
    return Plan(
        study=runs.study.study,
        gpu=gpu,
        precision=estimator.precision,
        at_once=at_once,
        groups=groups,
        wall=Span(*(_wall(groups, at_once, which) for which in ("seconds", "low", "high"))),
        disk=disk(runs, shapes, groups, sizes, at_once),
        warnings=warnings(runs, groups, estimator),
        notes=_notes(groups, estimator.others),
    )


def total(groups: Iterable[Group], *, with_done: bool = False) -> Span:
    """Seconds of what is left of some groups, or of all their jobs."""
    found = [(group.jobs if with_done else len(group.left), group.estimate) for group in groups]
    return Span(
        sum(count * one.seconds for count, one in found),
        sum(count * one.low for count, one in found),
        sum(count * one.high for count, one in found),
    )


def _wall(groups: list[Group], at_once: int, which: str) -> float:
    """Of the jobs on a GPU that are left; ``which`` of an estimate's seconds counts."""
    tasks = [
        Task(
            _name(group.rule, group.model, group.arm, group.what, seed),
            getattr(group.estimate, which),
            ON_GPU[group.rule],
            tuple(_name(rule, group.model, arm, "", first) for rule, arm, first in _before(group, seed)),
        )
        for group in groups
        if group.on_gpu
        for seed in group.left
    ]
    return wall_seconds(tasks, at_once)


def _before(group: Group, seed: int) -> list[tuple[str, str, int]]:
    """(rule, arm, seed) of the jobs that one waits for where they are still to run."""
    if group.rule == "pretrain" or not group.model:
        return []
    return [("pretrain", "", 0)] + ([] if group.rule == "intermediate" else [("intermediate", group.arm, seed)])


def _name(rule: str, model: str, arm: str, what: str, seed: int) -> tuple[str, ...]:
    return rule, model, arm, what, str(seed)


def _notes(groups: list[Group], others: Mapping[str, int]) -> list[str]:
    """What the numbers rest on."""
    basis = worst(group.work.basis for group in groups if group.on_gpu)
    notes = {
        "sizes assumed": "Numbers of examples are those of the full releases, or of the source's settings, where files "
        "have not been prepared yet: if they hold less, jobs take less. Tokens per example are typical ones.",
        "examples counted": "Examples are counted; tokens per example are typical ones where files have not been "
        "encoded yet.",
        "tokens counted": "Examples and tokens are counted in the study's own files.",
    }
    left_out = [
        f"{counted(number, 'job')} measured on another device ({name}) not used." for name, number in others.items()
    ]
    return [notes[basis], *left_out]
