"""Which instructions the libraries below PyTorch use on a CPU."""

from __future__ import annotations

import os
import sys
from typing import Literal

from xstilts.runtime import starter

#: PyTorch's own kernels, oneDNN and MKL each choose their code, and with it the order of additions, by the processor
#: they find. Of MKL's modes, only the compatible one is meant to give the same bits on processors of all makers: oneMKL
#: developer guide, "Obtaining Numerically Reproducible Results".
_PORTABLE = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"}


def choose_kernels(kernels: Literal["fastest", "portable"]) -> None:
    """Have libraries use the instructions that a study asks for; called before anything imports torch."""
    if kernels == "portable" and not _PORTABLE.items() <= os.environ.items():
        os.environ.update(_PORTABLE)
        if starter.was_forked():  # torch has been imported, and has chosen: begin again without it
            os.execv(sys.executable, [sys.executable, *sys.argv])
