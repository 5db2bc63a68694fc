"""Commands in processes of their own, forked from one that has already imported PyTorch."""

from __future__ import annotations

import copy
import multiprocessing
import os
import sys
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from workspace import TINY

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["xstilts.cli", "xstilts.jobs.prepare", "xstilts.jobs.training", "xstilts.jobs.retrieval"]
)


@dataclass(frozen=True)
class Commands:
    """Runs ``xstilts`` in a folder; what it prints goes to a file there."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "commands.log"

    def start(self, *arguments: str) -> ForkServerProcess:
        process = _CONTEXT.Process(target=_main, args=(str(self.folder), str(self.log), list(arguments)))
        process.start()
        return process

    def run(self, *arguments: str) -> None:
        process = self.start(*arguments)
        process.join()
        assert process.exitcode == 0, self.log.read_text(encoding="utf-8")[-3000:]


def _main(folder: str, log: str, arguments: list[str]) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.chdir(folder)
    os.environ.pop("SLURM_JOB_ID", None)
    sys.argv = ["xstilts", *arguments]
    from xstilts.cli import main

    main()


def tiny_study() -> dict[str, Any]:
    """A study with enough steps to be killed in the middle, and a checkpoint every dozen milliseconds."""
    tiny = copy.deepcopy(TINY)
    tiny["models"]["small"]["architecture"]["dropout"] = 0.2
    stage = {"max_steps": 150, "batch_size": 2, "eval_every": 20, "learning_rate": 0.01}
    tiny["training"] = {name: dict(stage) for name in ("pretraining", "intermediate", "target")}
    tiny["compute"] = {"checkpoint_minutes": 0.0002}
    return tiny


def command(arguments: list[str]) -> list[str]:
    """A command with the options of the prepared study and model."""
    return [*arguments, "--study", "results/tiny/study.json", "--model", "small"]
