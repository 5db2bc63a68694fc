"""A tiny study that is ready to train."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from commands import Commands
from workflow.workspace import TINY

from workflow import tiny_release
from xstilts.runs import Runs
from xstilts.study import load, store


def config() -> dict[str, Any]:
    """With steps enough to be killed in the middle of, and a checkpoint every dozen milliseconds."""
    tiny = copy.deepcopy(TINY)
    tiny["models"]["small"]["architecture"]["dropout"] = 0.2
    stage = {"max_steps": 150, "batch_size": 2, "eval_every": 20, "learning_rate": 0.01}
    tiny["training"] = {name: dict(stage) for name in ("pretraining", "intermediate", "target")}
    tiny["compute"] = {"checkpoint_minutes": 0.0002}
    return tiny


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study with its data encoded. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("prepared")
    tiny_release.write(folder / "data")
    runs = Runs(load(config()))
    study = str(runs.paths.study)
    store(runs.study, folder / study)
    commands = Commands(folder)
    for task in runs.study.tasks():
        commands.run("prepare", "--study", study, "--task", task)
    commands.run("text", "--study", study)
    commands.run("tokenizer", "--study", study, "--model", "small")
    for task in (*runs.study.tasks(), "text"):
        commands.run("encode", "--study", study, "--model", "small", "--task", task)
    return folder
