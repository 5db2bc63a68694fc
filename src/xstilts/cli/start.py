"""Commands to begin with: a new study's file, and running one from any folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from xstilts.cli.app import StudyName, app, described
from xstilts.cli.studies import RESULTS, find, studies_in
from xstilts.config.shipped import SNAKEFILE, workflow_folder
from xstilts.errors import UserError, did_you_mean
from xstilts.graph.paths import Paths


@app.command(rich_help_panel="For people")
def init(
    name: Annotated[str, typer.Argument(help="The study's name; its file is NAME.yaml.")],
    source: Annotated[
        Literal["files", "hub", "synthetic"],
        typer.Option(help="Where examples come from: files of yours, the Hugging Face Hub, or generated languages."),
    ] = "files",
    model: Annotated[
        str, typer.Option(help="A transformers folder, a known repository of the Hub, or hf://namespace/name@commit.")
    ] = "",
    questions: Annotated[str, typer.Option(help="Numbers of the questions to pose, such as 1,4.")] = "",
    tasks: Annotated[
        str,
        typer.Option(help="Built-in tasks (mnli,xnli), and ones of your own with their type (mine:classification)."),
    ] = "",
    root: Annotated[str, typer.Option(help="The folder with the data files.")] = "data",
) -> None:
    """Write a commented study file with the published protocol's values for an encoder; asks nothing."""
    from xstilts.drafts.content import QUESTIONS, Wanted
    from xstilts.drafts.encoder import encoder_of
    from xstilts.drafts.own import split_names
    from xstilts.drafts.write import write_demo, write_study

    if source == "synthetic":
        if model or questions or tasks:
            raise UserError(
                "--source synthetic is the demo, whose arms and targets pose all five questions to an encoder of its "
                "own; leave out --model, --questions and --tasks."
            )
        steps = write_demo(name)
    else:
        numbers = [part.strip().lower().removeprefix("q") for part in questions.split(",") if part.strip()]
        if wrong := [number for number in numbers if number not in map(str, QUESTIONS)]:
            raise UserError(f"--questions: there is no question '{wrong[0]}'. Give some of 1 to 5, such as 1,4.")
        encoder = encoder_of(model or ("xlm-roberta-base" if numbers == ["2"] else "xlm-roberta-large"))
        posed = tuple(sorted({int(number) for number in numbers}))
        steps = write_study(Wanted(name, source, root, encoder, posed, split_names(tasks)))
    print(f"{name}.yaml is written. Next:\n" + "\n".join(f"  {step}" for step in steps))


@app.command("ls", rich_help_panel="For people")
def list_known(
    what: Annotated[Literal["tasks", "languages", "models", "arms"], typer.Argument(help="What to list.")],
    study: StudyName,
) -> None:
    """List tasks, languages, models or arms: a study's, or without one those that there are."""
    from xstilts.cli import listing

    runs = described(study) if study or len(studies_in(Path())) == 1 else None
    match what:
        case "tasks":
            rows = listing.tasks(runs.study if runs else None)
        case "languages":
            rows = listing.languages(runs.study if runs else None)
        case "models":
            rows = listing.models(runs)
        case "arms":
            rows = listing.arms(runs.study if runs else None)
    print(listing.as_table(rows))


@app.command("run", rich_help_panel="For people")
def run_study(
    study: Annotated[
        str, typer.Argument(help="The study: its name, its file or its folder; left out, the only one in this folder.")
    ] = "",
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="Targets, such as prefetch; after --, options of snakemake: -- -n --quiet."),
    ] = None,
    cores: Annotated[
        str, typer.Option(help="CPU cores to use at a time; by default all, or as the profile says.")
    ] = "",
    profile: Annotated[
        str, typer.Option(help="gpu: one machine with GPUs. slurm: a cluster. Or a profile's folder.")
    ] = "",
) -> None:
    """Run a study from any folder: snakemake with the workflow that came with this package, results in ./results/."""
    from xstilts.runtime.requeued import free_locks

    found = find(study)
    if found.file is None:
        raise UserError(f"{found.stored}: has no YAML file here, from which to run it; give its path.")
    folder = workflow_folder()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(folder / SNAKEFILE), *(arguments or ())]
    command += ["--cores", cores] if cores else []
    command += ["--workflow-profile", str(profile_folder(profile, folder / "workflow" / "profiles"))] if profile else []
    command += ["--configfile", str(found.file.resolve())]  # the last: it takes all words that follow
    programs = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    free_locks(Path(), Paths(RESULTS / found.file.stem).heads, os.environ)
    sys.stdout.flush()
    # In place of this process, so that signals and the exit code are snakemake's. Its rules call xstilts by name.
    os.execve(sys.executable, command, {**os.environ, "PATH": programs})


def profile_folder(given: str, shipped: Path) -> Path:
    """The folder of a profile: one of the workflow's by name, or any.

    Raises:
        UserError: There is none.
    """
    found = next((path for path in (shipped / given, Path(given)) if (path / "profile.yaml").is_file()), None)
    if found is None:
        names = sorted(path.name for path in shipped.iterdir())
        raise UserError(f"--profile: there is no profile '{given}'. {did_you_mean(given, names)} Or give its folder.")
    return found.resolve()
