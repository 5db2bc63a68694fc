"""The devices that a study can be planned for, from their makers' data sheets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xstilts.config.settings import Compute
from xstilts.errors import UserError, did_you_mean

_CPU = "cpu"
#: Share of the peak that encoders reach on short inputs; assumed.
_ACHIEVED = {"bfloat16": 0.3, "float32": 0.6, _CPU: 0.4}


@dataclass(frozen=True)
class DeviceSpec:
    """One device. Peaks are of dense products; data sheets often print those with sparsity, twice as high."""

    name: str  # what --gpu takes
    title: str
    torch_name: str  # regular expression for the name that torch gives the device
    memory_gb: float  # 10^9 bytes; 0 for a CPU
    bf16_tflops: float  # 10^12 operations per second; 0 without bfloat16
    fp32_tflops: float  # without TF32, which torch does not use by default
    bandwidth: float  # 10^9 bytes per second between memory and processor

    @property
    def is_cpu(self) -> bool:
        """Whether it has no memory of its own."""
        return self.name == _CPU

    def precision(self, compute: Compute) -> str:
        """Return the precision of matrix products: float32 on a CPU, where bfloat16 is not faster."""
        wanted = compute.precision in ("auto", "bfloat16")
        return "bfloat16" if wanted and self.bf16_tflops else "float32"

    def flops(self, precision: str) -> float:
        """Return the operations per second that training is assumed to reach."""
        peak = self.bf16_tflops if precision == "bfloat16" else self.fp32_tflops
        return peak * 1e12 * _ACHIEVED[_CPU if self.is_cpu else precision]

    def is_called(self, device: str) -> bool:
        """Return whether torch calls this device so."""
        return re.search(self.torch_name, device) is not None


#: NVIDIA's data sheets; SXM where there are several, unless the name says PCIe. ``cpu``: one core with 8-wide fused
#: multiply-add at 2.5 GHz.
_ALL = (
    DeviceSpec("t4", "T4", r"\bT4\b", 16, 0, 8.1, 320),
    DeviceSpec("v100-16", "V100 16 GB", r"V100\b.*16GB", 16, 0, 15.7, 900),
    DeviceSpec("v100-32", "V100 32 GB", r"V100\b.*32GB", 32, 0, 15.7, 900),
    DeviceSpec("rtx3090", "GeForce RTX 3090", r"RTX 3090$", 24, 71, 35.6, 936),
    DeviceSpec("rtx4090", "GeForce RTX 4090", r"RTX 4090$", 24, 165.2, 82.6, 1008),
    DeviceSpec("a6000", "RTX A6000", r"RTX A6000", 48, 154.8, 38.7, 768),
    DeviceSpec("a10", "A10", r"\bA10$", 24, 125, 31.2, 600),
    DeviceSpec("a40", "A40", r"\bA40\b", 48, 149.7, 37.4, 696),
    DeviceSpec("l4", "L4", r"\bL4$", 24, 121, 30.3, 300),
    DeviceSpec("l40s", "L40S", r"\bL40S\b", 48, 362, 91.6, 864),
    DeviceSpec("a100-40", "A100 40 GB", r"A100\b.*40GB", 40, 312, 19.5, 1555),
    DeviceSpec("a100-80", "A100 80 GB", r"A100\b.*80GB", 80, 312, 19.5, 2039),
    DeviceSpec("h100-80-pcie", "H100 80 GB PCIe", r"H100 PCIe", 80, 756, 51, 2000),
    DeviceSpec("h100-80", "H100 80 GB", r"H100 80GB", 80, 989, 67, 3350),
    DeviceSpec("h200", "H200 141 GB", r"\bH200\b", 141, 989, 67, 4800),
    DeviceSpec(_CPU, "one CPU core", r"^CPU$", 0, 0, 0.08, 10),
)
GPUS: dict[str, DeviceSpec] = {device.name: device for device in _ALL}


def gpus_of(name: str) -> tuple[DeviceSpec, ...]:
    """Return the device of that name, or all of a family: a100 stands for a100-40 and a100-80.

    Raises:
        UserError: There is none in the table.
    """
    found = [GPUS[name]] if name in GPUS else [gpu for gpu in _ALL if gpu.name.startswith(f"{name}-")]
    if not found:
        raise UserError(
            f"--gpu: there is no device '{name}' in the table. {did_you_mean(name, GPUS)} "
            "For another one, take the entry that is nearest in memory and speed."
        )
    return tuple(found)
