"""How many jobs of a study may share a GPU where the study leaves that open (``compute.jobs_per_gpu: auto``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.costs import shape_of
from xstilts.planning.estimates import Estimator
from xstilts.planning.gpus import GPUS, DeviceSpec
from xstilts.planning.jobs import label_of, translations
from xstilts.planning.sizes import FileSizes
from xstilts.wording import counted, file_size

_MOST = 4  # beyond a few, jobs wait for each other's kernels
_USED = 0.9  # share of a GPU's memory: estimates are not exact


class Sharing(NamedTuple):
    """A number of jobs, and a sentence that says why it is this one."""

    jobs: int
    reason: str


def sharing_on(runs: Runs, models: Iterable[str]) -> Sharing:
    """Return how many jobs may share each GPU of a machine.

    Args:
        runs: The study's jobs.
        models: The names that the makers of its GPUs give them; empty where it is not known.
    """
    found = []
    for model in dict.fromkeys(models):
        device = next((device for device in GPUS.values() if not device.is_cpu and device.is_called(model)), None)
        if device is None:
            name = f"the memory of '{model}'" if model else "the memory of a part of a GPU"
            return Sharing(1, f"1 job on each GPU, because {name} is not known")
        found.append(sharing(runs, device))
    return min(found, default=Sharing(1, "1 job at a time, because there is no GPU"), key=lambda one: one.jobs)


def sharing(runs: Runs, device: DeviceSpec) -> Sharing:
    """Return how many jobs may share a device: as many as the largest job of the study fits into its memory.

    Memory is as the plan models it. What finished jobs have measured does not count, so that the number is the same
    for all jobs of a run.
    """
    if device.is_cpu:
        return Sharing(1, "1 job at a time, because there is no GPU")
    try:
        needed, largest = max(_memory(runs, device))
    except UserError as error:
        return Sharing(1, f"1 job on each GPU, because an encoder's size is not known. {error}".rstrip("."))
    jobs = max(1, min(_MOST, int(_USED * device.memory_gb * 1e9 / needed)))
    most = f"; more than {_MOST} do not share one" if jobs == _MOST else ""
    return Sharing(
        jobs,
        f"{counted(jobs, 'job')} on each {device.title}: the largest, {largest}, needs about {file_size(needed)} of "
        f"its {device.memory_gb:g} GB{most}",
    )


def _memory(runs: Runs, device: DeviceSpec) -> Iterator[tuple[float, str]]:
    """Bytes of GPU memory and the name of each kind of job that uses a GPU."""
    sizes = FileSizes(runs)
    estimator = Estimator(runs, device, {model: shape_of(runs, model) for model in runs.study.models}, sizes)
    similarity = [("similarity", model, "") for model in runs.study.models]
    for kind in [*dict.fromkeys(job.kind for job in runs.all_jobs()), *similarity]:
        rule, model, what = kind
        arm, what = (what, "") if rule == "intermediate" else ("", what)
        yield estimator.estimate(kind).gpu_bytes, label_of(rule, model, arm, what)
    for group in translations(runs, estimator, sizes):
        yield group.cost.gpu_bytes, group.label
