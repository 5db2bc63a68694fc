"""Read from Snakemake which jobs it would run, which takes its internals."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xstilts.errors import UserError
from xstilts.graph.specs import Spec
from xstilts.why.plan import PlannedJob, RerunPlan

#: The versions that this module is tested with, from the first up to but without the second. Snakemake's public API
#: cannot return a plan, and its internals may change in any major version.
SUPPORTED = (9, 27), (10, 0)


def plan_reruns(snakefile: Path | None, configfiles: Sequence[Path], config: Sequence[str]) -> RerunPlan:
    """Have Snakemake plan the study, without running or printing anything.

    Args:
        snakefile: The Snakefile; None for the one that snakemake finds from the working folder.
        configfiles: As snakemake takes them.
        config: ``KEY=VALUE``, as snakemake takes them.

    Raises:
        UserError: Snakemake cannot plan the study, or its version is not supported.
    """
    _check_version()
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
            # The two steps that Snakemake's own commands take that only show a plan, such as --dag.
            workflow = dag.workflow_api._workflow
            workflow._prepare_dag(forceall=False, ignore_incomplete=False, lock_warn_only=True, nolock=True)
            workflow._build_dag()
            return _read(workflow)
    except ApiError as error:
        raise UserError(f"{error} Run this where you run snakemake, or name the file with --snakefile.") from None
    except (MissingInputException, WorkflowError, ValueError) as error:
        raise UserError(f"Snakemake cannot plan the study: {error}") from None


def _check_version() -> None:
    installed = version("snakemake")
    numbers = tuple(int(number) for number in re.findall(r"\d+", installed)[:2])
    oldest, newer = (".".join(map(str, numbers)) for numbers in SUPPORTED)
    if not SUPPORTED[0] <= numbers < SUPPORTED[1]:
        raise UserError(
            f"xstilts why reads the plan from Snakemake's internals, and is tested with versions from {oldest} up to, "
            f"but not including, {newer}; Snakemake {installed} is installed. Install another version, "
            f"pip install 'snakemake>={oldest},<{newer}', or see what would run with snakemake --dry-run."
        )


def _read(workflow: Any) -> RerunPlan:
    """Return the plan of a Snakemake workflow whose DAG has been built."""
    dag, persistence = workflow.dag, workflow.persistence
    needed = set(dag.needrun_jobs())
    ordered = [job for level in dag.toposorted() for job in level if job in needed]
    positions = {job: position for position, job in enumerate(ordered)}
    records = {job: next(filter(None, map(persistence.metadata, job.output)), None) for job in ordered}
    finished = [job for job in dag.jobs if job not in needed or records[job]]
    jobs = []
    for job in ordered:
        reason, record = dag.reason(job), records[job]
        jobs.append(
            PlannedJob(
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                now=_spec(job.params.get("run")),
                before=_recorded_spec(record.params) if record else None,
                ran=record is not None,
                missing=tuple(sorted(map(str, reason.missing_output))),
                updated=tuple(sorted(map(str, reason.updated_input - reason.updated_input_run))),
                interrupted=bool(reason.forced),
                other_inputs=bool(reason.input_changed),
                other_command=bool(reason.code_changed or reason.software_stack_changed),
                after=tuple(sorted(positions[other] for other in dag.dependencies[job] if other in positions)),
            )
        )
    known = frozenset(pair for job in finished for pair in job.wildcards_dict.items())
    return RerunPlan(workflow.globals["RUNS"], jobs, known)


def _spec(value: Any) -> Spec | None:
    return value if isinstance(value, dict) else None


def _recorded_spec(params: list[str] | None) -> Spec | None:
    """Return the spec among a job's recorded params, which Snakemake stores as Python literals."""
    for text in params or ():
        try:
            if isinstance(value := ast.literal_eval(text), dict):
                return value
        except (ValueError, SyntaxError):
            continue
    return None
