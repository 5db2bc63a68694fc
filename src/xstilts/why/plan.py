"""The jobs that Snakemake would run, and what it knows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec


@dataclass(frozen=True)
class PlannedJob:
    """A job, of any rule, that Snakemake would run.

    Attributes:
        rule: The name of its rule.
        wildcards: The values of the rule's wildcards.
        now: Its run spec; None if its rule has none.
        before: The run spec that it last ran with; None if it has not run.
        ran: Whether it has finished before.
        missing: Outputs that do not exist.
        updated: Inputs that have changed since it ran, other than by planned jobs.
        interrupted: Whether its last attempt did not finish.
        other_inputs: Whether it reads other files than when it ran.
        other_command: Whether the rule's command has changed since it ran.
        after: Positions in the plan of the jobs whose outputs it reads.
    """

    rule: str
    wildcards: Mapping[str, str]
    now: Spec | None = None
    before: Spec | None = None
    ran: bool = False
    missing: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    interrupted: bool = False
    other_inputs: bool = False
    other_command: bool = False
    after: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Rule and wildcards: 'intermediate small mnli seed 1'."""
        values = (f"seed {value}" if name == "seed" else value for name, value in self.wildcards.items())
        return " ".join((self.rule, *values))


@dataclass(frozen=True)
class RerunPlan:
    """The jobs that Snakemake would run.

    Attributes:
        runs: The study that they belong to.
        jobs: The jobs, each after those whose outputs it reads.
        known: Wildcards and values of all jobs that have ever finished: ("seed", "1"), …
    """

    runs: Runs
    jobs: Sequence[PlannedJob]
    known: frozenset[tuple[str, str]]
