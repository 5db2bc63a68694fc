"""The answer to 'why?': jobs by root cause, as text or as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from xstilts.graph.runs import Runs
from xstilts.why.causes import Explained
from xstilts.why.cells import Cell, Chosen, cells_of, condensed
from xstilts.wording import counted


@dataclass
class Group:
    """What runs because of one cause."""

    cause: str
    #: By rule, how many jobs have the cause themselves, and how many follow from those.
    own: Counter[str] = field(default_factory=Counter)
    following: Counter[str] = field(default_factory=Counter)
    cells: set[Cell] = field(default_factory=set)
    #: Jobs that have the cause themselves.
    titles: list[str] = field(default_factory=list)


def chosen_jobs(explained: list[Explained], runs: Runs, chosen: Chosen) -> list[Explained]:
    """The jobs that make the chosen cells' scores, and the planned jobs that these wait for; all, of no choice."""
    if not chosen:
        return explained
    wanted = {n for n, found in enumerate(explained) if any(map(chosen.has, cells_of(found.job, runs)))}
    for place in range(len(explained) - 1, -1, -1):
        if place in wanted:
            wanted.update(explained[place].job.after)
    return [explained[place] for place in sorted(wanted)]


def grouped(explained: list[Explained], runs: Runs, chosen: Chosen) -> tuple[list[Group], Counter[str]]:
    """Groups by cause; and by rule, the jobs of the study as a whole that only follow from them."""
    groups: dict[str, Group] = {}
    whole: Counter[str] = Counter()
    for found in explained:
        if not found.own and not found.job.wildcards:
            whole[found.job.rule] += 1
            continue
        cells = [cell for cell in cells_of(found.job, runs) if chosen.has(cell)]
        for cause in found.roots if found.job.wildcards else found.own:
            group = groups.setdefault(cause, Group(cause))
            (group.own if cause in found.own else group.following)[found.job.rule] += 1
            group.cells.update(cells)
            if cause in found.own:
                group.titles.append(found.job.title)
    return sorted(groups.values(), key=lambda group: -len(group.cells)), whole


def as_text(explained: list[Explained], runs: Runs, chosen: Chosen) -> str:
    """For people: a paragraph per cause."""
    explained = chosen_jobs(explained, runs, chosen)
    if not explained:
        where = f"{chosen.text()}: nothing" if chosen else "Nothing"
        return f"{where} would run: {'its' if chosen else 'all'} scores are there and up to date."
    groups, whole = grouped(explained, runs, chosen)
    parts = [f"{counted(len(explained), 'job')} would run{f' for {chosen.text()}' if chosen else ''}."]
    for group in groups:
        lines = [group.cause, f"  jobs: {_counts(group.own)}"]
        if group.following:
            first = group.titles[0] if len(group.titles) == 1 else _rules(group.own)
            lines.append(f"  following, because {first} runs again: {_counts(group.following)}")
        cells = condensed(group.cells, runs)
        lines += [f"  cells: {line}" for line in cells[:8]]
        if len(cells) > 8:
            lines.append(f"  … and {counted(len(cells) - 8, 'more line')}: ask with --arm, --target or --seed")
        parts.append("\n".join(lines))
    if whole:
        parts.append(f"And what is of the study as a whole: {', '.join(whole)}.")
    return "\n\n".join(parts)


def as_json(explained: list[Explained], runs: Runs, chosen: Chosen) -> dict[str, Any]:
    """For programs: the same, with every cell spelled out."""
    explained = chosen_jobs(explained, runs, chosen)
    groups, whole = grouped(explained, runs, chosen)
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
        "study": list(whole),
    }


def _counts(rules: Counter[str]) -> str:
    return ", ".join(f"{rule} {rules[rule]:,}" for rule in _ordered(rules))


def _rules(rules: Counter[str]) -> str:
    return " or ".join(_ordered(rules))


def _ordered(rules: Counter[str]) -> list[str]:
    """The rules with most jobs first: the order in which Snakemake plans them means nothing."""
    return sorted(rules, key=lambda rule: (-rules[rule], rule))
