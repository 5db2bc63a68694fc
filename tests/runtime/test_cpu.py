"""The instructions that training uses on a CPU: chosen before torch is imported, and with them the bits of results."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

#: Says nothing if torch is not imported too early; then prints a hash of the weights of a layer that has been trained.
_TRAIN = """
import sys
import xstilts.jobs.execution
assert "torch" not in sys.modules
from xstilts.runtime.cpu import choose_kernels
choose_kernels(sys.argv[1])
import hashlib, torch
torch.manual_seed(0)
torch.set_num_threads(1)
layer = torch.nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
optimiser = torch.optim.AdamW(layer.parameters())
for _ in range(5):
    optimiser.zero_grad()
    layer(torch.randn(4, 12, 32)).square().sum().backward()
    optimiser.step()
print(hashlib.sha256(b"".join(weights.detach().numpy().tobytes() for weights in layer.parameters())).hexdigest())
"""
#: What the libraries would find on a processor with fewer instructions.
OLDER = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def trained(kernels: str, **environment: str) -> str:
    command = [sys.executable, "-c", _TRAIN, kernels]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="portable kernels are those of x86 processors, and this is none"
)
def test_portable_kernels_give_the_same_bits_on_another_processor_and_the_fastest_ones_do_not() -> None:
    assert trained("portable", **OLDER) == trained("portable")
    assert trained("fastest", **OLDER) != trained("fastest")
