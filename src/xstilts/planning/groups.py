"""All jobs of a study, rule by rule as Snakemake counts them; those that differ in their seed alone are one group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xstilts.config.sources import SyntheticSource
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning import costs
from xstilts.planning.estimates import Estimate, Estimator, Key
from xstilts.planning.measured import Measured, Records
from xstilts.planning.sizes import Sizes, worst
from xstilts.planning.workload import IDLE, Work, Workloads
from xstilts.tasks.registry import TEXT

#: Rules that use a GPU, and the priority that Snakemake gives them.
ON_GPU = {"pretrain": 100, "intermediate": 50, "finetune": 0, "retrieve": 0, "similarity": 0}

_LIGHT_SECONDS = {"prepared": 0, "all": 0, "prefetch_data": 120, "prefetch_model": 300, "answer": 300}
_LIGHT_MEMORY = 1e9


@dataclass(frozen=True)
class Group:
    """Jobs of one rule that an estimate holds for. Names are empty where the rule has no such wildcard."""

    rule: str
    model: str
    arm: str
    #: The training set, ``RETRIEVAL`` or the task that it is about.
    what: str
    jobs: int
    #: Of those with a seed, the seeds that are still to run; of others, 0 as often as they are.
    left: tuple[int, ...]
    work: Work
    estimate: Estimate

    @property
    def on_gpu(self) -> bool:
        return self.rule in ON_GPU

    @property
    def label(self) -> str:
        """'finetune mnli on xnli (xlmr)'."""
        arm = f" {self.arm}" if self.arm else ""
        what = f" on {self.what}" if self.what and self.what != RETRIEVAL else ""
        return f"{self.rule}{arm}{what}" + (f" ({self.model})" if self.model else "")


class Groups:
    """Finds and estimates a study's jobs."""

    def __init__(self, runs: Runs, estimator: Estimator, sizes: Sizes) -> None:
        self._runs, self._estimator, self._sizes = runs, estimator, sizes
        self._workloads, self._records = Workloads(runs, sizes), Records(runs)

    def all(self) -> list[Group]:
        """Every job that a run from nothing would have; ``left`` of those that a run now would."""
        trained = list(self._training())
        ended = not any(group.left for group in trained)
        before = [*self._data(), *trained]
        after = list(self._results(ended))
        complete = not any(group.left for group in (*before, *after))
        return [*before, *after, self._light("all", done=complete)]

    # Data: every job once

    def _data(self) -> Iterator[Group]:
        study, paths = self._runs.study, self._runs.paths
        if isinstance(study.source, SyntheticSource):
            yield self._light("generate", done=paths.generated.is_file(), seconds=60)
        for task in study.tasks():
            if study.from_hub(task):
                yield self._light("prefetch_data", what=task, done=paths.prefetched(task).is_file())
        for folder in dict.fromkeys(self._runs.ready_made(name) for name, m in study.models.items() if m.snapshot):
            done = (folder / "xstilts.json").is_file()
            yield self._light("prefetch_model", what=folder.name, done=done)
        for task in (*study.tasks(), *([TEXT.name] if self._runs.any_pretraining() else [])):
            yield self._prepared(task)
        yield self._light("prepared", done=paths.prepared.is_file())
        for model in study.models:
            yield self._light("tokenizer", model=model, done=paths.tokenizer_file(model).is_file())
            for task in (*study.tasks(), *([TEXT.name] if self._runs.pretrains(model) else [])):
                yield self._encoded(model, task)

    def _prepared(self, task: str) -> Group:
        counts = [self._sizes.examples(task, *file) for file in self._runs.files(task)]
        seconds = costs.preparing_seconds(sum(count for count, _ in counts))
        work = Work(basis=worst(basis for _, basis in counts))
        rule = "text" if task == TEXT.name else "prepare"
        done = self._runs.paths.data_manifest(task).is_file()
        return self._light(rule, what=task if rule == "prepare" else "", done=done, seconds=seconds, work=work)

    def _encoded(self, model: str, task: str) -> Group:
        files = [self._sizes.of(model, task, *file) for file in self._runs.files(task)]
        seconds = costs.encoding_seconds(sum(rows.tokens for rows in files))
        done = self._runs.paths.tokens_manifest(model, task).is_file()
        work = Work(basis=worst(rows.basis for rows in files))
        return self._light("encode", model=model, what=task, done=done, seconds=seconds, work=work)

    # Training and scoring: once per seed

    def _training(self) -> list[Group]:
        planned = [*self._pretraining(), *self._of_arms()]
        for jobs in planned:
            self._estimator.learn(jobs.key, jobs.work, [job for job in jobs.ended.values() if job])
        return [jobs.group(self._estimator) for jobs in planned]

    def _pretraining(self) -> Iterator[_Planned]:
        for model in filter(self._runs.pretrains, self._runs.study.models):
            ended = {0: self._records.pretrain(model)}
            yield _Planned("pretrain", model, "", "", self._workloads.pretrain(model), False, ended)

    def _of_arms(self) -> Iterator[_Planned]:
        study, records = self._runs.study, self._records
        for model in study.models:
            serving = {what: self._serving(model, what) for what in self._runs.evaluations()}
            for arm, chosen in study.arms.items():
                if chosen.trains:
                    work, best = self._workloads.intermediate(model, arm), study.intermediate(arm).selection == "best"
                    ended = {seed: records.intermediate(model, arm, seed) for seed in study.seeds}
                    yield _Planned("intermediate", model, arm, "", work, best, ended)
                for what, (rule, work, best) in serving.items():
                    ended = {seed: records.scored(model, arm, what, seed) for seed in study.seeds}
                    yield _Planned(rule, model, arm, what, work, best, ended)

    def _serving(self, model: str, what: str) -> tuple[str, Work, bool]:
        """Rule and work of the jobs that score, the same for all arms; and whether they keep the best weights."""
        if what == RETRIEVAL:
            return "retrieve", self._workloads.retrieve(model), False
        return "finetune", self._workloads.finetune(model, what), self._runs.study.target(what).selection == "best"

    # What comes of it: every job once

    def _results(self, ended: bool) -> Iterator[Group]:
        """``ended``: whether all training has; else these have to run again, whatever is there of them."""
        paths = self._runs.paths
        outputs: dict[str, list[Path]] = {
            "collect": [paths.scores, paths.dev_scores],
            "answer": [paths.answers],
            "tables": paths.table_files(self._runs.study.targets),
            "figures": [paths.figures],
            "report": [paths.report],
            "submission": [paths.submission],
        }
        yield self._similarity(done=paths.similarity.is_file())
        for rule, files in outputs.items():
            yield self._light(rule, done=ended and all(path.exists() for path in files))

    def _similarity(self, done: bool) -> Group:
        of_models = {model: self._workloads.similarity(model) for model in self._runs.study.models}
        found = [self._estimator.estimate(("similarity", model, ""), work) for model, work in of_models.items()]
        estimate = Estimate(
            seconds=sum(one.seconds for one in found),
            low=sum(one.low for one in found),
            high=sum(one.high for one in found),
            gpu_bytes=max(one.gpu_bytes for one in found),
            memory_bytes=max(one.memory_bytes for one in found),
            source=found[0].source,
        )
        work = Work(basis=worst(work.basis for work in of_models.values()))
        return Group("similarity", "", "", "", 1, () if done else (0,), work, estimate)

    def _light(
        self, rule: str, *, done: bool, model: str = "", what: str = "", seconds: float | None = None, work: Work = IDLE
    ) -> Group:
        """A job that runs no encoder."""
        seconds = _LIGHT_SECONDS.get(rule, 60) if seconds is None else seconds
        estimate = Estimate.without_model(seconds, _LIGHT_MEMORY)
        return Group(rule, model, "", what, 1, () if done else (0,), work, estimate)


@dataclass(frozen=True)
class _Planned:
    """Jobs that train or score, before they are estimated; ``ended``: by seed, what was measured."""

    rule: str
    model: str
    arm: str
    what: str
    work: Work
    keeps_best: bool
    ended: Mapping[int, Measured | None]

    @property
    def key(self) -> Key:
        """What decides how long such a job takes: its own arm where that is trained, else the training set."""
        return self.rule, self.model, self.arm if self.rule == "intermediate" else self.what

    def group(self, estimator: Estimator) -> Group:
        left = tuple(seed for seed, job in self.ended.items() if job is None)
        estimate = estimator.estimate(self.key, self.work, self.keeps_best)
        return Group(self.rule, self.model, self.arm, self.what, len(self.ended), left, self.work, estimate)
