"""Commands for people before a study runs: what is wrong with it, what it costs, and what the machine lacks."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xstilts.cli.app import StudyName, app, described
from xstilts.cli.start import profile_folder
from xstilts.cli.studies import find
from xstilts.config.shipped import SNAKEFILE, workflow_folder
from xstilts.errors import UserError, UserErrors
from xstilts.wording import listed

if TYPE_CHECKING:
    from xstilts.checks.findings import Finding
    from xstilts.graph.runs import Runs


logger = logging.getLogger(__name__)

ConfigFile = Annotated[str, typer.Option("--config", hidden=True, help="What --study was called for YAML files.")]


@app.command(rich_help_panel="For people")
def check(
    study: StudyName,
    config: ConfigFile = "",
    gpu: Annotated[
        str, typer.Option(help="Also whether jobs fit this device: a100-80, a100, t4, …, as for plan.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List all problems of a study at once, with remedies, before any work; exit code 1 if there are any."""
    from xstilts.checks.findings import Finding
    from xstilts.checks.study import check as check_study

    try:
        runs = described(_either(study, config))
    except UserErrors as error:
        findings = [Finding.of_sentence(sentence) for sentence in error.sentences]
    else:
        findings = check_study(runs, gpu)
    _show(findings, as_json)


def _show(findings: Sequence[Finding], as_json: bool) -> None:
    """Print findings, and end with exit code 1 if any of them is a problem."""
    from xstilts.checks import view

    print(json.dumps(view.as_json(findings), indent=2) if as_json else "\n".join(view.lines(findings)))
    if any(not finding.warning for finding in findings):
        raise typer.Exit(1)


def _either(study: str, config: str) -> str:
    if study and config:
        raise UserError("give either --study or --config: both name the study.")
    return study or config


@app.command(rich_help_panel="For people")
def plan(
    study: StudyName,
    config: ConfigFile = "",
    gpu: Annotated[str, typer.Option(help="What jobs will run on: a100-80, or a100 for each of them, t4, cpu, …")] = "",
    jobs_at_once: Annotated[int, typer.Option(min=1, help="GPU jobs that run at a time.")] = 1,
    write_profile: Annotated[
        Path | None, typer.Option(help="Write a profile for SLURM whose jobs ask for what is expected: a new folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate jobs, GPU-hours, memory and disk of a study: before it runs, and what is left while it does."""
    from rich.console import Console

    from xstilts.checks import disk
    from xstilts.checks import view as checks
    from xstilts.checks.study import quick
    from xstilts.graph.contents import planned
    from xstilts.planning import cluster_profile, view
    from xstilts.planning.gpus import GPUS, gpus_of
    from xstilts.planning.plan import plan as plan_of

    runs = described(_either(study, config))
    if not gpu:
        raise UserError(f"give --gpu, what jobs will run on: {', '.join(GPUS)}.")
    devices = gpus_of(gpu)
    for option in ["--json"] * as_json + ["--write-profile"] * (write_profile is not None):
        if len(devices) > 1:
            named = listed([device.name for device in devices])
            raise UserError(f"--gpu: {gpu} stands for {named}; for {option} name one.")
    if storage := find(_either(study, config)).storage:
        logger.warning("The results of this study are in the storage %s: what is done there counts as left", storage)
    found = quick(runs)
    if found and not as_json:
        print("\n".join(checks.lines(found)), end="\n\n", flush=True)
    if len(devices) > 1:
        print(f"{gpu} stands for {listed([device.name for device in devices])}, with a plan for each.", end="\n\n")
    runs = runs if runs.study.contents else replace(runs, study=planned(runs.study))
    for device in devices:
        estimated = plan_of(runs, device, jobs_at_once)
        estimated.warnings.extend(map(str, disk.findings(runs, estimated.disk)))
        if as_json:
            print(json.dumps({"check": checks.as_json(found), **view.as_json(estimated)}, indent=2))
        else:
            view.show(estimated, Console())
            print("\n" * (device is not devices[-1]), end="")
        if write_profile:
            shipped = workflow_folder() / "workflow" / "profiles" / "slurm" / "profile.yaml"
            cluster_profile.write_profile(estimated, shipped, write_profile)
            if not as_json:
                print(f"\nWritten: a profile, for snakemake --workflow-profile {write_profile}")


@app.command(rich_help_panel="For people")
def shard(
    study: StudyName,
    by: Annotated[Literal["model", "seed"], typer.Option(help="What the jobs of a part have in common.")] = "seed",
) -> None:
    """Print how to run a very large study in parts, each by a snakemake of its own, with one report. Runs nothing."""
    from xstilts.planning.parts import instructions

    runs, path = described(study), find(study).described
    if path.suffix == ".json":
        raise UserError(f"{path}: is a study that has run; give its YAML file with --study, which snakemake reads.")
    print("\n".join(instructions(runs, by, path)))


@app.command(rich_help_panel="For people")
def doctor(
    study: StudyName,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Also ask SLURM whether it would take the study's jobs.")
    ] = False,
    profile: Annotated[
        str, typer.Option(help="With --slurm: the profile that jobs are submitted with; by default the workflow's.")
    ] = "",
    run: Annotated[
        bool, typer.Option("--run", help="With --slurm: also run a job of a second that looks for study and programs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at packages, disk and downloads, and with --slurm at the cluster; exit code 1 if something would fail."""
    from xstilts.checks.findings import in_order
    from xstilts.checks.machine import findings

    if (run or profile) and not slurm:
        raise UserError(f"{'--run' if run else '--profile'} is about a cluster: give --slurm, too.")
    runs = described(study)
    found = [*findings(runs, workflow_folder())]
    if slurm:
        found += _on_slurm(find(study).file, runs, profile, run)
    _show(in_order(found), as_json)


def _on_slurm(file: Path | None, runs: Runs, profile: str, run: bool) -> list[Finding]:
    from xstilts.checks import cluster as checks
    from xstilts.cluster.profile import read_profile
    from xstilts.cluster.requests import planned_requests
    from xstilts.cluster.slurm import read_cluster

    folder = workflow_folder()
    if file is None:
        raise UserError("--slurm needs the study's YAML file, from which Snakemake plans its jobs; give its path.")
    chosen = profile_folder(profile or "slurm", folder / "workflow" / "profiles")
    cluster, read = read_cluster(), read_profile(chosen)
    requests = planned_requests(folder / SNAKEFILE, file, chosen)
    found = list(checks.findings(cluster, read, requests, runs))
    if run:
        found += checks.unseen(cluster, read, requests, [str(Path.cwd()), sys.executable])
    return found
