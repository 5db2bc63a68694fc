"""What one job costs on a device: as jobs like it that have ended, otherwise as the model of costs.py says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from xstilts.graph.runs import Runs
from xstilts.planning import costs
from xstilts.planning.gpus import DeviceSpec
from xstilts.planning.sizes import FileSizes
from xstilts.planning.workload import Kind, Workloads
from xstilts.wording import counted

Record = dict[str, Any]  # what a job has noted about itself

#: By what seconds rest on, the factors by which they may be too high or too low.
_MODELLED, _SCALED, _MEASURED = (0.5, 2.0), (0.6, 1.6), (0.8, 1.25)


@dataclass(frozen=True)
class CostEstimate:
    """What one job costs. ``source`` says what the seconds rest on."""

    seconds: float
    gpu_bytes: float
    memory_bytes: float
    factors: tuple[float, float] = _MODELLED
    source: str = "model"

    @property
    def low(self) -> float:
        """The fewest seconds to expect."""
        return self.seconds * self.factors[0]

    @property
    def high(self) -> float:
        """The most seconds to expect."""
        return self.seconds * self.factors[1]


class Estimator:
    """Costs of a study's jobs on one device. Jobs measured on another one, or in another precision, do not count."""

    def __init__(
        self, runs: Runs, device: DeviceSpec, shapes: Mapping[str, costs.EncoderShape], sizes: FileSizes
    ) -> None:
        self.device, self.precision = device, device.precision(runs.study.compute)
        self.workloads = Workloads(runs, sizes)
        self.not_used: Counter[str] = Counter()  # measured jobs, by their device and precision
        self._attention, self._shapes = runs.study.compute.attention, shapes
        self._records: dict[Kind, list[Record]] = defaultdict(list)
        self._compared: dict[str, list[tuple[float, float]]] = defaultdict(list)  # by model: measured, modelled seconds

    def learn(self, kind: Kind, record: Record) -> None:
        """Take account of the record of a job that has ended."""
        device, precision = record["hardware"]["device"], record["hardware"]["precision"]
        if self.device.is_called(device) and (precision == self.precision or self.device.is_cpu):
            self._records[kind].append(record)
            self._compared[kind[1]].append((record["seconds"], self._modelled(kind)))
        else:
            self.not_used[f"{device}, {precision}"] += 1

    def estimate(self, kind: Kind) -> CostEstimate:
        """Return what a job of a kind costs."""
        cost = CostEstimate(self._modelled(kind), *self.memory(kind[1], self.workloads.of(kind)))
        if records := self._records.get(kind):
            peak = max(record["hardware"]["peak_gpu_bytes"] for record in records)
            source = f"measured on {counted(len(records), 'job')} ({records[0]['hardware']['device']})"
            return CostEstimate(
                seconds=median(record["seconds"] for record in records),
                gpu_bytes=peak + costs.CUDA_BYTES if peak else cost.gpu_bytes,
                memory_bytes=cost.memory_bytes,
                factors=_MEASURED,
                source=source,
            )
        if compared := self._compared.get(kind[1]):
            ratio = sum(measured for measured, _ in compared) / sum(modelled for _, modelled in compared)
            source = f"model x {ratio:.2g}, as on {counted(len(compared), 'measured job')}"
            return replace(cost, seconds=ratio * cost.seconds, factors=_SCALED, source=source)
        return cost

    def memory(self, model: str, work: costs.Work) -> costs.Memory:
        """Return the bytes that a job of so much work needs on the GPU and in main memory."""
        return costs.memory(self._shapes[model], work, self.device, self.precision, self._attention)

    def _modelled(self, kind: Kind) -> float:
        return costs.seconds(self._shapes[kind[1]], self.workloads.of(kind), self.device, self.precision)
