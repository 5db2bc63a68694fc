"""A plan for people, and for programs. Estimates have two significant digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.planning.jobs import GPU_RULES, JobGroup
from xstilts.planning.plan import Span, StudyPlan, total
from xstilts.wording import duration, file_size, short_number, two_digits

_MOST_KINDS = 30  # of a rule's jobs in the table


def show(plan: StudyPlan, console: Console) -> None:
    """Print a plan on a terminal."""
    jobs, on_gpu = plan.jobs(), [group for group in plan.groups if group.on_gpu]
    on_cpu = [group for group in plan.groups if not group.on_gpu]
    unit = "CPU" if plan.device.is_cpu else "GPU"
    light = ", ".join(f"{jobs[rule]:,} {rule}" for rule in dict.fromkeys(group.rule for group in on_cpu))
    sources: Counter[str] = Counter()
    for group in on_gpu:
        sources[group.cost.source] += group.jobs
    peak = sum(item.bytes for item in plan.disk)
    kept = sum(item.bytes for item in plan.disk if not item.temporary)

    def say(*lines: str) -> None:
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)

    title = f"{plan.study} on {plan.device.title}, {plan.precision}"
    say(f"{title}: {jobs.total():,} jobs, {plan.jobs(left=True).total():,} to do\n")
    console.print(_table(plan, unit))
    say(
        f"\nOther jobs, on one CPU core each: {light}; {sum(len(group.left) for group in on_cpu):,} to do, "
        f"{_range(total(on_cpu))}",
        f"\n{unit} time:   {_range(total(on_gpu))} to do, {_range(total(on_gpu, with_done=True))} in all",
        f"Wall time:  {_range(plan.wall)} with {plan.at_once} {unit} job{'s' * (plan.at_once > 1)} at a time",
        f"Disk:       {file_size(kept)} kept, {file_size(peak)} at the most:",
        *(f"  {file_size(item.bytes):>8}  {item.what}{' (temporary)' * item.temporary}" for item in plan.disk),
        "\nWhere the numbers are from:",
        *(f"  {short_number(n) if n > 99 else n} jobs: {source}" for source, n in sources.items()),
        *(f"  {note}" for note in plan.notes),
        *(["\nWarnings:"] if plan.warnings else []),
        *(f"  {warning}" for warning in plan.warnings),
    )


def _table(plan: StudyPlan, unit: str) -> Table:
    """A row per rule on a GPU, and one per kind of job below it; a kind names its model where there are several."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    for column in ("jobs", "to do", "each", f"{unit} time\nto do", "GPU\nmemory", "main\nmemory"):
        table.add_column(column, justify="right", no_wrap=True)
    for rule in GPU_RULES:
        groups = [group for group in plan.groups if group.rule == rule]
        several = len({group.model for group in groups}) > 1
        kinds: dict[str, list[JobGroup]] = {}
        for group in groups:
            kinds.setdefault(f"  {group.kind[-1]}" + f" ({group.model})" * several, []).append(group)
        if groups:
            table.add_row(rule, *_cells(groups))
        if 1 < len(kinds) <= _MOST_KINDS:
            for name, of_kind in kinds.items():
                table.add_row(name, *_cells(of_kind))
    return table


def _cells(groups: Sequence[JobGroup]) -> tuple[str, ...]:
    """Jobs, how many are left, how long each takes, all that are left, and the most memory."""
    each = [group.cost.seconds for group in groups]
    gpu, main = (max(getattr(group.cost, name) for group in groups) for name in ("gpu_bytes", "memory_bytes"))
    return (
        f"{sum(group.jobs for group in groups):,}",
        f"{sum(len(group.left) for group in groups):,}",
        " – ".join(dict.fromkeys((duration(min(each)), duration(max(each))))),
        duration(total(groups).value),
        file_size(gpu) if gpu else "–",
        file_size(main),
    )


def _range(span: Span) -> str:
    """'12 h (6 h to 24 h)'."""
    return f"{duration(span.value)} ({duration(span.low)} to {duration(span.high)})" if span.value else "nothing"


def as_json(plan: StudyPlan) -> dict[str, Any]:
    """Return all of a plan: hours and bytes with two significant digits, exact numbers of jobs."""
    on_gpu = [group for group in plan.groups if group.on_gpu]
    return {
        "study": plan.study,
        "gpu": plan.device.name,
        "precision": plan.precision,
        "jobs_at_once": plan.at_once,
        "jobs": dict(plan.jobs()),
        "left": dict(plan.jobs(left=True)),
        "gpu_hours": {"left": _hours(total(on_gpu)), "all": _hours(total(on_gpu, with_done=True))},
        "wall_hours": _hours(plan.wall),
        "disk_bytes": [{**item._asdict(), "bytes": two_digits(item.bytes)} for item in plan.disk],
        "groups": [_group(group) for group in plan.groups],
        "warnings": plan.warnings,
        "notes": plan.notes,
    }


def _hours(span: Span) -> dict[str, float]:
    return {name: two_digits(seconds / 3600) for name, seconds in span._asdict().items()}


def _group(group: JobGroup) -> dict[str, Any]:
    cost = group.cost
    return {
        **{name: value for name in ("rule", "model", "arm", "what") if (value := getattr(group, name))},
        "jobs": group.jobs,
        "left": len(group.left),
        "steps": group.work.steps,
        "hours_each": _hours(Span(cost.seconds, cost.low, cost.high)),
        "gpu_bytes": two_digits(cost.gpu_bytes),
        "memory_bytes": two_digits(cost.memory_bytes),
        "from": cost.source,
        "sizes": group.work.basis,
    }
