"""The command that looks at the machine, and at a cluster, before a study runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xstilts.cli.app import StudyName, app, described
from xstilts.cli.start import profile_folder
from xstilts.cli.studies import find
from xstilts.config.shipped import SNAKEFILE, workflow_folder
from xstilts.errors import UserError

if TYPE_CHECKING:
    from xstilts.checks.findings import Finding


@app.command(rich_help_panel="For people")
def doctor(
    study: StudyName,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Also ask SLURM whether it would take the study's jobs.")
    ] = False,
    profile: Annotated[str, typer.Option(help="With --slurm: the profile that jobs are submitted with.")] = "slurm",
    run: Annotated[
        bool, typer.Option("--run", help="With --slurm: also run a job of a second that looks for study and programs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at packages, disk and downloads, and with --slurm at the cluster; exit code 1 if something would fail."""
    from xstilts.checks import view
    from xstilts.checks.findings import in_order
    from xstilts.checks.machine import findings

    if run and not slurm:
        raise UserError("--run is about a cluster: give --slurm, too.")
    found = [*findings(described(study), workflow_folder())]
    if slurm:
        found += _on_slurm(find(study).file, profile, run)
    found = in_order(found)
    print(json.dumps(view.as_json(found), indent=2) if as_json else "\n".join(view.lines(found)))
    if any(not finding.warning for finding in found):
        raise typer.Exit(1)


def _on_slurm(file: Path | None, profile: str, run: bool) -> list[Finding]:
    from xstilts.checks import cluster as checks
    from xstilts.cluster.profile import read_profile
    from xstilts.cluster.requests import planned_requests
    from xstilts.cluster.slurm import read_cluster

    folder = workflow_folder()
    if file is None:
        raise UserError("--slurm needs the study's YAML file, from which Snakemake plans its jobs; give its path.")
    chosen = profile_folder(profile, folder / "workflow" / "profiles")
    cluster, read = read_cluster(), read_profile(chosen)
    requests = planned_requests(folder / SNAKEFILE, file, chosen)
    found = list(checks.findings(cluster, read, requests))
    if run:
        found += checks.unseen(cluster, read, requests, [str(Path.cwd()), sys.executable])
    return found
