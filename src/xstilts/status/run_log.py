"""What a running workflow says of itself: a line per finished job in words, how many are done, how long the rest takes.

Snakemake's events come in through :mod:`snakemake_logger_plugin_xstilts`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from xstilts.config.study import Study, load_file
from xstilts.errors import UserError
from xstilts.wording import duration, listed

#: By rule, what a finished job has done, after its task, model or file.
_DONE = {
    "generate": "synthetic data generated",
    "prepare": "{task} read",
    "prepared": "all data read",
    "text": "text read",
    "prefetch_data": "{task} downloaded",
    "prefetch_model": "{snapshot} downloaded",
    "tokenizer": "vocabulary of {model}",
    "encode": "{task} encoded for {model}",
    "translate": "{task} translated into {language}",
    "pretrain": "{model} pretrained",
    "similarity": "similarity of the tasks' texts measured",
    "collect": "scores collected",
    "tables": "tables written",
    "figures": "figures drawn",
    "answer": "questions answered",
    "submission": "submissions written",
    "report": "report written",
}


@dataclass(frozen=True)
class StartedJob:
    """A job that Snakemake has announced.

    Attributes:
        rule: Its rule.
        wildcards: By name.
        outputs: Its output files.
        at: When, by the run log's clock.
    """

    rule: str
    wildcards: Mapping[str, str]
    outputs: Sequence[str]
    at: float


@dataclass
class RunLog:
    """The jobs of one run of the workflow.

    Attributes:
        counts: By rule, how many jobs the run has; empty before it is known.
        clock: Returns seconds.
        finished: How many jobs have ended well.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    finished: int = 0
    _running: dict[int, StartedJob] = field(default_factory=dict)
    _seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _began: float | None = None

    @property
    def total(self) -> int:
        """How many jobs the run has, those that only wait for others aside."""
        return sum(self.counts.values())

    @property
    def running(self) -> int:
        """How many jobs are running."""
        return len(self._running)

    def start(self, number: int, rule: str, wildcards: Mapping[str, str], outputs: Sequence[str]) -> None:
        """Note that a job has started; ``number`` is Snakemake's."""
        now = self.clock()
        self._began = now if self._began is None else self._began
        self._running[number] = StartedJob(rule, dict(wildcards), [str(path) for path in outputs], now)

    def fail(self, number: int) -> None:
        """Note that a job has failed."""
        self._running.pop(number, None)

    def finish(self, number: int) -> str:
        """Note that a job has ended well.

        Returns:
            What it has done, in words; empty for a job that runs nothing.
        """
        job = self._running.pop(number, None)
        if job is None or job.rule not in self.counts:
            return ""
        seconds = self.clock() - job.at
        self._seconds[job.rule].append(seconds)
        self.finished += 1
        return f"{described(job)} ({duration(seconds)})"

    def seconds_left(self) -> float | None:
        """Estimate the seconds until all jobs are done, None before any is.

        A job takes the mean time of its rule's finished jobs, or of all; as many run at a time as did so far.
        """
        busy = sum(map(sum, self._seconds.values()))
        if self._began is None or not busy:
            return None
        mean = busy / self.finished
        left = sum(
            (count - len(self._seconds[rule])) * _mean(self._seconds[rule], mean) for rule, count in self.counts.items()
        )
        under_way = sum(self.clock() - job.at for job in self._running.values())
        at_once = max(1.0, (busy + under_way) / max(self.clock() - self._began, 1e-9))
        return max(0.0, left - under_way) / at_once

    def progress(self) -> str:
        """How far the run is: '57 of 145, about 8 min left'."""
        left = self.seconds_left()
        rest = f", about {duration(left)} left" if left and self.finished < self.total else ""
        return f"{self.finished} of {self.total}{rest}"


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def described(job: StartedJob) -> str:
    """Say what a job has done, with its score if it has one: 'MNLI → XNLI, seed 1: 61.3'."""
    study = _study_of(job.outputs)
    named = {**job.wildcards}
    if study and "task" in named:
        named["task"] = _title(study, named["task"])
    if job.rule in ("intermediate", "finetune", "retrieve"):
        return f"{_run_name(job, study)}{_result(job, study)}"
    try:
        return _DONE[job.rule].format(**named)
    except KeyError:
        return " ".join([job.rule, *named.values()])


def _run_name(job: StartedJob, study: Study | None) -> str:
    """'MNLI → XQuAD and MLQA, seed 1', after the model where the study has several."""
    model, arm, seed = (job.wildcards.get(name, "") for name in ("model", "arm", "seed"))
    where = f", seed {seed}" if study is None or len(study.seeds) > 1 else ""
    which = f"{model}: " if study is None or len(study.models) > 1 else ""
    name = _title(study, arm) if study else arm
    if job.rule == "intermediate":
        return f"{which}{name} trained{where}"
    return f"{which}{name} → {listed(_scored(job, study))}{where}"


def _scored(job: StartedJob, study: Study | None) -> list[str]:
    """The titles of the targets that a job scores."""
    what = job.wildcards.get("training_set", "")
    if study is None:
        return [what or "retrieval"]
    trained_on = {target: study.task(target).trained_on for target in study.targets}
    return [study.title_of(target) for target, name in trained_on.items() if (name or "") == what]


def _result(job: StartedJob, study: Study | None) -> str:
    """Each target's mean score over languages; of an arm, its tasks' scores on dev data; empty without any."""
    from xstilts.scores.dev_scores import read_dev_scores
    from xstilts.scores.gains import by_language
    from xstilts.scores.score_files import read_scores

    on_dev = job.rule == "intermediate"
    kind = "dev_scores" if on_dev else "scores"
    path = next((path for path in map(Path, job.outputs) if kind in path.parts), None)
    if study is None or path is None:
        return ""
    try:
        scores = read_dev_scores(path) if on_dev else read_scores(path)
    except UserError:  # a remote job's file may not be here yet, and the line is for people only
        return ""
    if on_dev:
        scores = scores.rename(columns={"task": "target"}).assign(split="dev")
    cells = by_language(scores, study)
    cells = cells[cells["split"] == ("test" if "test" in set(cells["split"]) else "dev")]
    means = {str(name): mean for name, mean in cells.groupby("target")["score"].mean().items()}
    order = dict.fromkeys(name for name in (*study.targets, *means) if name in means)
    values = [f"{study.title_of(name)} {means[name]:.1f}" if len(order) > 1 else f"{means[name]:.1f}" for name in order]
    return f": {', '.join(values)}{' on dev data' * on_dev}" if values else ""


def _title(study: Study | None, name: str) -> str:
    try:
        return study.title_of(name) if study else name
    except KeyError:
        return name


def _study_of(outputs: Sequence[str]) -> Study | None:
    """The study whose results folder the outputs are in; None if there is none that can be read."""
    folders = (folder for path in outputs[:1] for folder in Path(path).parents)
    stored = next((folder / "study.json" for folder in folders if (folder / "study.json").is_file()), None)
    return _loaded(stored, stored.stat().st_mtime_ns) if stored else None


@cache
def _loaded(path: Path, _changed: int) -> Study | None:
    try:
        return load_file(path)
    except UserError:
        return None
