"""All jobs of a study as Snakemake counts them; those that differ in their seed alone are one group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from xstilts.config.sources import SyntheticSource
from xstilts.config.translation import translated_name
from xstilts.graph.jobs import RETRIEVAL, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.planning.costs import Work
from xstilts.planning.estimates import CostEstimate, Estimator, Record
from xstilts.planning.sizes import NO_DATA, DataSize, FileSizes
from xstilts.planning.translation import cost_of, shape_of_translator
from xstilts.planning.workload import Kind
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT


class GpuRule(NamedTuple):
    """What a rule asks a cluster for, as in workflow/rules; its jobs wait for those of lower stages."""

    mem_mb: int
    runtime: int  # minutes
    stage: int


GPU_RULES = {
    "translate": GpuRule(32_000, 1440, 0),
    "pretrain": GpuRule(16_000, 240, 0),
    "intermediate": GpuRule(32_000, 1440, 1),
    "finetune": GpuRule(32_000, 720, 2),
    "retrieve": GpuRule(32_000, 240, 2),
    "similarity": GpuRule(16_000, 120, 2),
}
#: The minutes that rules without a GPU ask for whose time grows with the data, as in workflow/rules.
CPU_MINUTES = {"prepare": 60, "text": 60, "encode": 120}


@dataclass(frozen=True)
class JobGroup:
    """Jobs of one rule that differ in their seed alone. Names are empty where the rule has no such wildcard."""

    rule: str
    model: str
    arm: str
    what: str  # the training set, RETRIEVAL, or the task that is prepared or encoded
    jobs: int
    left: tuple[int, ...]  # seeds that are still to run; 0 for a job without one
    work: Work
    cost: CostEstimate

    @property
    def kind(self) -> Kind:
        """What decides the cost of a job: as :attr:`Job.kind`."""
        return self.rule, self.model, self.arm if self.rule == "intermediate" else self.what

    @property
    def on_gpu(self) -> bool:
        """Whether the rule asks for a GPU."""
        return self.rule in GPU_RULES

    @property
    def label(self) -> str:
        """The jobs' name for readers: 'finetune mnli on xnli (xlmr)'."""
        return label_of(self.rule, self.model, self.arm, self.what)


def label_of(rule: str, model: str, arm: str, what: str) -> str:
    """Return the name of jobs for readers, as :attr:`JobGroup.label`; empty names are left out."""
    on = f"on {what}" if what and what != RETRIEVAL else ""
    return " ".join(filter(None, (rule, arm, on, model and f"({model})")))


def job_groups(runs: Runs, estimator: Estimator, sizes: FileSizes) -> list[JobGroup]:
    """Return every job that a run from nothing would have; ``left`` are those that a run now would have."""
    trained, results = _training(runs, estimator), _results(runs)
    if any(group.left for group in trained):  # then all results change
        results = [replace(group, left=(0,)) for group in results]
    groups = [
        *_data(runs, sizes),
        *translations(runs, estimator, sizes),
        *trained,
        _similarity(runs, estimator),
        *results,
    ]
    complete = not any(group.left for group in groups)
    return [*groups, _on_cpu("all", done=complete, seconds=0)]


def encoded_tasks(runs: Runs, model: str) -> tuple[str, ...]:
    """Return the tasks that are encoded for a model, translations and unlabelled texts included."""
    return (*runs.study.tasks(), *runs.study.translations, *runs.texts(model))


def _data(runs: Runs, sizes: FileSizes) -> Iterator[JobGroup]:
    """Jobs that fetch, prepare (about 10,000 examples a second) and encode (200,000 tokens a second)."""
    study, paths = runs.study, runs.paths
    if isinstance(study.source, SyntheticSource):
        yield _on_cpu("generate", paths.generated)
    for task in filter(study.from_hub, study.tasks()):
        yield _on_cpu("prefetch_data", paths.prefetched(task), what=task, seconds=120)
    for folder in dict.fromkeys(runs.ready_made(name) for name, chosen in study.models.items() if chosen.snapshot):
        yield _on_cpu("prefetch_model", folder / "xstilts.json", what=folder.name, seconds=300)
    for folder in runs.downloaded_translators():
        yield _on_cpu("prefetch_translator", folder / "xstilts.json", what=folder.name, seconds=300)
    prepared = {task: name for name in study.models for task in (*study.tasks(), *runs.texts(name))}
    for task, model in prepared.items():
        rule, what = ("text", "") if task == TEXT.name else ("prepare", task)
        size = sizes.of_task(model, task)
        yield _on_cpu(rule, paths.data_manifest(task), what=what, seconds=3 + size.examples / 10_000, data=size)
    yield _on_cpu("prepared", paths.prepared, seconds=0)
    for model in study.models:
        yield _on_cpu("tokenizer", paths.tokenizer_file(model), model=model)
        for task in encoded_tasks(runs, model):
            size, manifest = sizes.of_task(model, task), paths.tokens_manifest(model, task)
            spent = 5 + size.tokens / 200_000
            yield _on_cpu("encode", manifest, model=model, what=task, seconds=spent, data=size)


def translations(runs: Runs, estimator: Estimator, sizes: FileSizes) -> Iterator[JobGroup]:
    """Return jobs that translate training data; what they have in common with those of other studies is not known."""
    study, translation = runs.study, runs.study.translation
    for task, codes in study.translated.items() if translation else ():
        english = sizes.of(next(iter(study.models)), task, "train", ENGLISH)
        for code in codes:
            assert translation is not None
            shape = shape_of_translator(runs.translators()[code], translation.key(code))
            cost = cost_of(shape, english, translation, estimator.device, estimator.precision)
            name = translated_name(task, code)
            left = () if runs.paths.data_manifest(name).is_file() else (0,)
            yield JobGroup("translate", "", "", name, 1, left, Work(read=english), cost)


def _training(runs: Runs, estimator: Estimator) -> list[JobGroup]:
    """Jobs that train or score."""
    specs = Specs(runs)
    groups: dict[tuple[str, str, str, str], list[Job]] = defaultdict(list)
    left: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for job in runs.all_jobs():
        names = job.rule, job.model, job.arm, "" if job.makes_encoder else job.what
        groups[names].append(job)
        if record := _record(JobState(job, specs)):
            estimator.learn(job.kind, record)
        else:
            left[names].append(job.seed)
    kinds = {names: jobs[0].kind for names, jobs in groups.items()}
    estimates = {kind: estimator.estimate(kind) for kind in set(kinds.values())}
    return [
        JobGroup(*names, len(groups[names]), tuple(left[names]), estimator.workloads.of(kind), estimates[kind])
        for names, kind in kinds.items()
    ]


def _record(state: JobState) -> Record | None:
    """The record of a job that is done; None if it is not, if a file of it is missing, or if the record is damaged."""
    if not state.complete:
        return None
    try:
        record: Record = dict(state.record)
        valid = record["seconds"] >= 0 and {"device", "precision", "peak_gpu_bytes"} <= set(record["hardware"])
        return record if valid else None
    except (KeyError, TypeError):
        return None


def _similarity(runs: Runs, estimator: Estimator) -> JobGroup:
    """One job for all models, one after the other."""
    kinds = [("similarity", model, "") for model in runs.study.models]
    parts = [estimator.estimate(kind) for kind in kinds]
    cost = replace(
        parts[0],
        seconds=sum(part.seconds for part in parts),
        gpu_bytes=max(part.gpu_bytes for part in parts),
        memory_bytes=max(part.memory_bytes for part in parts),
    )
    left = () if runs.paths.similarity.is_file() else (0,)
    return JobGroup("similarity", "", "", "", 1, left, estimator.workloads.of(kinds[0]), cost)


def _results(runs: Runs) -> list[JobGroup]:
    """Jobs that sum up."""
    paths = runs.paths
    return [
        _on_cpu("collect", paths.scores, paths.dev_scores),
        _on_cpu("answer", paths.answers, seconds=300),
        _on_cpu("tables", *paths.table_files(runs.study.targets)),
        *(_on_cpu(rule, getattr(paths, rule)) for rule in ("figures", "report", "submission")),
    ]


def _on_cpu(
    rule: str,
    *makes: Path,
    done: bool = True,
    model: str = "",
    what: str = "",
    seconds: float = 60,
    data: DataSize = NO_DATA,
) -> JobGroup:
    """One job that runs no encoder."""
    left = () if done and all(path.exists() for path in makes) else (0,)
    return JobGroup(rule, model, "", what, 1, left, Work(read=data), CostEstimate(seconds, 0.0, memory_bytes=1e9))
