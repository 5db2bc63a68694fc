"""The device and the precision of a job, and deterministic algorithms."""

from __future__ import annotations

import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from xstilts.config.settings import Compute
from xstilts.encoders import capabilities
from xstilts.errors import UserError
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.training import ranks

_MULTIPLE = 8  # tokens; tensor cores and attention kernels read rows of so many
_COMPILED_MULTIPLE = 16  # tokens; each length has to be compiled, each token of padding costs time in every step
_EVALUATION_TOKENS = 16_384

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Device:
    """The CPU or one GPU.

    Attributes:
        kind: 'cpu' or 'cuda'.
        precision: The precision of matrix products; weights stay in float32.
        gradient_checkpointing: Whether the backward pass computes each layer's states again.
        compiler: The backend of torch.compile that encoders are compiled by for training; empty: none.
    """

    kind: str
    precision: torch.dtype
    gradient_checkpointing: bool = False
    compiler: str = ""

    @classmethod
    def choose(cls, compute: Compute, threads: int) -> Device:
        """Choose the first GPU if there is one, else the CPU, and make PyTorch deterministic.

        Args:
            compute: The study's precision, gradient checkpointing and compilation.
            threads: CPU threads.

        Raises:
            UserError: The study asks for bfloat16, which the GPU lacks.
        """
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # No operation here reads memory before it writes it; PyTorch has the setting, its types do not.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it, cuBLAS is not deterministic
        kind = "cuda" if torch.cuda.is_available() else "cpu"
        capable = kind == "cuda" and torch.cuda.is_bf16_supported()
        if compute.precision == "bfloat16" and kind == "cuda" and not capable:
            raise UserError("compute.precision: this GPU has no bfloat16; use 'auto' or 'float32'.")
        bfloat16 = compute.precision == "bfloat16" or (compute.precision == "auto" and capable)
        precision = torch.bfloat16 if bfloat16 else torch.float32
        compiler = "inductor" if compute.compile == "auto" and kind == "cuda" else ""
        return cls(kind, precision, compute.gradient_checkpointing, compiler)

    def prepare(self, encoder: PreTrainedModel) -> None:
        """Move an encoder to the device, in place, and set up gradient checkpointing.

        Raises:
            UserError: The encoder's family has no gradient checkpointing.
        """
        self.place(encoder)
        if self.gradient_checkpointing:
            if not encoder.supports_gradient_checkpointing:
                family = capabilities.model_class(encoder.config).__name__
                raise UserError(
                    f"compute.gradient_checkpointing: {family} has none in transformers; leave the key out."
                )
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # newer transformers rename it
                encoder.gradient_checkpointing_enable({"use_reentrant": False})

    def place(self, module: nn.Module) -> None:
        """Move a module's weights to the device, in place."""
        module.to(torch.device(self.kind))

    @property
    def collates_ahead(self) -> bool:
        """Whether batches are collated in the background: a GPU computes meanwhile, a CPU is the same processor."""
        return self.kind == "cuda"

    @property
    def evaluation_tokens(self) -> int:
        """The least tokens of an evaluation's batches, whatever the batch size; on a CPU larger ones are no faster."""
        return _EVALUATION_TOKENS if self.kind == "cuda" else 0

    def padding(self, tokens: SpecialTokens) -> SpecialTokens:
        """The special tokens with the lengths that suit the device: few of them on a GPU, fewer to compile for."""
        if self.compiler:
            return replace(tokens, multiple=_COMPILED_MULTIPLE)
        return replace(tokens, multiple=_MULTIPLE if self.kind == "cuda" else 1)

    def pin(self, batch: Batch) -> Batch:
        """Copy a batch to memory from which a GPU copies it while the process goes on."""
        return {name: tensor.pin_memory() for name, tensor in batch.items()} if self.kind == "cuda" else batch

    def move(self, batch: Batch) -> Batch:
        """Copy a batch to the device; the process waits for no copy from pinned memory."""
        return {name: tensor.to(self.kind, non_blocking=True) for name, tensor in batch.items()}

    def autocast(self) -> AbstractContextManager[None]:
        """Run matrix products in the device's precision."""
        if self.precision is torch.float32:
            return nullcontext()
        return torch.autocast(self.kind, dtype=self.precision)

    def keeping_casts(self) -> AbstractContextManager[None]:
        """Keep the weights as :meth:`autocast` has cast them until the end of the block, inside which none may change.

        PyTorch forgets them at the end of the outermost context of autocast, also of one that is not enabled.
        """
        if self.precision is torch.float32:
            return nullcontext()
        return torch.autocast(self.kind, dtype=self.precision, enabled=False)

    def describe(self) -> dict[str, str | int]:
        """The device as it is recorded with a result, '4 x' before its name where several processes have one each.

        ``peak_gpu_bytes`` are this process's, 0 on the CPU.
        """
        name = torch.cuda.get_device_name() if self.kind == "cuda" else "CPU"
        peak = torch.cuda.max_memory_allocated() if self.kind == "cuda" else 0
        return {
            "device": f"{ranks.count()} x {name}" if ranks.count() > 1 else name,
            "precision": str(self.precision).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "peak_gpu_bytes": peak,
        }
