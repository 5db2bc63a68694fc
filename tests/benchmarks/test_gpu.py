"""The benchmark of what needs a GPU, with a tiny encoder on a CPU: it runs, and says what it is to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def measured(*options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "gpu.py"), "--reduced", *options],
        capture_output=True,
        text=True,
        timeout=600,
        env=dict(os.environ) | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert not done.returncode, done.stderr
    return dict(json.loads(done.stdout))


def test_runs_and_compares() -> None:
    found = measured()
    assert found["ratios"].keys() == {"xstilts", "Trainer", "Trainer, padded"}
    assert all(one["ms per step"] > 0 for one in found["training"].values())
    assert found["steps per second of jobs together"].keys() == {"1", "2"}
    assert found["by MPS"] is None
    assert found["embedded per second"] > 0 and found["idle share"] is None


def test_training_with_and_without_compilation() -> None:
    found = measured("--compile")["training"]
    assert found.keys() == {"xstilts", "compiled"}
    assert found["compiled"]["seconds in all"] > found["xstilts"]["seconds in all"], "compiling takes its time"


def test_the_share_of_time_in_which_kernels_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu

    assert gpu.busy([(0, 1), (1, 2)]) == 1
    assert gpu.busy([(6, 8), (0, 4), (1, 2), (3, 5)]) == 7 / 8
