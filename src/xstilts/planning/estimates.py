"""How long a job takes and what it needs: measured where jobs like it have ended, otherwise modelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from xstilts.config.settings import Compute
from xstilts.planning import costs
from xstilts.planning.gpus import Gpu
from xstilts.planning.measured import Measured
from xstilts.planning.shapes import Shape
from xstilts.planning.workload import Work
from xstilts.wording import counted

#: By where seconds are from, by which factors they may be too high or too low.
_MODELLED, _SCALED, _MEASURED = (0.5, 2.0), (0.6, 1.6), (0.8, 1.25)

Key = tuple[str, str, str]  # rule, model, and the training set or arm that decides what the job trains on


@dataclass(frozen=True)
class Estimate:
    """Of one job. Seconds lie between ``low`` and ``high``; ``source`` says what all of that rests on."""

    seconds: float
    low: float
    high: float
    gpu_bytes: float
    memory_bytes: float
    source: str

    @classmethod
    def of(cls, seconds: float, factors: tuple[float, float], memory: costs.Memory, source: str) -> Estimate:
        return cls(seconds, seconds * factors[0], seconds * factors[1], memory.gpu, memory.main, source)

    @classmethod
    def without_model(cls, seconds: float, memory_bytes: float) -> Estimate:
        """Of a job that runs no encoder."""
        return cls.of(seconds, _MODELLED, costs.Memory(0.0, memory_bytes), "model")


@dataclass
class Estimator:
    """Estimates for one device. Jobs that were measured on another one, or in another precision, say nothing here."""

    gpu: Gpu
    compute: Compute
    shapes: Mapping[str, Shape]
    _measured: dict[Key, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    #: By model, seconds of each job: measured and modelled.
    _compared: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    #: Devices of measured jobs that were left out.
    others: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def precision(self) -> str:
        return self.gpu.precision(self.compute)

    def learn(self, key: Key, work: Work, measured: Sequence[Measured]) -> None:
        """Take account of jobs that have ended."""
        for job in measured:
            if self.gpu.is_called(job.device) and (job.precision == self.precision or self.gpu.is_cpu):
                self._measured[key].append(job)
                self._compared[key[1]].append((job.seconds, self._modelled(key[1], work)))
            else:
                self.others[f"{job.device}, {job.precision}"] += 1

    def estimate(self, key: Key, work: Work, keeps_best: bool = False) -> Estimate:
        """Of a job with that much work; ``keeps_best``: whether it keeps the best weights aside."""
        model = key[1]
        memory = self.modelled_memory(model, work, keeps_best)
        if jobs := self._measured.get(key):
            if peak := max(job.gpu_bytes for job in jobs):
                memory = costs.Memory(costs.with_context(peak), memory.main)
            source = f"measured on {counted(len(jobs), 'job')} ({jobs[0].device})"
            return Estimate.of(median(job.seconds for job in jobs), _MEASURED, memory, source)
        seconds = self._modelled(model, work)
        if compared := self._compared.get(model):
            ratio = sum(measured for measured, _ in compared) / sum(modelled for _, modelled in compared)
            source = f"model x {ratio:.2g}, as on {counted(len(compared), 'measured job')}"
            return Estimate.of(seconds * ratio, _SCALED, memory, source)
        return Estimate.of(seconds, _MODELLED, memory, "model")

    def modelled_memory(self, model: str, work: Work, keeps_best: bool = False) -> costs.Memory:
        """What a job with that much work needs."""
        return costs.memory(self.shapes[model], work, self.gpu, self.precision, self.compute.attention, keeps_best)

    def _modelled(self, model: str, work: Work) -> float:
        return costs.seconds(self.shapes[model], work, self.gpu, self.precision)
