"""A profile for a cluster whose jobs ask for what the plan of one study expects of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from xstilts.atomic import write_text
from xstilts.errors import UserError
from xstilts.planning.jobs import CPU_MINUTES, GPU_RULES, JobGroup
from xstilts.planning.plan import StudyPlan
from xstilts.wording import two_digits_up

#: How much more time and memory a job asks for than the most that the plan expects.
TIME_MARGIN, MEMORY_MARGIN = 1.25, 1.5
_TO_STOP = 10  # minutes: a job is told to stop five minutes before its end
_LEAST_MB = 4_000
_OF_MODELS = {"pretrain", "intermediate", "finetune", "retrieve"}  # rules with the wildcard 'model'
_FIRST = "pretrain"  # whose section in the shipped profile the other GPU rules repeat


def write_profile(plan: StudyPlan, shipped: Path, folder: Path) -> Path:
    """Write the shipped profile with the time, memory and type of GPU that a plan expects; all else stays as it is.

    Args:
        plan: The study's plan.
        shipped: The profile that comes with the workflow.
        folder: The folder to write.

    Returns:
        The file.

    Raises:
        UserError: It is there already.
    """
    path = folder / "profile.yaml"
    if path.exists():
        raise UserError(f"--write-profile: {path} is there already, and may have changes of yours. Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, profile_text(plan, shipped.read_text(encoding="utf-8")))
    return path


def profile_text(plan: StudyPlan, shipped: str) -> str:
    """Return the shipped profile's text with what a plan expects of the jobs of each rule."""
    lines = shipped.splitlines()
    note = (
        f"# Written by xstilts plan for the study {plan.study} on {plan.device.title}: a job asks for "
        f"{TIME_MARGIN:g} times the most time",
        f"# that is expected of one and {_TO_STOP} minutes, and for {MEMORY_MARGIN:g} times the memory.",
    )
    lines[1:1] = note
    start = lines.index("set-resources:")
    end = next(n for n in range(start + 1, len(lines)) if not lines[n].startswith("  "))
    section = [line for old in lines[start + 1 : end] for line in _with_needs(old, plan)]
    return "\n".join([*lines[: start + 1], *section, *_cpu_rules(plan), *lines[end:]]) + "\n"


def _with_needs(line: str, plan: StudyPlan) -> Iterator[str]:
    """A line of the section of GPU rules, and after a rule's name what its jobs need."""
    named = re.fullmatch(r"  (\w+): (&gpu|\*gpu)", line)
    if not named:
        yield line
        return
    rule, groups = named[1], [group for group in plan.groups if group.rule == named[1]]
    yield line if rule == _FIRST else f"  {rule}:"
    if rule != _FIRST:
        yield "    <<: *gpu"
    elif not plan.device.is_cpu:
        yield f"    gpu_model: {plan.device.name.split('-')[0]} # as the cluster calls it: xstilts doctor --slurm says"
    asked = GPU_RULES[rule]
    yield f"    runtime: {_by_model(rule, groups, _minutes, asked.runtime)}"
    yield f"    mem_mb: {_by_model(rule, groups, _megabytes, asked.mem_mb)}"


def _by_model(rule: str, groups: list[JobGroup], need: Callable[[JobGroup], int], otherwise: int) -> str:
    """The most that any job of a rule needs: one number, or an expression where models differ."""
    most: dict[str, int] = {}
    for group in groups:
        most[group.model] = max(most.get(group.model, 0), need(group))
    if rule in _OF_MODELS and len(set(most.values())) > 1:
        return f'"dict({list(most.items())})[wildcards.model]"'  # Snakemake 9.27 takes no braces here
    return str(max(most.values(), default=otherwise))


def _minutes(group: JobGroup) -> int:
    return two_digits_up(TIME_MARGIN * group.cost.high / 60 + _TO_STOP)


def _megabytes(group: JobGroup) -> int:
    return max(_LEAST_MB, two_digits_up(MEMORY_MARGIN * group.cost.memory_bytes / 1e6))


def _cpu_rules(plan: StudyPlan) -> Iterator[str]:
    """CPU rules whose jobs may take longer than they ask for by themselves. Their memory is not estimated."""
    for rule, minutes in CPU_MINUTES.items():
        longest = max((_minutes(group) for group in plan.groups if group.rule == rule), default=0)
        if longest > minutes:
            yield from (f"  {rule}:", f"    runtime: {longest}")
