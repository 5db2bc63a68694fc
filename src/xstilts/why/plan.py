"""What Snakemake would run now, and what it knows of each of those jobs: asked of Snakemake itself."""

from __future__ import annotations

import ast
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec


@dataclass(frozen=True)
class Job:
    """A job that would run."""

    rule: str
    wildcards: Mapping[str, str]
    #: Its run spec, and the one that it last ran with; None where it has none or has not run.
    now: Spec | None = None
    before: Spec | None = None
    #: Whether it has run to its end before.
    ran: bool = False
    #: Outputs that are not there, and inputs that have changed since, other than by jobs of the plan.
    missing: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    #: Whether its last try was cut short; whether it reads other files; whether the rule's command is another.
    interrupted: bool = False
    other_inputs: bool = False
    other_command: bool = False
    #: Places in the plan of the jobs whose outputs it reads.
    after: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """'intermediate small mnli seed 1'."""
        values = (f"seed {value}" if name == "seed" else value for name, value in self.wildcards.items())
        return " ".join((self.rule, *values))


@dataclass(frozen=True)
class Plan:
    """The jobs that would run, each behind those that it waits for, and the study that they are of."""

    runs: Runs
    jobs: Sequence[Job]
    #: (wildcard, value) of every job that has ever run to its end: ("seed", "1"), …
    known: frozenset[tuple[str, str]]


def plan(snakefile: Path | None, configfiles: Sequence[Path], config: Sequence[str]) -> Plan:
    """Have Snakemake plan the study, without running or printing anything.

    Args:
        snakefile: None for the one that snakemake would find from here.
        configfiles: as snakemake takes them.
        config: ``KEY=VALUE``, as snakemake takes them.

    Raises:
        UserError: if Snakemake cannot plan it, with what Snakemake says.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.cli import parse_config
    from snakemake.exceptions import ApiError, MissingInputException, WorkflowError
    from snakemake.settings.enums import Quietness
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

    for path in configfiles:
        if not path.is_file():
            raise UserError(f"{path}: no such config file.")
    try:
        with SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL}, log_level_override=logging.ERROR)) as api:
            settings = ConfigSettings(config=parse_config(config), configfiles=list(configfiles))
            dag = api.workflow(ResourceSettings(cores=1), settings, snakefile=snakefile).dag(
                DAGSettings(force_incomplete=True)
            )
            # Snakemake's own commands that show a plan and run none of it, like --dag, go just these two steps.
            workflow = dag.workflow_api._workflow
            workflow._prepare_dag(forceall=False, ignore_incomplete=False, lock_warn_only=True, nolock=True)
            workflow._build_dag()
            return _read(workflow)
    except ApiError as error:
        raise UserError(f"{error} Run this where you run snakemake, or name the file with --snakefile.") from None
    except (MissingInputException, WorkflowError, ValueError) as error:
        raise UserError(f"Snakemake cannot plan the study: {error}") from None


def _read(workflow: Any) -> Plan:
    """What the plan says, as plain values."""
    dag, persistence = workflow.dag, workflow.persistence
    needed = set(dag.needrun_jobs())
    ordered = [job for level in dag.toposorted() for job in level if job in needed]
    places = {job: place for place, job in enumerate(ordered)}
    records = {job: next(filter(None, map(persistence.metadata, job.output)), None) for job in ordered}
    done = [job for job in dag.jobs if job not in needed or records[job]]
    jobs = []
    for job in ordered:
        reason, record = dag.reason(job), records[job]
        jobs.append(
            Job(
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                now=_spec(job.params.get("run")),
                before=_recorded(record.params) if record else None,
                ran=record is not None,
                missing=tuple(sorted(map(str, reason.missing_output))),
                updated=tuple(sorted(map(str, reason.updated_input - reason.updated_input_run))),
                interrupted=bool(reason.forced),
                other_inputs=bool(reason.input_changed),
                other_command=bool(reason.code_changed or reason.software_stack_changed),
                after=tuple(sorted(places[other] for other in dag.dependencies[job] if other in places)),
            )
        )
    known = frozenset(pair for job in done for pair in job.wildcards_dict.items())
    return Plan(workflow.globals["RUNS"], jobs, known)


def _spec(value: Any) -> Spec | None:
    return value if isinstance(value, dict) else None


def _recorded(params: list[str] | None) -> Spec | None:
    """The spec among the params that Snakemake noted as Python literals when the job ran."""
    for text in params or ():
        try:
            if isinstance(value := ast.literal_eval(text), dict):
                return value
        except (ValueError, SyntaxError):
            continue
    return None
