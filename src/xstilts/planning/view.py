"""A plan for people, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from xstilts.planning.groups import ON_GPU, Group
from xstilts.planning.plan import Plan, Span, total
from xstilts.planning.wording import amount, duration, number, two_digits

_MOST_KINDS = 30  # of a rule's jobs in the table


def show(plan: Plan, console: Console) -> None:
    """Print a plan on a terminal."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    jobs, left = plan.jobs(), plan.left()
    on_gpu, all_left = [group for group in plan.groups if group.on_gpu], left.total()
    unit = "CPU" if plan.gpu.is_cpu else "GPU"
    say(f"{plan.study} on {plan.gpu.title}, {plan.precision}: {jobs.total():,} jobs, {all_left:,} to do\n")
    console.print(_table(plan, unit))
    say(f"\nOther jobs, on one CPU core each: {_light(plan)}")
    say(f"\n{unit} time:   {_hours(total(on_gpu))} to do, {_hours(total(on_gpu, with_done=True))} in all")
    say(f"Wall time:  {_hours(plan.wall)} with {plan.at_once} {unit} job{'s' * (plan.at_once > 1)} at a time")
    kept = sum(item.bytes for item in plan.disk if not item.temporary)
    peak = sum(item.bytes for item in plan.disk)
    say(f"Disk:       {amount(kept)} kept, {amount(peak)} at the most:")
    for item in plan.disk:
        say(f"  {amount(item.bytes):>8}  {item.what}{' (temporary)' * item.temporary}")
    say("\nWhere the numbers are from:")
    for source in _sources(on_gpu):
        say(f"  {source}")
    for note in plan.notes:
        say(f"  {note}")
    if plan.warnings:
        say("\nWarnings:")
        for warning in plan.warnings:
            say(f"  {warning}")


def _table(plan: Plan, unit: str) -> Table:
    """A row per rule on a GPU, and one per kind of job below it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    for column in ("jobs", "to do", "each", f"{unit} time\nto do", "GPU\nmemory", "main\nmemory"):
        table.add_column(column, justify="right", no_wrap=True)
    for rule in ON_GPU:
        groups = plan.of_rule(rule)
        if not groups:
            continue
        table.add_row(rule, *_cells(groups))
        kinds = _kinds(groups)
        if 1 < len(kinds) <= _MOST_KINDS:
            for name, of_kind in kinds.items():
                table.add_row(f"  {name}", *_cells(of_kind))
    return table


def _kinds(groups: Sequence[Group]) -> dict[str, list[Group]]:
    """A rule's groups by what they train on; and by model, where there are several."""
    several = len({group.model for group in groups}) > 1
    kinds: dict[str, list[Group]] = {}
    for group in groups:
        what = group.arm if group.rule == "intermediate" else group.what
        kinds.setdefault(f"{what} ({group.model})" if several else what, []).append(group)
    return kinds


def _cells(groups: Sequence[Group]) -> tuple[str, ...]:
    """Jobs, how many are left, how long each takes, all that are left, and the most memory."""
    each = [group.estimate.seconds for group in groups]
    shortest, longest = duration(min(each)), duration(max(each))
    return (
        f"{sum(group.jobs for group in groups):,}",
        f"{sum(len(group.left) for group in groups):,}",
        shortest if shortest == longest else f"{shortest} – {longest}",
        duration(total(groups).value),
        _memory(max(group.estimate.gpu_bytes for group in groups)),
        _memory(max(group.estimate.memory_bytes for group in groups)),
    )


def _memory(size: float) -> str:
    return amount(size) if size else "–"


def _light(plan: Plan) -> str:
    """'18 prepare, 18 encode, … (12 min)'."""
    groups = [group for group in plan.groups if not group.on_gpu]
    counts = Counter[str]()
    for group in groups:
        counts[group.rule] += group.jobs
    names = ", ".join(f"{count:,} {rule}" for rule, count in counts.items())
    return f"{names}; {sum(len(group.left) for group in groups):,} to do, {_hours(total(groups))}"


def _hours(span: Span) -> str:
    """'12 h (6 h to 24 h)'."""
    if not span.value:
        return "nothing"
    return f"{duration(span.value)} ({duration(span.low)} to {duration(span.high)})"


def _sources(groups: Sequence[Group]) -> list[str]:
    """How many jobs are estimated in which way."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.estimate.source] += group.jobs
    return [f"{number(count) if count > 99 else count} jobs: {source}" for source, count in counts.items()]


def as_json(plan: Plan) -> dict[str, Any]:
    """All of a plan for programs: hours and bytes, rounded to two significant digits; numbers of jobs are exact."""
    on_gpu = [group for group in plan.groups if group.on_gpu]
    return {
        "study": plan.study,
        "gpu": plan.gpu.name,
        "precision": plan.precision,
        "jobs_at_once": plan.at_once,
        "jobs": dict(plan.jobs()),
        "left": dict(plan.left()),
        "gpu_hours": {"left": _span(total(on_gpu)), "all": _span(total(on_gpu, with_done=True))},
        "wall_hours": _span(plan.wall),
        "disk_bytes": [
            {"what": item.what, "bytes": two_digits(item.bytes), "temporary": item.temporary} for item in plan.disk
        ],
        "groups": [_group(group) for group in plan.groups],
        "warnings": plan.warnings,
        "notes": plan.notes,
    }


def _span(span: Span) -> dict[str, float]:
    return {name: two_digits(getattr(span, name) / 3600) for name in ("value", "low", "high")}


def _group(group: Group) -> dict[str, Any]:
    one = group.estimate
    return {
        **{name: value for name in ("rule", "model", "arm", "what") if (value := getattr(group, name))},
        "jobs": group.jobs,
        "left": len(group.left),
        "steps": group.work.steps,
        "hours_each": _span(Span(one.seconds, one.low, one.high)),
        "gpu_bytes": two_digits(one.gpu_bytes),
        "memory_bytes": two_digits(one.memory_bytes),
        "from": one.source,
        "sizes": group.work.basis,
    }
