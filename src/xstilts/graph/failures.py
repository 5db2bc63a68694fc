"""What has been tried of a study without success: why each score is missing, and the end of each failed job's log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from xstilts.config.sources import SyntheticSource
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Job, Runs
from xstilts.runtime.attempts import Attempt, read_attempts
from xstilts.runtime.liveness import is_alive
from xstilts.tasks.registry import TEXT

_OUTDATED = "waiting: its scores are those of an earlier version of the study"
_TAIL = 15  # lines of a log
_LONGEST = 300  # characters of a reason, and of a log's line
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Step:
    """One job of the workflow: what it makes, where it writes what it prints, and what has been tried of it."""

    title: str
    output: Path
    log: Path
    attempts: Path | None = None


@dataclass(frozen=True)
class Failure:
    """A job that was started and has not made its output. ``tail`` are the last lines of ``log``, maybe none."""

    title: str
    reason: str
    log: Path
    attempts: Sequence[Attempt] = ()
    tail: Sequence[str] = field(default_factory=tuple)


def failures(runs: Runs) -> list[Failure]:
    """All jobs that were tried in vain, in the order in which the workflow needs them."""
    found = []
    for step in _steps(runs):
        attempts = _attempts(step)
        again = attempts and attempts[-1].outcome == "done"  # its output was deleted to make it anew
        if not step.output.is_file() and not again and (reason := _tried(step)):
            found.append(Failure(step.title, reason, step.log, attempts, _tail(step.log)))
    return found


def unfinished(runs: Runs) -> dict[Job, str]:
    """Why each job that is not done has no scores, or none that count."""
    there = {job for job in runs.jobs() if runs.paths.part("scores", *job).is_file()}
    outdated = {job: _OUTDATED for job in there if runs.finished is not None and job not in runs.finished}
    return {**{job: _why(runs, job) for job in runs.jobs() if job not in there}, **outdated}


def told(attempt: Attempt) -> str:
    """What came of an attempt, in words."""
    place = f" at step {attempt.step:,} of {attempt.total:,}" if attempt.total else ""
    if attempt.outcome in ("failed", "diverged"):
        return f"{attempt.outcome}: {_short(attempt.reason)}"
    if attempt.outcome == "stopped":
        return f"stopped: it was asked to stop{place}, and goes on from there when it is run again"
    if attempt.outcome == "done":
        return "waiting: it was done before, and is to run again"
    if is_alive(attempt, datetime.now(UTC)):
        return f"still at work{place}"
    slurm = f" (SLURM job {attempt.slurm_job})" if attempt.slurm_job else ""
    return f"killed{place}: no sign of it on {attempt.host}{slurm} since {when(attempt.updated)}"


def when(time: str) -> str:
    """A time of an attempt as people write it."""
    return time.replace("T", " ").replace("+00:00", " UTC")


def _why(runs: Runs, job: Job) -> str:
    """What is in the job's way, or what became of the job itself."""
    lacking = [step for step in _before(runs, job) if not step.output.is_file()]
    for step in lacking:
        if reason := _tried(step):
            return f"upstream: {step.title}: {reason}"
    if lacking:
        return f"waiting: {lacking[0].title} has not been done"
    return _tried(_scoring(runs, job)) or "waiting: its job has not run"


def _tried(step: Step) -> str:
    """What came of the last attempt at a job without output; empty where it has not been tried."""
    if attempts := _attempts(step):
        return told(attempts[-1])
    if not step.log.is_file():
        return ""
    tail = _tail(step.log)
    end = f"; its log ends: {_short(tail[-1])}" if tail else ""
    return f"failed: it was started and has not come to its end{end}"


def _steps(runs: Runs) -> Iterator[Step]:
    """Every job of the workflow that trains or that training needs."""
    study = runs.study
    yield from _data(runs)
    for model in study.models:
        yield _tokenizer(runs, model)
        yield from (_encoding(runs, model, task) for task in _texts(runs) + study.tasks())
        if runs.pretrains(model):
            yield _pretraining(runs, model)
        for arm in (name for name, arm in study.arms.items() if arm.trains):
            yield from (_arm(runs, model, arm, seed) for seed in study.seeds)
    yield from (_scoring(runs, job) for job in runs.jobs())
    yield Step("similarity of the tasks", runs.paths.similarity, runs.paths.log("similarity"))


def _before(runs: Runs, job: Job) -> Iterator[Step]:
    """The jobs that a job needs, the first ones first."""
    model, arm, what, seed = job
    chosen = runs.study.arms[arm]
    if not runs.paths.prepared.exists():
        yield from _data(runs)
    yield _tokenizer(runs, model)
    if runs.pretrains(model) and (chosen.weights != "random"):
        yield _encoding(runs, model, TEXT.name)
        yield _pretraining(runs, model)
    if chosen.trains:
        yield from (_encoding(runs, model, task) for task in chosen.tasks)
        yield _arm(runs, model, arm, seed)
    yield from (_encoding(runs, model, task) for task in runs.evaluated(what))


def _data(runs: Runs) -> Iterator[Step]:
    paths = runs.paths
    if isinstance(runs.study.source, SyntheticSource):
        yield Step("generating the data", paths.generated, paths.log("generate"))
    for task in runs.study.tasks():
        if runs.study.from_hub(task):
            yield Step(f"downloading {runs.study.title_of(task)}", paths.prefetched(task), paths.log("prefetch", task))
        yield Step(f"reading {runs.study.title_of(task)}", paths.data_manifest(task), paths.log("prepare", task))
    if runs.any_pretraining():
        yield Step("gathering unlabelled text", paths.data_manifest(TEXT.name), paths.log("text"))


def _texts(runs: Runs) -> tuple[str, ...]:
    return (TEXT.name,) if runs.any_pretraining() else ()


def _tokenizer(runs: Runs, model: str) -> Step:
    return Step(f"vocabulary of {model}", runs.paths.tokenizer_file(model), runs.paths.log("tokenizer", model))


def _encoding(runs: Runs, model: str, task: str) -> Step:
    output, log = runs.paths.tokens_manifest(model, task), runs.paths.log("encode", model, task)
    return Step(f"encoding {runs.study.title_of(task)} for {model}", output, log)


def _pretraining(runs: Runs, model: str) -> Step:
    paths = runs.paths
    output = paths.pretrained(model) / "model.safetensors"
    return Step(f"pretraining {model}", output, paths.log("pretrain", model), paths.attempts(model))


def _arm(runs: Runs, model: str, arm: str, seed: int) -> Step:
    output = runs.paths.encoder(model, arm, seed) / "model.safetensors"
    log = runs.paths.log("intermediate", model, arm, f"seed{seed}")
    title = f"intermediate training {arm} of {model}, seed {seed}"
    return Step(title, output, log, runs.paths.attempts(model, arm, INTERMEDIATE, seed))


def _scoring(runs: Runs, job: Job) -> Step:
    model, arm, what, seed = job
    done = "retrieval" if what == RETRIEVAL else f"fine-tuning on {runs.study.title_of(what)}"
    log = runs.paths.part("logs", *job, suffix="log")
    return Step(
        f"{done}, {arm} of {model}, seed {seed}", runs.paths.part("scores", *job), log, runs.paths.attempts(*job)
    )


def _attempts(step: Step) -> list[Attempt]:
    return read_attempts(step.attempts) if step.attempts else []


def _tail(log: Path) -> list[str]:
    """The last lines of a log, without colours and what progress bars have overwritten; none where there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 200 * _TAIL * 4))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    lines = (_COLOUR.sub("", line.rstrip().rsplit("\r", 1)[-1]) for line in text.split("\n"))
    return [line[:_LONGEST] for line in lines if line.strip()][-_TAIL:]


def _short(reason: str) -> str:
    """The first line of a message, as far as it fits a cell of a table."""
    first = reason.strip().partition("\n")[0].removeprefix("xstilts: ")
    return first if len(first) <= _LONGEST else f"{first[:_LONGEST]}…"
