"""The answer to 'why?': jobs by root cause, as text or as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from xstilts.graph.runs import Runs
from xstilts.why.causes import ExplainedJob
from xstilts.why.cells import Cell, CellFilter, cells_of, summarised_cells
from xstilts.wording import counted

_MAX_LINES = 8  # of cells, for each cause


@dataclass
class CauseGroup:
    """The jobs that run because of one cause.

    Attributes:
        cause: The cause.
        own: By rule, how many jobs have the cause themselves.
        following: By rule, how many jobs only follow from those.
        cells: The cells whose scores the jobs make.
        titles: The jobs that have the cause themselves.
    """

    cause: str
    own: Counter[str] = field(default_factory=Counter)
    following: Counter[str] = field(default_factory=Counter)
    cells: set[Cell] = field(default_factory=set)
    titles: list[str] = field(default_factory=list)


def select_jobs(explained: list[ExplainedJob], runs: Runs, chosen: CellFilter) -> list[ExplainedJob]:
    """Return the jobs that make the chosen cells' scores and the planned jobs that these wait for."""
    if not chosen:
        return explained
    wanted = {n for n, each in enumerate(explained) if any(map(chosen.has, cells_of(each.job, runs)))}
    for position in range(len(explained) - 1, -1, -1):
        if position in wanted:
            wanted.update(explained[position].job.after)
    return [explained[position] for position in sorted(wanted)]


def group_by_cause(
    explained: list[ExplainedJob], runs: Runs, chosen: CellFilter
) -> tuple[list[CauseGroup], Counter[str]]:
    """Group jobs by cause.

    Returns:
        The groups, those with most cells first; and by rule, the jobs of the study as a whole that only follow from
        other jobs.
    """
    groups: dict[str, CauseGroup] = {}
    whole_study: Counter[str] = Counter()
    for each in explained:
        if not each.own and not each.job.wildcards:
            whole_study[each.job.rule] += 1
            continue
        cells = [cell for cell in cells_of(each.job, runs) if chosen.has(cell)]
        for cause in each.roots if each.job.wildcards else each.own:
            group = groups.setdefault(cause, CauseGroup(cause))
            (group.own if cause in each.own else group.following)[each.job.rule] += 1
            group.cells.update(cells)
            if cause in each.own:
                group.titles.append(each.job.title)
    return sorted(groups.values(), key=lambda group: -len(group.cells)), whole_study


def as_text(explained: list[ExplainedJob], runs: Runs, chosen: CellFilter) -> str:
    """Write the answer for people: a paragraph per cause."""
    explained = select_jobs(explained, runs, chosen)
    if not explained:
        where = f"{chosen.text()}: nothing" if chosen else "Nothing"
        return f"{where} would run: {'its' if chosen else 'all'} scores are there and up to date."
    groups, whole_study = group_by_cause(explained, runs, chosen)
    parts = [f"{counted(len(explained), 'job')} would run{f' for {chosen.text()}' if chosen else ''}."]
    for group in groups:
        lines = [group.cause, f"  jobs: {_counts(group.own)}"]
        if group.following:
            first = group.titles[0] if len(group.titles) == 1 else " or ".join(_by_count(group.own))
            lines.append(f"  following, because {first} runs again: {_counts(group.following)}")
        cells = summarised_cells(group.cells, runs)
        lines += [f"  cells: {line}" for line in cells[:_MAX_LINES]]
        if len(cells) > _MAX_LINES:
            more = counted(len(cells) - _MAX_LINES, "more line")
            lines.append(f"  … and {more}: ask with --arm, --target or --seed")
        parts.append("\n".join(lines))
    if whole_study:
        parts.append(f"And what is of the study as a whole: {', '.join(whole_study)}.")
    return "\n\n".join(parts)


def as_json(explained: list[ExplainedJob], runs: Runs, chosen: CellFilter) -> dict[str, Any]:
    """Return the answer for programs: the same, with every cell spelled out."""
    explained = select_jobs(explained, runs, chosen)
    groups, whole_study = group_by_cause(explained, runs, chosen)
    return {
        "jobs": len(explained),
        "causes": [
            {
                "cause": group.cause,
                "jobs": dict(group.own),
                "following": dict(group.following),
                "cells": [cell._asdict() for cell in sorted(group.cells)],
            }
            for group in groups
        ],
        "study": list(whole_study),
    }


def _counts(rules: Counter[str]) -> str:
    return ", ".join(f"{rule} {rules[rule]:,}" for rule in _by_count(rules))


def _by_count(rules: Counter[str]) -> list[str]:
    """Return the rules with most jobs first; the order in which Snakemake plans them is arbitrary."""
    return sorted(rules, key=lambda rule: (-rules[rule], rule))
