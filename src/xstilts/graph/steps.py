"""The jobs of the workflow as failures are reported: data jobs, then those that train or score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xstilts.config.sources import SyntheticSource
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.tasks.registry import TEXT


@dataclass(frozen=True)
class Step:
    """One job of the workflow, of any rule.

    Attributes:
        title: What it does.
        has_result: Whether its output exists.
        log: Its log.
        attempts: Its attempts file; None for jobs that keep none.
    """

    title: str
    has_result: bool
    log: Path
    attempts: Path | None = None


def steps(specs: Specs) -> Iterator[Step]:
    """Iterate over the jobs that train or score and those that they need, each after those that it depends on."""
    runs = specs.runs
    yield from _data_steps(runs)
    for model in runs.study.models:
        yield _tokenizer_step(runs, model)
        tasks = (*runs.texts(model), *runs.study.tasks(), *runs.study.translations)
        yield from (_encoding_step(runs, model, task) for task in tasks)
    yield from (job_step(job, specs) for job in runs.all_jobs())
    yield Step("similarity of the tasks", runs.paths.similarity.is_file(), runs.paths.log("similarity"))


def steps_before(job: Job, specs: Specs) -> Iterator[Step]:
    """Iterate over the jobs that a scoring job needs, each after those that it depends on."""
    runs, arm = specs.runs, specs.runs.study.arms[job.arm]
    if not runs.all_data_was_read():
        yield from _data_steps(runs)
    for model in reversed((job.model, *runs.ancestors(job.model))):
        yield _tokenizer_step(runs, model)
        if runs.pretrains(model) and runs.starting_weights(job.model, job.arm):
            yield _encoding_step(runs, model, runs.pretraining_text(model))
            yield job_step(Job.pretraining(model), specs)
    if arm.trains:
        yield from (_translation_step(runs, name) for name in runs.translations_of_arm(job.arm))
        yield from (_encoding_step(runs, job.model, task) for task in runs.trained_on(job.arm))
        yield job_step(job._replace(what=INTERMEDIATE), specs)
    reads = runs.read_by(job.what)
    yield from (_translation_step(runs, name) for name in reads if name in runs.study.translations)
    yield from (_encoding_step(runs, job.model, task) for task in reads)


def job_step(job: Job, specs: Specs) -> Step:
    """Return the step of a job that trains or scores."""
    runs = specs.runs
    match job.rule:
        case "pretrain":
            title = f"pretraining {job.model}"
        case "intermediate":
            title = f"intermediate training {job.arm} of {job.model}, seed {job.seed}"
        case "retrieve":
            title = f"retrieval, {job.arm} of {job.model}, seed {job.seed}"
        case "finetune":
            title = f"fine-tuning on {runs.study.title_of(job.what)}, {job.arm} of {job.model}, seed {job.seed}"
    return Step(title, JobState(job, specs).has_result, job.log(runs.paths), job.attempts(runs.paths))


def _data_steps(runs: Runs) -> Iterator[Step]:
    paths = runs.paths
    if isinstance(runs.study.source, SyntheticSource):
        yield Step("generating the data", paths.generated.is_file(), paths.log("generate"))
    for task in runs.study.tasks():
        title = runs.study.title_of(task)
        if runs.study.from_hub(task):
            yield Step(f"downloading {title}", paths.prefetched(task).is_file(), paths.log("prefetch", task))
        yield Step(f"reading {title}", paths.data_manifest(task).is_file(), paths.log("prepare", task))
    for text in runs.texts():
        read = ("gathering unlabelled text", "text") if text == TEXT.name else (f"reading {text}", "prepare", text)
        yield Step(read[0], paths.data_manifest(text).is_file(), paths.log(*read[1:]))
    yield from (_translation_step(runs, name) for name in runs.study.translations)


def _translation_step(runs: Runs, name: str) -> Step:
    title = f"making {runs.study.title_of(name)}"
    return Step(title, runs.paths.data_manifest(name).is_file(), runs.paths.log("translate", name))


def _tokenizer_step(runs: Runs, model: str) -> Step:
    path = runs.paths.tokenizer_file(model)
    return Step(f"vocabulary of {model}", path.is_file(), runs.paths.log("tokenizer", model))


def _encoding_step(runs: Runs, model: str, task: str) -> Step:
    path, log = runs.paths.tokens_manifest(model, task), runs.paths.log("encode", model, task)
    return Step(f"encoding {runs.study.title_of(task)} for {model}", path.is_file(), log)
