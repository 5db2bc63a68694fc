"""What the makers say of devices, and how much of it training is assumed to reach."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xstilts.config.settings import Compute
from xstilts.errors import UserError, nearest

#: Share of the peak that encoders reach on short inputs. Assumed; matrix products in bfloat16 wait for memory more.
UTILISATION = {"bfloat16": 0.3, "float32": 0.6}
_CPU_UTILISATION = 0.4


@dataclass(frozen=True)
class Gpu:
    """One device. Peaks are of dense products, without sparsity: what data sheets print may be twice as much.

    ``pattern`` is a regular expression for what torch calls it.
    """

    name: str
    title: str
    pattern: str
    #: Memory in 10^9 bytes.
    memory_gb: float
    #: 10^12 operations per second on tensor cores in bfloat16 with sums in float32; 0 where there is no bfloat16.
    bf16_tflops: float
    #: The same in plain float32, which is what torch computes float32 in (not TF32).
    fp32_tflops: float
    #: 10^9 bytes per second.
    bandwidth: float

    @property
    def is_cpu(self) -> bool:
        return self.name == CPU

    def precision(self, compute: Compute) -> str:
        """What products run in: as :class:`xstilts.training.device.Device` chooses, or float32 where it would refuse.

        A CPU takes bfloat16 only where a study demands it; it is not faster there, and is counted as float32.
        """
        wanted = compute.precision in ("auto", "bfloat16")
        return "bfloat16" if wanted and self.bf16_tflops else "float32"

    def flops(self, precision: str) -> float:
        """Operations per second that training is assumed to reach."""
        if self.is_cpu:
            return self.fp32_tflops * 1e12 * _CPU_UTILISATION
        peak = self.bf16_tflops if precision == "bfloat16" else self.fp32_tflops
        return peak * 1e12 * UTILISATION[precision]

    def is_called(self, device: str) -> bool:
        """Whether this is what torch calls the device of a measured job."""
        return re.search(self.pattern, device) is not None


CPU = "cpu"

#: NVIDIA's data sheets of the products named; SXM where there are several, unless the name says PCIe.
#: ``cpu`` is one core with 8-wide fused multiply-add at 2.5 GHz, which is what a job gets here.
_ALL = (
    Gpu("t4", "T4", r"\bT4\b", 16, 0, 8.1, 320),
    Gpu("v100-16", "V100 16 GB", r"V100\b.*16GB", 16, 0, 15.7, 900),
    Gpu("v100-32", "V100 32 GB", r"V100\b.*32GB", 32, 0, 15.7, 900),
    Gpu("rtx3090", "GeForce RTX 3090", r"RTX 3090$", 24, 71, 35.6, 936),
    Gpu("rtx4090", "GeForce RTX 4090", r"RTX 4090$", 24, 165.2, 82.6, 1008),
    Gpu("a6000", "RTX A6000", r"RTX A6000", 48, 154.8, 38.7, 768),
    Gpu("a10", "A10", r"\bA10$", 24, 125, 31.2, 600),
    Gpu("a40", "A40", r"\bA40\b", 48, 149.7, 37.4, 696),
    Gpu("l4", "L4", r"\bL4$", 24, 121, 30.3, 300),
    Gpu("l40s", "L40S", r"\bL40S\b", 48, 362, 91.6, 864),
    Gpu("a100-40", "A100 40 GB", r"A100\b.*40GB", 40, 312, 19.5, 1555),
    Gpu("a100-80", "A100 80 GB", r"A100\b.*80GB", 80, 312, 19.5, 2039),
    Gpu("h100-80-pcie", "H100 80 GB PCIe", r"H100 PCIe", 80, 756, 51, 2000),
    Gpu("h100-80", "H100 80 GB", r"H100 80GB", 80, 989, 67, 3350),
    Gpu("h200", "H200 141 GB", r"\bH200\b", 141, 989, 67, 4800),
    Gpu(CPU, "one CPU core", r"^CPU$", 0, 0, 0.08, 10),
)

GPUS: dict[str, Gpu] = {gpu.name: gpu for gpu in _ALL}


def gpu_of(name: str) -> Gpu:
    """The device of that name.

    Raises:
        UserError: where there is none in the table.
    """
    if name not in GPUS:
        raise UserError(
            f"--gpu: nothing is known of '{name}'. {nearest(name, GPUS)} "
            "For another one, take the entry that is nearest in memory and speed."
        )
    return GPUS[name]
