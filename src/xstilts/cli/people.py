"""Commands for people: a study's costs, its status, its results, and why jobs would run again."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xstilts.cli.app import StudyName, app, opened
from xstilts.cli.studies import find, studies_in
from xstilts.config.shipped import SNAKEFILE, workflow_folder
from xstilts.errors import UserError
from xstilts.graph.runs import Runs

if TYPE_CHECKING:
    from xstilts.comparing.sides import Side

logger = logging.getLogger(__name__)

#: Where snakemake looks for a Snakefile.
_FOUND = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
Folder = Annotated[Path, typer.Argument(help="A folder with XTREME's folders udpos, panx, xnli, …")]


@app.command(rich_help_panel="For people")
def partial(
    study: StudyName,
    figures: Annotated[
        bool, typer.Option("--figures", help="Draw figures, too, which takes most of the time.")
    ] = False,
) -> None:
    """Summarise the finished jobs of a study that is running or has failed, in results/{study}/partial/."""
    from xstilts.jobs import partial

    partial.summarise(opened(study), figures)


@app.command(rich_help_panel="For people")
def submit_check(study: StudyName, folder: Folder) -> None:
    """Compare a submission's files with the study's data: counts, ids, labels, and what is missing."""
    from xstilts.jobs import submission

    submission.check(opened(study), folder)


@app.command(rich_help_panel="For people")
def score(study: StudyName, folder: Folder) -> None:
    """Score a submission of any system against the study's data, as XTREME's evaluate.py does; prints JSON."""
    from xstilts.submission.score import score_folder

    print(json.dumps(score_folder(folder, opened(study)), indent=2))


@app.command(rich_help_panel="For people")
def show(study: StudyName) -> None:
    """Print the main table of a finished study, and where its results are."""
    from xstilts.jobs import report

    runs = opened(study)
    print(report.main_table(runs))
    places = {name: getattr(runs.paths, name) for name in ("scores", "tables", "figures", "submission", "report")}
    print("\n" + "\n".join(f"{name.capitalize()}: {place}" for name, place in places.items() if place.exists()))
    if missing := [name for name, place in places.items() if not place.exists()]:
        print(f"Not there yet: {', '.join(missing)}. Run snakemake with the study file again, which makes them.")


@app.command(rich_help_panel="For people")
def export(
    study: StudyName,
    to: Annotated[Path, typer.Option("--to", help="The folder to write, which is empty or does not exist.")],
    model: Annotated[str, typer.Option(help="A model of the study; by default its only one.")] = "",
    arm: Annotated[str, typer.Option(help="An arm; by default the only one that trains. none: pretraining.")] = "",
    seed: Annotated[int | None, typer.Option(help="A seed of the study; by default its only one.")] = None,
) -> None:
    """Write an arm's encoder with tokenizer and model card into a folder that the Hugging Face Hub takes as it is."""
    from xstilts.jobs.export import export as work

    given = {"model": model or None, "arm": arm or None, "seed": seed}
    work(opened(study, **{what: name for what, name in given.items() if name is not None}), model, arm, seed, to)
    print(f"{to}: encoder, tokenizer and model card, as transformers and the Hugging Face Hub take them")


@app.command(rich_help_panel="For people")
def schema() -> None:
    """Print the JSON schema of a study file, from which editors complete and check its keys."""
    from xstilts.config.schema import as_text, study_schema

    print(as_text(study_schema()), end="")


@app.command(rich_help_panel="For people")
def status(
    study: StudyName,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: see docs/status.md.")] = False,
    watch: Annotated[
        float | None, typer.Option(min=1, help="Print it again every so many seconds, until all is done or Ctrl-C.")
    ] = None,
) -> None:
    """Print the status of each job, and how long the rest may take. Reads only; can be used while the study runs."""
    from xstilts.status import view
    from xstilts.status.survey import as_json as survey_as_json
    from xstilts.status.survey import survey

    runs = opened(study)
    if as_json:
        print(json.dumps(survey_as_json(survey(runs)), indent=2))
    elif watch:
        view.watch(lambda: survey(runs), watch)
    else:
        view.show(survey(runs))


@app.command(rich_help_panel="For people")
def compare(
    one: Annotated[str, typer.Argument(help="A study that has run: its name, its file or its folder.")],
    other: Annotated[str, typer.Argument(help="Another one.")],
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> None:
    """Print what differs between two studies: config, data, code, and scores with paired 95 % intervals."""
    from xstilts.comparing import view

    sides = _side(one), _side(other)
    if sides[0].runs.paths.root.resolve() == sides[1].runs.paths.root.resolve():
        raise UserError(f"'{one}' and '{other}' are the same study, in {sides[0].runs.paths.root}.")
    if sides[0].title == sides[1].title:
        sides = replace(sides[0], title=one), replace(sides[1], title=other)
    print(json.dumps(view.as_json(*sides), indent=2) if form == "json" else view.as_text(*sides))


@app.command(rich_help_panel="For people")
def why(
    study: StudyName,
    snakefile: Annotated[
        Path | None, typer.Option(help="As for snakemake; by default the one that it finds, else this package's.")
    ] = None,
    configfile: Annotated[
        list[Path] | None, typer.Option(help="As for snakemake, in place of --study; can be repeated.")
    ] = None,
    config: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, as for snakemake; can be repeated.")] = None,
    cell: Annotated[str, typer.Option(help="Only this cell: model/arm/target/seed.")] = "",
    model: Annotated[str, typer.Option(help="Only cells of this model.")] = "",
    arm: Annotated[str, typer.Option(help="Only cells of this arm.")] = "",
    target: Annotated[str, typer.Option(help="Only cells of this target.")] = "",
    seed: Annotated[str, typer.Option(help="Only cells of this seed.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every cell spelled out.")] = False,
) -> None:
    """Print which jobs snakemake would run now, and the root cause of each. Runs nothing."""
    from xstilts.why import answer, causes, cells, snakemake_api

    if study and configfile:
        raise UserError("give either --study or --configfile, not both.")
    files = configfile or [path for path in [_study_file(study)] if path]
    planned = snakemake_api.plan_reruns(snakefile or _snakefile(), files, config or [])
    chosen = cells.CellFilter.of(planned.runs, cell, model=model, arm=arm, target=target, seed=seed)
    explained = causes.explain(planned)
    if as_json:
        print(json.dumps(answer.as_json(explained, planned.runs, chosen), indent=2))
    else:
        print(answer.as_text(explained, planned.runs, chosen))


def _study_file(study: str) -> Path | None:
    """The YAML file of a study; of none that is named, that of the only one, else what snakemake takes by default."""
    if not study and len(studies_in(Path())) != 1:
        return None
    found = find(study)
    if found.file is None:
        raise UserError(f"{found.stored}: has no YAML file here, from which to plan it; give its path with --study.")
    if found.storage:
        logger.warning(
            "This study ran last with its files in the storage %s. What follows is what snakemake would run without "
            "one; with one, snakemake -n and the same options say it",
            found.storage,
        )
    return found.file


def _snakefile() -> Path | None:
    """The workflow that came with the package, where snakemake would find none in this folder."""
    return None if any(map(Path.is_file, map(Path, _FOUND))) else workflow_folder() / SNAKEFILE


def _side(given: str) -> Side:
    """A study that is to be compared, with its scores if it is finished."""
    from xstilts.comparing.sides import Side
    from xstilts.config.study import load_file
    from xstilts.results import load_results

    path = find(given).run
    runs = Runs(load_file(path), folder=path.parent)
    try:
        return Side(runs.study.study, runs, load_results(path.parent).scores)
    except UserError as error:
        return Side(runs.study.study, runs, None, str(error))
