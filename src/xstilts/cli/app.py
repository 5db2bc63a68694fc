"""The command line itself, and what its commands have in common."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from xstilts.cli.studies import find, studies_in
from xstilts.config import study as studies
from xstilts.errors import UserError, did_you_mean
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec, Specs, check_planned
from xstilts.runtime.logs import configure_logging

logger = logging.getLogger(__name__)

app = typer.Typer(
    help="Does English intermediate-task training help zero-shot cross-lingual transfer? "
    "Studies run through snakemake, which calls these commands; each can also be run by hand.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

StudyName = Annotated[
    str,
    typer.Option(
        "--study",
        default_factory=str,
        show_default=False,
        autocompletion=lambda: list(studies_in(Path())),
        help="The study: its name, its file or its folder. Left out: the only one in this folder.",
    ),
]
Model = Annotated[str, typer.Option(help="A model of the study.")]
ArmName = Annotated[str, typer.Option("--arm", help="An arm of the study.")]
TaskName = Annotated[str, typer.Option("--task", help="A task of the study, by its name in the config.")]
Seed = Annotated[int, typer.Option(help="A seed of the study.")]
Threads = Annotated[int, typer.Option(help="CPU threads; the scores of a CPU run depend on their number.")]
RunId = Annotated[str, typer.Option("--run", help="The planned run's id; another run is refused. Empty: any.")]


def _print_versions(wanted: bool) -> None:
    if wanted:
        packages = ", ".join(f"{name} {version(name)}" for name in ("snakemake", "torch", "transformers"))
        print(f"xstilts {version('xstilts')} (Python {platform.python_version()}, {packages})")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_versions, is_eager=True, help="Print versions and exit.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also log debug messages.")] = False,
) -> None:
    """Set up logging; the help text of the whole is that of the app."""
    configure_logging(verbose)


def opened(study: str, **names: str | int) -> Runs:
    """Load the jobs of a study that has run, and check that the given model, arm, task, … are the study's own.

    Args:
        study: As ``--study`` takes it.
        names: Names by kind.

    Raises:
        UserError: There is no such study, or a name is not one of the study's.
    """
    runs = _loaded(find(study).run)
    valid: dict[str, Iterable[str | int]] = {
        "model": runs.study.models,
        "model_to_pretrain": [model for model in runs.study.models if runs.pretrains(model)],
        "arm": runs.study.arms,
        "arm_that_trains": [name for name, arm in runs.study.arms.items() if arm.trains],
        "task": (*runs.study.tasks(), *runs.texts()),
        "encoded": (*runs.study.tasks(), *runs.study.translations, *runs.texts()),
        "translation": runs.study.translations,
        "training_set": runs.study.training_sets(),
        "seed": runs.study.seeds,
    }
    for what, name in names.items():
        if name not in valid[what]:
            label = what.replace("_", " ")
            raise UserError(f"the study has no {label} '{name}'. {did_you_mean(name, map(str, valid[what]))}")
    return runs


def described(study: str) -> Runs:
    """Load the jobs of a study as its YAML file has it now, or as it ran where only that is there or was named.

    Raises:
        UserError: There is no such study, or it is not valid.
    """
    from xstilts.config.reading import read_config

    path = find(study).described
    return _loaded(path) if path.suffix == ".json" else Runs(read_config(path))


def _loaded(path: Path) -> Runs:
    """The jobs of a stored study, whose files lie beside it, wherever its folder is."""
    study = studies.load_file(path)
    return Runs(study, folder=path.parent if path.parent.name == study.study else None)


def planned(study: str, run: str, spec_of: Callable[[Specs], Spec], **names: str | int) -> Runs:
    """Load a stored study's jobs for one job, which must be the one that was planned.

    Args:
        study: As ``--study`` takes it.
        run: The planned run's id; empty: not checked.
        spec_of: Picks the job's run spec.
        names: As for :func:`opened`.

    Raises:
        UserError: As :func:`opened`, and if the study or the code has changed since the job was planned.
    """
    runs = opened(study, **names)
    spec = spec_of(Specs(runs))
    check_planned(spec, run)
    logger.info("Run %s", spec["id"])  # an empty log is that of a job that was never started
    return runs
