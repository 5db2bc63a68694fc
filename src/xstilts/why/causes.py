"""The root causes of each planned job: its own, and those of the planned jobs that it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xstilts.config.translation import translated_name
from xstilts.why.changes import changes
from xstilts.why.plan import PlannedJob, RerunPlan

#: What can be new in a study, widest first: by wildcard, its name for people.
_FACTORS = {"model": "model", "arm": "arm", "training_set": "targets", "task": "task", "seed": "seed"}


@dataclass(frozen=True)
class ExplainedJob:
    """Why a planned job runs.

    Attributes:
        job: The job.
        own: Its own causes; none if it only follows from other jobs.
        roots: Its own causes and those of every planned job that it depends on.
    """

    job: PlannedJob
    own: tuple[str, ...]
    roots: tuple[str, ...]


def explain(plan: RerunPlan) -> list[ExplainedJob]:
    """Return every planned job with its causes, in the plan's order.

    Jobs of the study as a whole (tables, report, …) follow from all others. They have a cause of their own only if they
    follow from none, or if their code has changed.
    """
    explained: list[ExplainedJob] = []
    for job in plan.jobs:
        inherited = list(dict.fromkeys(cause for position in job.after for cause in explained[position].roots))
        own = _own(job, plan)
        if not job.wildcards and inherited:
            own = [cause for cause in own if " code has changed" in cause]
        roots = dict.fromkeys((*own, *inherited)) or ["Snakemake has a reason that this command does not know"]
        explained.append(ExplainedJob(job, tuple(own), tuple(roots)))
    return explained


def _own(job: PlannedJob, plan: RerunPlan) -> list[str]:
    """Return the causes that lie with the job itself."""
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


def _never_ran(job: PlannedJob, plan: RerunPlan) -> str:
    """Return what is new about a job that never ran; if nothing is, that it has not run."""
    if not plan.known:
        return "never run: nothing of the study has run yet"
    if job.rule == "translate":
        return _task(translated_name(job.wildcards["task"], job.wildcards["language"]), plan)
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
    # Rules like 'all' only wait for others.
    return "never run" if job.wildcards or not job.after else ""


def _task(task: str, plan: RerunPlan) -> str:
    """Name the new target or the new arm that needs a new task."""
    study = plan.runs.study
    if task in study.targets:
        return _new("target", (task,))
    used = {name: (*arm.all_tasks, *plan.runs.translations_of_arm(name)) for name, arm in study.arms.items()}
    arms = [name for name, tasks in used.items() if task in tasks and ("arm", name) not in plan.known]
    return _new("arm", arms) if arms else _new("task", (task,))


def _new(what: str, names: Sequence[str]) -> str:
    plural = len(names) != 1
    return f"{what}{'s' * plural} {', '.join(names)} {'are' if plural else 'is'} new"


def _missing(path: str) -> str:
    kind = path.split("/")[2] if path.count("/") > 2 else ""
    what = {"scores": "its scores are", "predictions": "its predictions are", "encoders": "its encoder is"}.get(kind)
    return f"{what} missing" if what else f"{path} is missing"
