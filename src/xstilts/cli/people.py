"""Commands for people: a study's costs, its status, its results, and why jobs would run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from xstilts.cli.app import StudyFile, app, opened
from xstilts.errors import UserError, UserErrors
from xstilts.graph.runs import Runs

StoredStudy = Annotated[
    Path | None, typer.Option("--study", help="The validated config, results/{study}/study.json; or --config.")
]
ConfigFile = Annotated[Path | None, typer.Option(help="A study's YAML file, instead of --study.")]
Folder = Annotated[Path, typer.Argument(help="A folder with XTREME's folders udpos, panx, xnli, …")]


@app.command(rich_help_panel="For people")
def partial(
    study: StudyFile,
    figures: Annotated[
        bool, typer.Option("--figures", help="Draw figures, too, which takes most of the time.")
    ] = False,
) -> None:
    """Summarise the finished jobs of a study that is running or has failed, in results/{study}/partial/."""
    from xstilts.jobs import partial

    partial.summarise(opened(study), figures)


@app.command(rich_help_panel="For people")
def submit_check(study: StudyFile, folder: Folder) -> None:
    """Compare a submission's files with the study's data: counts, ids, labels, and what is missing."""
    from xstilts.jobs import submission

    submission.check(opened(study), folder)


@app.command(rich_help_panel="For people")
def score(study: StudyFile, folder: Folder) -> None:
    """Score a submission of any system against the study's data, as XTREME's evaluate.py does; prints JSON."""
    from xstilts.submission.score import score_folder

    print(json.dumps(score_folder(folder, opened(study)), indent=2))


@app.command(rich_help_panel="For people")
def show(study: StudyFile) -> None:
    """Print the main table of a finished study, and where its results are."""
    from xstilts.jobs import report

    runs = opened(study)
    print(report.main_table(runs))
    places = {name: getattr(runs.paths, name) for name in ("scores", "tables", "figures", "submission", "report")}
    print("\n" + "\n".join(f"{name.capitalize()}: {place}" for name, place in places.items() if place.exists()))
    if missing := [name for name, place in places.items() if not place.exists()]:
        print(f"Not there yet: {', '.join(missing)}. Run snakemake with the study file again, which makes them.")


@app.command(rich_help_panel="For people")
def check(
    study: StoredStudy = None,
    config: ConfigFile = None,
    gpu: Annotated[str, typer.Option(help="Also whether jobs fit this device: a100-80, t4, …, as for plan.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List all problems of a study at once, with remedies, before any work; exit code 1 if there are any."""
    from xstilts.checks import view
    from xstilts.checks.findings import Finding
    from xstilts.checks.study import check as check_study

    try:
        runs = _given(study, config)
    except UserErrors as error:
        findings = [Finding.of_sentence(sentence) for sentence in error.sentences]
    else:
        findings = check_study(runs, gpu)
    print(json.dumps(view.as_json(findings), indent=2) if as_json else "\n".join(view.lines(findings)))
    if any(not finding.warning for finding in findings):
        raise typer.Exit(1)


@app.command(rich_help_panel="For people")
def plan(
    study: StoredStudy = None,
    config: ConfigFile = None,
    gpu: Annotated[str, typer.Option(help="What jobs will run on: a100-80, h100-80, t4, cpu, …")] = "",
    jobs_at_once: Annotated[int, typer.Option(min=1, help="GPU jobs that run at a time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate jobs, GPU-hours, memory and disk of a study: before it runs, and what is left while it does."""
    from rich.console import Console

    from xstilts.checks import disk
    from xstilts.checks import view as checks
    from xstilts.checks.study import quick
    from xstilts.graph.contents import planned
    from xstilts.planning import view
    from xstilts.planning.gpus import GPUS, gpu_of
    from xstilts.planning.plan import plan as plan_of

    runs = _given(study, config)
    if not gpu:
        raise UserError(f"give --gpu, what jobs will run on: {', '.join(GPUS)}.")
    found = quick(runs)
    if found and not as_json:
        print("\n".join(checks.lines(found)), end="\n\n", flush=True)
    estimated = plan_of(Runs(planned(runs.study)) if config else runs, gpu_of(gpu), jobs_at_once)
    estimated.warnings.extend(map(str, disk.findings(runs, estimated.disk)))
    if as_json:
        print(json.dumps({"check": checks.as_json(found), **view.as_json(estimated)}, indent=2))
    else:
        view.show(estimated, Console())


def _given(study: Path | None, config: Path | None) -> Runs:
    """The jobs of a study that is stored or lies in a YAML file.

    Raises:
        UserError: Both are given or neither, or there is no valid study.
    """
    from xstilts.config.reading import read_config

    if study and not config:
        return opened(study)
    if config and not study:
        return Runs(read_config(config))
    raise UserError("give either --study results/{study}/study.json or --config with the study's YAML file.")


@app.command(rich_help_panel="For people")
def export(
    study: StudyFile,
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
    study: StudyFile, as_json: Annotated[bool, typer.Option("--json", help="Print JSON: see docs/status.md.")] = False
) -> None:
    """Print the status of each job, and how long the rest may take. Reads only; can be used while the study runs."""
    from xstilts.status import view
    from xstilts.status.survey import as_json as survey_as_json
    from xstilts.status.survey import survey

    surveyed = survey(opened(study))
    if as_json:
        print(json.dumps(survey_as_json(surveyed), indent=2))
    else:
        view.show(surveyed)


@app.command(rich_help_panel="For people")
def why(
    snakefile: Annotated[Path | None, typer.Option(help="As for snakemake; by default the one that it finds.")] = None,
    configfile: Annotated[list[Path] | None, typer.Option(help="As for snakemake; can be repeated.")] = None,
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

    planned = snakemake_api.plan_reruns(snakefile, configfile or [], config or [])
    chosen = cells.CellFilter.of(planned.runs, cell, model=model, arm=arm, target=target, seed=seed)
    explained = causes.explain(planned)
    if as_json:
        print(json.dumps(answer.as_json(explained, planned.runs, chosen), indent=2))
    else:
        print(answer.as_text(explained, planned.runs, chosen))
