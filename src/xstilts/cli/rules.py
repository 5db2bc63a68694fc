"""One command per rule of the workflow. Each can also be run by hand."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from xstilts.cli.app import ArmName, Model, RunId, Seed, StudyName, TaskName, Threads, app, opened, planned
from xstilts.config.translation import translated_name
from xstilts.errors import UserError
from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.specs import Specs
from xstilts.jobs.execution import run_job, run_similarity, run_translation
from xstilts.tasks.registry import TEXT


@app.command()
def generate(study: StudyName, run: RunId = "") -> None:
    """Write a synthetic study's languages and tasks, in the file formats of the real datasets."""
    from xstilts.jobs.generate import generate as work

    work(planned(study, run, Specs.generate))


@app.command()
def prefetch(study: StudyName, task: TaskName, run: RunId = "") -> None:
    """Download one task's data from the Hugging Face Hub, once for all studies."""
    from xstilts.jobs import prefetch

    prefetch.data(planned(study, run, lambda specs: specs.prefetch(task), task=task), task)


@app.command()
def prefetch_model(
    snapshot: Annotated[str, typer.Option(help="The model's repository and commit: namespace--name--commit.")],
    mirror: Annotated[str, typer.Option(help="A folder with clones of the Hub's repositories, to read instead.")] = "",
) -> None:
    """Download a model from the Hugging Face Hub, once for all studies."""
    from xstilts.jobs import prefetch

    prefetch.model(snapshot, mirror or None)


@app.command()
def prefetch_translator(
    snapshot: Annotated[str, typer.Option(help="The model's repository and commit: namespace--name--commit.")],
    mirror: Annotated[str, typer.Option(help="A folder with clones of the Hub's repositories, to read instead.")] = "",
) -> None:
    """Download a model for translation from the Hugging Face Hub, once for all studies."""
    from xstilts.jobs import prefetch

    prefetch.translator(snapshot, mirror or None)


@app.command()
def prepare(study: StudyName, task: TaskName, run: RunId = "") -> None:
    """Read one task's files, check every example, and write them in one format."""
    from xstilts.jobs.prepare import prepare as work

    work(planned(study, run, lambda specs: specs.prepare(task), task=task), task)


@app.command()
def text(study: StudyName, run: RunId = "") -> None:
    """Gather the unlabelled text that the study's own models are pretrained on."""
    from xstilts.jobs.prepare import prepare_text as work

    work(planned(study, run, lambda specs: specs.prepare(TEXT.name)))


@app.command()
def translate(
    study: StudyName,
    task: TaskName,
    language: Annotated[str, typer.Option(help="The language to translate into.")],
    threads: Threads = 1,
    run: RunId = "",
) -> None:
    """Translate one task's English training data; every example keeps its original."""
    name = translated_name(task, language)
    run_translation(
        planned(study, run, lambda specs: specs.translate(task, language), translation=name), task, language, threads
    )


@app.command()
def tokenizer(study: StudyName, model: Model, run: RunId = "") -> None:
    """Learn a model's vocabulary, or take over that of a ready-made model."""
    from xstilts.jobs.tokenizer import train_tokenizer as work

    work(planned(study, run, lambda specs: specs.tokenizer(model), model=model), model)


@app.command()
def encode(
    study: StudyName,
    model: Model,
    task: TaskName,
    threads: Annotated[int, typer.Option(help="CPU threads; token ids do not depend on their number.")] = 1,
    run: RunId = "",
) -> None:
    """Turn one task's examples into token ids, once for all arms and seeds."""
    from xstilts.jobs.encode import encode as work

    runs = planned(study, run, lambda specs: specs.encode(model, task), model=model, encoded=task)
    work(runs, model, task, threads)


@app.command()
def pretrain(study: StudyName, model: Model, threads: Threads = 1, run: RunId = "") -> None:
    """Pretrain a model of the study's own by masked language modelling."""
    run_job(opened(study, model=model, model_to_pretrain=model), Job.pretraining(model), threads, run)


@app.command()
def intermediate(
    study: StudyName, model: Model, arm: ArmName, seed: Seed, threads: Threads = 1, run: RunId = ""
) -> None:
    """Train an encoder on an arm's English intermediate tasks."""
    runs = opened(study, model=model, arm=arm, arm_that_trains=arm, seed=seed)
    run_job(runs, Job(model, arm, INTERMEDIATE, seed), threads, run)


@app.command()
def finetune(
    study: StudyName,
    model: Model,
    arm: ArmName,
    training_set: Annotated[str, typer.Option(help="The task whose English training data to fine-tune on.")],
    seed: Seed,
    threads: Threads = 1,
    run: RunId = "",
) -> None:
    """Fine-tune an arm's encoder on English, then score its targets in every language."""
    runs = opened(study, model=model, arm=arm, training_set=training_set, seed=seed)
    run_job(runs, Job(model, arm, training_set, seed), threads, run)


@app.command()
def retrieve(study: StudyName, model: Model, arm: ArmName, seed: Seed, threads: Threads = 1, run: RunId = "") -> None:
    """Score an arm's encoder on sentence retrieval, which needs no training."""
    runs = opened(study, model=model, arm=arm, seed=seed)
    if not runs.targets_of(RETRIEVAL):
        raise UserError("The study has no retrieval target.")
    run_job(runs, Job(model, arm, RETRIEVAL, seed), threads, run)


@app.command()
def collect(study: StudyName, run: RunId = "") -> None:
    """Gather the scores of all jobs in one file."""
    from xstilts.jobs import report

    runs = planned(study, run, Specs.report)
    report.collect(runs)
    shutil.rmtree(runs.paths.kept, ignore_errors=True)  # no job of the study is left whose results could be lost


@app.command()
def tables(study: StudyName, run: RunId = "") -> None:
    """Write the tables of a study's scores as CSV, Markdown and LaTeX."""
    from xstilts.jobs import report

    report.tables(planned(study, run, Specs.report))


@app.command()
def similarity(study: StudyName, threads: Threads = 1, run: RunId = "") -> None:
    """Measure how alike the intermediate tasks and the targets are."""
    run_similarity(planned(study, run, Specs.similarity), threads)


@app.command()
def answer(study: StudyName, run: RunId = "") -> None:
    """Estimate effects and answer the research questions."""
    from xstilts.jobs import analysis

    analysis.answer(planned(study, run, Specs.answer))


@app.command()
def report(study: StudyName, run: RunId = "") -> None:
    """Write the report of a study that has run, one HTML file."""
    from xstilts.jobs import report

    runs = planned(study, run, Specs.report)
    report.page(runs)
    print(runs.paths.report)


@app.command()
def figures(study: StudyName, run: RunId = "") -> None:
    """Draw the figures of a study's scores."""
    from xstilts.jobs import report

    report.figures(planned(study, run, Specs.report))


@app.command()
def submission(study: StudyName, run: RunId = "") -> None:
    """Write every arm's predictions as XTREME wants them submitted, and those of the best arm for each target."""
    from xstilts.jobs import submission

    submission.write(planned(study, run, Specs.submission))
