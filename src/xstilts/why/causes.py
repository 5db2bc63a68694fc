"""The root causes of each planned job: its own, or those of the jobs before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xstilts.tasks.registry import TASKS
from xstilts.why.changes import changes
from xstilts.why.plan import Job, Plan

#: What is new of a study, widest first: by wildcard, what a person calls it.
_FACTORS = {"model": "model", "arm": "arm", "training_set": "targets", "task": "task", "seed": "seed"}


@dataclass(frozen=True)
class Explained:
    """Why a planned job runs."""

    job: Job
    #: Its own reasons; empty if it only follows.
    own: tuple[str, ...]
    #: Those that it follows from: its own, and those of every planned job before it.
    roots: tuple[str, ...]


def explain(plan: Plan) -> list[Explained]:
    """Every planned job with its causes, in the plan's order.

    What the whole study shares (tables, report, …) follows from everything; of its own it has a cause only where it
    does not follow at all, or where its code has changed.
    """
    found: list[Explained] = []
    for job in plan.jobs:
        inherited = list(dict.fromkeys(cause for place in job.after for cause in found[place].roots))
        own = _own(job, plan)
        if not job.wildcards and inherited:
            own = [cause for cause in own if " code has changed" in cause]
        roots = dict.fromkeys((*own, *inherited)) or ["Snakemake has a reason that this command does not know"]
        found.append(Explained(job, tuple(own), tuple(roots)))
    return found


def _own(job: Job, plan: Plan) -> list[str]:
    """Causes that lie with the job itself."""
    causes = changes(job, plan.runs)
    causes += [f"{path} has changed" for path in job.updated]
    if job.interrupted:
        causes.append("the last try was cut short")
    if not job.ran:
        causes.append(_never_ran(job, plan))
    elif job.missing:
        causes += [_missing(path) for path in job.missing]
    if job.other_command:
        causes.append(f"the command of rule {job.rule} has changed")
    if not causes and job.other_inputs:
        causes.append(f"{job.rule} reads other files than before")
    return list(dict.fromkeys(cause for cause in causes if cause))


def _never_ran(job: Job, plan: Plan) -> str:
    """What of the job no job before has had; that it has not run, where something like it has."""
    if not plan.known:
        return "never run: nothing of the study has run yet"
    for wildcard, title in _FACTORS.items():
        value = job.wildcards.get(wildcard)
        if value is None or (wildcard, value) in plan.known:
            continue
        if wildcard == "training_set":
            targets = plan.runs.targets_of(value)
            return _new("target", targets)
        if wildcard == "task":
            return _task(value, plan)
        return _new(title, (value,))
    # A job without wildcards and rules like 'all' only wait for others.
    return "never run" if job.wildcards or not job.after else ""


def _task(task: str, plan: Plan) -> str:
    """A new task is there for a new target or a new arm: say which."""
    study = plan.runs.study
    if task in TASKS and task in study.targets:
        return _new("target", (task,))
    arms = [name for name, arm in study.arms.items() if task in arm.tasks and ("arm", name) not in plan.known]
    return _new("arm", arms) if arms else _new("task", (task,))


def _new(what: str, names: Sequence[str]) -> str:
    plural = len(names) != 1
    return f"{what}{'s' * plural} {', '.join(names)} {'are' if plural else 'is'} new"


def _missing(path: str) -> str:
    kind = path.split("/")[2] if path.count("/") > 2 else ""
    what = {"scores": "its scores are", "predictions": "its predictions are", "encoders": "its encoder is"}.get(kind)
    return f"{what} missing" if what else f"{path} is missing"
