"""A study's plan: its jobs, what they need, how long all of it takes, and what will not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xstilts.graph.runs import Runs
from xstilts.planning.costs import CHECKPOINT_BYTES, WEIGHT_BYTES, EncoderShape, shape_of
from xstilts.planning.estimates import Estimator
from xstilts.planning.gpus import DeviceSpec
from xstilts.planning.jobs import GPU_RULES, JobGroup, encoded_tasks, job_groups
from xstilts.planning.sharing import sharing
from xstilts.planning.sizes import FileSizes, weakest
from xstilts.planning.translation import shape_of_translator
from xstilts.planning.warnings import warnings_of
from xstilts.wording import counted

_TOKEN_BYTES, _QUESTION_TOKEN_BYTES = 4, 12  # of an encoded file; questions also keep characters' positions
_EXAMPLE_BYTES = 3  # per token of a canonical file, which is compressed
_PREDICTION_BYTES = 40

_NOTES = {
    "sizes assumed": "Numbers of examples are those of the full releases, or of the source's settings, where files "
    "have not been prepared yet: if they hold less, jobs take less. Tokens per example are typical ones.",
    "examples counted": "Examples are counted; tokens per example are typical ones where files have not been encoded "
    "yet.",
    "tokens counted": "Examples and tokens are counted in the study's own files.",
}


class Span(NamedTuple):
    """An amount, and the range that it may lie in."""

    value: float
    low: float
    high: float


class DiskItem(NamedTuple):
    """Something that a study leaves on disk, or needs only while it runs."""

    what: str
    bytes: float
    temporary: bool = False


@dataclass(frozen=True)
class StudyPlan:
    """What a study needs, from now on and in all."""

    study: str
    device: DeviceSpec
    precision: str
    at_once: int
    groups: list[JobGroup]
    wall: Span  # seconds until the last job on a GPU has ended, ``at_once`` at a time
    disk: list[DiskItem]
    warnings: list[str]
    notes: list[str]

    def jobs(self, *, left: bool = False) -> Counter[str]:
        """Return, by rule, the jobs of a run from nothing, as ``snakemake -n`` counts them; or those that are left."""
        counts: Counter[str] = Counter()
        for group in self.groups:
            counts[group.rule] += len(group.left) if left else group.jobs
        return counts


def plan(runs: Runs, device: DeviceSpec, at_once: int = 1) -> StudyPlan:
    """Plan a study on devices of one kind.

    Args:
        runs: The study's jobs.
        device: What its training jobs run on.
        at_once: How many of them run at a time; one that uses several devices counts as so many.

    Raises:
        UserError: The shape of an encoder is not known.
    """
    shapes = {model: shape_of(runs, model) for model in runs.study.models}
    sizes = FileSizes(runs)
    estimator = Estimator(runs, device, shapes, sizes)
    groups = job_groups(runs, estimator, sizes)
    basis = weakest(group.work.basis for group in groups if group.on_gpu)
    unused = [
        f"{counted(number, 'job')} measured on another device ({name}) not used."
        for name, number in estimator.not_used.items()
    ]
    return StudyPlan(
        study=runs.study.study,
        device=device,
        precision=estimator.precision,
        at_once=at_once,
        groups=groups,
        wall=Span(*(wall_seconds(groups, at_once, which) for which in ("seconds", "low", "high"))),
        disk=_disk(runs, shapes, groups, sizes, at_once),
        warnings=list(warnings_of(runs, groups, estimator)),
        notes=[_NOTES[basis], *_upper_bounds(runs), *_several_gpus(runs), *_sharing(runs, device), *unused],
    )


def total(groups: Iterable[JobGroup], *, with_done: bool = False) -> Span:
    """Return the seconds of what is left of some groups, or of all their jobs, on all GPUs that each of them uses."""
    costs = [(group.work.gpus * (group.jobs if with_done else len(group.left)), group.cost) for group in groups]
    return Span(*(sum(n * getattr(cost, which) for n, cost in costs) for which in ("seconds", "low", "high")))


def wall_seconds(groups: Iterable[JobGroup], at_once: int, which: str = "seconds") -> float:
    """Return how long the GPU jobs that are left take; ``which`` of an estimate's seconds counts.

    Pretraining and translation come first. They and the rest take the time of all their jobs by ``at_once``, and at
    least that of the longest chain of jobs that wait for each other.
    """
    work, longest = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    for group in groups:
        if group.on_gpu and group.left:
            stage, each = GPU_RULES[group.rule].stage, getattr(group.cost, which)
            work[stage] += len(group.left) * group.work.gpus * each
            longest[stage] = max(longest[stage], each)
    pretraining = max(work[0] / at_once, longest[0])
    return pretraining + max((work[1] + work[2]) / at_once, longest[1] + longest[2])


def _upper_bounds(runs: Runs) -> Iterator[str]:
    """What may make jobs shorter than they are counted."""
    study = runs.study
    trained = [
        *(hyper for arm in study.arms for hyper in study.intermediate(arm)),
        *map(study.target, study.training_sets()),
    ]
    if any(hyper.patience is not None for hyper in trained):
        yield "Trainings with 'patience' are counted to their last step: they may end earlier."
    stages = [stage for arm in study.arms.values() for stage in arm.sequence]
    if any(stage.choose.how == "domain" and stage.train_examples is None for stage in stages):
        yield "Arms of one domain are counted with all rows of their tasks."


def _several_gpus(runs: Runs) -> Iterator[str]:
    """What is assumed of trainings on several GPUs."""
    for name, model in runs.study.models.items():
        if model.gpus > 1:
            yield (
                f"Trainings of {name} are counted as if its {model.gpus} GPUs divided all work evenly and never waited "
                "for each other."
            )


def _sharing(runs: Runs, device: DeviceSpec) -> Iterator[str]:
    """How many jobs share a GPU, where the study leaves that open."""
    if runs.study.compute.jobs_per_gpu == "auto" and not device.is_cpu:
        jobs, reason = sharing(runs, device)
        yield f"compute.jobs_per_gpu is auto: {reason}. Start snakemake with --resources gpu={jobs} for each GPU."


def _disk(
    runs: Runs, shapes: Mapping[str, EncoderShape], groups: Sequence[JobGroup], sizes: FileSizes, at_once: int
) -> list[DiskItem]:
    """What a run from nothing needs, without the source's own files."""
    weights = {model: WEIGHT_BYTES * shape.parameters for model, shape in shapes.items()}
    downloaded = {runs.ready_made(name): weights[name] for name, model in runs.study.models.items() if model.snapshot}
    trained = sum(
        group.jobs * WEIGHT_BYTES * shapes[group.model].trainable(group.work.lora)
        for group in groups
        if group.rule in ("pretrain", "intermediate")
    )
    tokens = {
        (model, task): sizes.of_task(model, task).tokens for model in weights for task in encoded_tasks(runs, model)
    }
    first = next(iter(weights))
    per_token = {True: _QUESTION_TOKEN_BYTES, False: _TOKEN_BYTES}
    encoded = sum(count * per_token[runs.study.task(task).type == "span_qa"] for (_, task), count in tokens.items())
    training = [group for group in groups if group.work.steps]
    running = min(at_once, sum(group.jobs for group in training))
    checkpoint = CHECKPOINT_BYTES * max((shapes[g.model].trainable(g.work.lora) for g in training), default=0)
    items = [
        DiskItem("downloaded encoders", sum(downloaded.values())),
        DiskItem("downloaded models for translation", WEIGHT_BYTES * sum(_translator_parameters(runs))),
        DiskItem("trained encoders", trained),
        DiskItem("examples", _EXAMPLE_BYTES * sum(count for (model, _), count in tokens.items() if model == first)),
        DiskItem("tokens", encoded),
        DiskItem("predictions", _PREDICTION_BYTES * sum(group.jobs * group.work.predictions for group in groups)),
        DiskItem("checkpoints of running jobs", 2 * checkpoint * running, temporary=True),
    ]
    return [item for item in items if item.bytes]


def _translator_parameters(runs: Runs) -> Iterator[int]:
    """The parameters of each model for translation that comes from the Hub."""
    for folder in runs.downloaded_translators():
        yield shape_of_translator(folder, "translation").parameters
