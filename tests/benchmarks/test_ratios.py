"""Benchmarks in their reduced form: no ratio to another tool falls by a fifth. Times themselves are not compared."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
EXPECTED: dict[str, dict[str, float]] = json.loads((BENCHMARKS / "ratios.json").read_text(encoding="utf-8"))
ATTEMPTS = 3  # a machine that does much else at the same time disturbs even ratios


def _measured(benchmark: str) -> dict[str, float]:
    command = [sys.executable, str(BENCHMARKS / f"{benchmark}.py"), "--reduced"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert not done.returncode, done.stderr
    ratios: dict[str, float] = json.loads(done.stdout)["ratios"]
    return ratios


def test_types_of_all_benchmarks_are_checked() -> None:
    settings = tomllib.loads((BENCHMARKS.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["modules"] == sorted(path.stem for path in BENCHMARKS.glob("*.py"))


@pytest.mark.parametrize("benchmark", EXPECTED)
def test_no_ratio_has_fallen_by_a_fifth(benchmark: str) -> None:
    least = {name: round(0.8 * ratio, 2) for name, ratio in EXPECTED[benchmark].items()}
    for _ in range(ATTEMPTS):
        measured = _measured(benchmark)
        if all(measured[name] >= ratio for name, ratio in least.items()):
            return
    assert measured == least, "ratios of CPU seconds, on the left as measured, on the right the least"
