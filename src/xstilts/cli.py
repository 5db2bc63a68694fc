"""The command line: one command per rule of the workflow, and a few for people.

Commands import what they need when they run: checking a config should not wait for torch.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xstilts import study as studies
from xstilts.catalogue.tasks import TEXT
from xstilts.errors import UserError, nearest
from xstilts.jobs import training_job
from xstilts.jobs.execution import execute
from xstilts.jobs.training_job import TrainingJob
from xstilts.leases import leased
from xstilts.runs import RETRIEVAL, Runs
from xstilts.stopping import TRY_AGAIN, Stopped

if TYPE_CHECKING:
    from xstilts.training.session import Session

app = typer.Typer(
    help="Does English intermediate-task training help zero-shot cross-lingual transfer? "
    "Studies run through snakemake, which calls these commands; each can also be run by hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFile = Annotated[Path, typer.Option("--study", help="The checked config, results/{study}/study.json.")]
Model = Annotated[str, typer.Option(help="A model of the study.")]
ArmName = Annotated[str, typer.Option("--arm", help="An arm of the study.")]
TaskName = Annotated[str, typer.Option("--task", help="A task, as the catalogue calls it.")]
Folder = Annotated[Path, typer.Argument(help="A folder with XTREME's folders udpos, panx, xnli, …")]
Seed = Annotated[int, typer.Option(help="A seed of the study.")]
Threads = Annotated[int, typer.Option(help="CPU threads; the scores of a CPU run depend on their number.")]
RunId = Annotated[str, typer.Option("--run", help="The planned run's id; the job stops where the config has changed.")]


def _open(study: Path, **names: str | int) -> Runs:
    """The stored study's runs; the given model, arm, task, … must be among its own."""
    runs = Runs(studies.load_file(study))
    valid: dict[str, Iterable[str | int]] = {
        "model": runs.study.models,
        "model_to_pretrain": [model for model in runs.study.models if runs.pretrains(model)],
        "arm": runs.study.arms,
        "arm_that_trains": [name for name, arm in runs.study.arms.items() if arm.trains],
        "task": runs.study.tasks() + ((TEXT.name,) if runs.any_pretraining() else ()),
        "training_set": runs.study.training_sets(),
        "seed": runs.study.seeds,
    }
    for what, name in names.items():
        if name not in valid[what]:
            label = what.replace("_", " ")
            raise UserError(f"the study has no {label} '{name}'. {nearest(name, map(str, valid[what]))}")
    return runs


def _execute(job: TrainingJob, planned: str, work: Callable[[Session], None]) -> None:
    """Do a job's work; but not where the stored study is no longer the one that it was planned from."""
    if job.runs.study.warning:
        print(job.runs.study.warning, flush=True)
    if planned and job.spec["id"] != planned:
        raise UserError(
            f"This job was planned as run {planned}, but the study or the code has changed since: it would now be run "
            f"{job.spec['id']}. Start snakemake again."
        )
    execute(job, work)


@app.command()
def generate(study: StudyFile) -> None:
    """Write a synthetic study's languages and tasks, in the file formats of the real datasets."""
    from xstilts.jobs import data

    data.generate(_open(study))


@app.command()
def prefetch(study: StudyFile, task: TaskName) -> None:
    """Download one task's data from the Hugging Face Hub, once for all studies."""
    from xstilts.jobs import prefetch

    prefetch.data(_open(study, task=task), task)


@app.command()
def prefetch_model(
    snapshot: Annotated[str, typer.Option(help="The model's repository and commit: namespace--name--commit.")],
    mirror: Annotated[str, typer.Option(help="A folder with clones of the Hub's repositories, to read instead.")] = "",
) -> None:
    """Download a model from the Hugging Face Hub, once for all studies."""
    from xstilts.jobs import prefetch

    prefetch.model(snapshot, mirror or None)


@app.command()
def prepare(study: StudyFile, task: TaskName) -> None:
    """Read one task's files, check every example, and write them in one format."""
    from xstilts.jobs import data

    data.prepare(_open(study, task=task), task)


@app.command()
def text(study: StudyFile) -> None:
    """Gather the unlabelled text that the study's own models are pretrained on."""
    from xstilts.jobs import data

    data.prepare_text(_open(study))


@app.command()
def tokenizer(study: StudyFile, model: Model) -> None:
    """Learn a model's vocabulary, or take over that of a ready-made model."""
    from xstilts.jobs import data

    data.train_tokenizer(_open(study, model=model), model)


@app.command()
def encode(study: StudyFile, model: Model, task: TaskName) -> None:
    """Turn one task's examples into token ids, once for all arms and seeds."""
    from xstilts.jobs import data

    data.encode(_open(study, model=model, task=task), model, task)


@app.command()
def pretrain(study: StudyFile, model: Model, threads: Threads = 1, run: RunId = "") -> None:
    """Pretrain a model of the study's own by masked language modelling."""
    runs = _open(study, model=model, model_to_pretrain=model)
    job = training_job.pretraining(runs, model)

    def work(session: Session) -> None:
        from xstilts.jobs import training

        training.pretrain(runs, job.spec, model, threads, session)

    _execute(job, run, work)


@app.command()
def intermediate(
    study: StudyFile, model: Model, arm: ArmName, seed: Seed, threads: Threads = 1, run: RunId = ""
) -> None:
    """Train an encoder on an arm's English intermediate tasks."""
    runs = _open(study, model=model, arm=arm, arm_that_trains=arm, seed=seed)
    job = training_job.intermediate_training(runs, model, arm, seed)

    def work(session: Session) -> None:
        from xstilts.jobs import training

        training.intermediate(runs, job.spec, model, arm, seed, threads, session)

    _execute(job, run, work)


@app.command()
def finetune(
    study: StudyFile,
    model: Model,
    arm: ArmName,
    training_set: Annotated[str, typer.Option(help="The task whose English training data to fine-tune on.")],
    seed: Seed,
    threads: Threads = 1,
    run: RunId = "",
) -> None:
    """Fine-tune an arm's encoder on English, then score its targets in every language."""
    runs = _open(study, model=model, arm=arm, training_set=training_set, seed=seed)
    job = training_job.fine_tuning(runs, model, arm, training_set, seed)

    def work(session: Session) -> None:
        from xstilts.jobs import training

        training.finetune(runs, job.spec, model, arm, training_set, seed, threads, session)

    _execute(job, run, work)


@app.command()
def retrieve(study: StudyFile, model: Model, arm: ArmName, seed: Seed, threads: Threads = 1, run: RunId = "") -> None:
    """Score an arm's encoder on sentence retrieval, which needs no training."""
    runs = _open(study, model=model, arm=arm, seed=seed)
    if not runs.targets_of(RETRIEVAL):
        raise UserError("The study has no retrieval target.")
    job = training_job.retrieval(runs, model, arm, seed)

    def work(session: Session) -> None:
        from xstilts.jobs import retrieval

        retrieval.retrieve(runs, job.spec, model, arm, seed, threads, session)

    _execute(job, run, work)


@app.command()
def collect(study: StudyFile) -> None:
    """Gather the scores of all jobs in one file."""
    from xstilts.jobs import report

    report.collect(_open(study))


@app.command()
def tables(study: StudyFile) -> None:
    """Write the tables of a study's scores as CSV, Markdown and LaTeX."""
    from xstilts.jobs import report

    report.tables(_open(study))


@app.command()
def similarity(study: StudyFile, threads: Threads = 1) -> None:
    """Measure how alike the intermediate tasks and the targets are."""
    runs = _open(study)
    with leased(runs.study.compute.jobs_per_gpu):
        from xstilts.jobs import similarity

        similarity.similarity(runs, threads)


@app.command()
def answer(study: StudyFile) -> None:
    """Estimate effects and answer the research questions."""
    from xstilts.jobs import analysis

    analysis.answer(_open(study))


@app.command()
def report(study: StudyFile) -> None:
    """Write the report of a study that has run, one HTML file."""
    from xstilts.jobs import report

    runs = _open(study)
    report.page(runs)
    print(runs.paths.report)


@app.command()
def partial(study: StudyFile) -> None:
    """Sum up what there is of a study that is still running or has failed, in results/{study}/partial/."""
    from xstilts.jobs import partial

    partial.sum_up(_open(study))


@app.command()
def figures(study: StudyFile) -> None:
    """Draw the figures of a study's scores."""
    from xstilts.jobs import report

    report.figures(_open(study))


@app.command()
def submission(study: StudyFile) -> None:
    """Write every arm's predictions as XTREME wants them submitted, and those of the best arm for each target."""
    from xstilts.jobs import submission

    submission.write(_open(study))


@app.command()
def submit_check(study: StudyFile, folder: Folder) -> None:
    """Compare a submission's files with the study's data: counts, ids, labels, and what is missing."""
    from xstilts.jobs import submission

    submission.check(_open(study), folder)


@app.command()
def score(study: StudyFile, folder: Folder) -> None:
    """Score a submission of any system against the study's data, as XTREME's evaluate.py does; prints JSON."""
    from xstilts.submission.score import score_folder

    print(json.dumps(score_folder(folder, _open(study)), indent=2))


@app.command()
def show(study: StudyFile) -> None:
    """Print the main table of a study that has run, and where its results are."""
    from xstilts.jobs import report

    runs = _open(study)
    print(report.main_table(runs))
    places = {name: getattr(runs.paths, name) for name in ("scores", "tables", "figures", "submission", "report")}
    print("\n" + "\n".join(f"{name.capitalize()}: {place}" for name, place in places.items()))


@app.command()
def plan(
    study: Annotated[
        Path | None, typer.Option("--study", help="The checked config, results/{study}/study.json; or --config.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A study's YAML file, before snakemake has read it.")] = None,
    gpu: Annotated[str, typer.Option(help="What jobs will run on: a100-80, h100-80, t4, cpu, …")] = "",
    jobs_at_once: Annotated[int, typer.Option(min=1, help="GPU jobs that run at a time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate jobs, GPU-hours, memory and disk of a study: before it runs, and what is left while it does."""
    from rich.console import Console

    from xstilts.planning import view
    from xstilts.planning.config import read_config
    from xstilts.planning.gpus import GPUS, gpu_of
    from xstilts.planning.plan import plan as plan_of

    if study and not config:
        runs = _open(study)
    elif config and not study:
        runs = Runs(read_config(config))
    else:
        raise UserError("give either --study results/{study}/study.json or --config with the study's YAML file.")
    if not gpu:
        raise UserError(f"give --gpu, what jobs will run on: {', '.join(GPUS)}.")
    planned = plan_of(runs, gpu_of(gpu), jobs_at_once)
    if as_json:
        print(json.dumps(view.as_json(planned), indent=2))
    else:
        view.show(planned, Console())


@app.command()
def status(
    study: StudyFile, as_json: Annotated[bool, typer.Option("--json", help="Print JSON: see docs/status.md.")] = False
) -> None:
    """Say what has become of each job, and how long the rest may take; changes nothing, also of a study that runs."""
    from xstilts.status import survey, view

    found = survey.survey(_open(study))
    if as_json:
        print(json.dumps(survey.as_json(found), indent=2))
    else:
        view.show(found)


@app.command()
def why(
    snakefile: Annotated[Path | None, typer.Option(help="As for snakemake; by default the one that it finds.")] = None,
    configfile: Annotated[list[Path] | None, typer.Option(help="As for snakemake; may be given repeatedly.")] = None,
    config: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, as for snakemake; repeatedly.")] = None,
    cell: Annotated[str, typer.Option(help="One cell alone: model/arm/target/seed.")] = "",
    model: Annotated[str, typer.Option(help="Cells of this model alone.")] = "",
    arm: Annotated[str, typer.Option(help="Cells of this arm alone.")] = "",
    target: Annotated[str, typer.Option(help="Cells of this target alone.")] = "",
    seed: Annotated[str, typer.Option(help="Cells of this seed alone.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every cell spelled out.")] = False,
) -> None:
    """Say what snakemake would run now, and what each of those jobs' root cause is. Runs nothing."""
    from xstilts.why import answer, causes, cells, plan

    planned = plan.plan(snakefile, configfile or [], config or [])
    chosen = cells.Chosen.of(planned.runs, cell, model=model, arm=arm, target=target, seed=seed)
    explained = causes.explain(planned)
    if as_json:
        print(json.dumps(answer.as_json(explained, planned.runs, chosen), indent=2))
    else:
        print(answer.as_text(explained, planned.runs, chosen))


def main() -> None:
    """Entry point: a user's mistake is one message on standard error and exit code 1."""
    fetches = sys.argv[1:2] in (["prefetch"], ["prefetch-model"])
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # of loading and saving: noise in a log
    if not fetches:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        app()
    except UserError as error:
        sys.exit(f"xstilts: {error}")
    except Stopped as stopped:
        print(f"xstilts: {stopped}. Run it again to go on.", file=sys.stderr)
        sys.exit(TRY_AGAIN)
    except SystemExit as done:
        if fetches and not done.code:
            # Threads that read ahead in a stream of the datasets library may abort the interpreter as it ends.
            sys.stdout.flush()
            os._exit(0)
        raise
