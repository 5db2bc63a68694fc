"""A study with the files that a test asks for, and a squeue with the output that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from made_progress import Progress

from xstilts.config.study import store


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Progress:
    """A study of two seeds that has not run; a machine without SLURM."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    made = Progress()
    store(made.runs.study, made.runs.paths.study)
    return made


@pytest.fixture
def squeue(progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a squeue that prints the given lines and exits with the given code."""

    def put(*lines: str, code: int = 0) -> None:
        (tmp_path / "bin" / "lines").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        program = tmp_path / "bin" / "squeue"
        program.write_text(
            f'#!/bin/sh\n[ "$2" = "--format=%A|%T|%k|%j|%Z" ] || exit 8\n'
            f'while read -r line; do echo "$line"; done < "{tmp_path}/bin/lines"\n'
            f"[ {code} = 0 ] || echo 'slurm_load_jobs error: no controller' >&2\nexit {code}\n",
            encoding="utf-8",
        )
        program.chmod(0o755)

    return put
