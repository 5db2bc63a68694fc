"""A tiny study that is ready to train."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_release
from commands import Commands, tiny_study

from xstilts.config.study import load, store
from xstilts.graph.runs import Runs


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study with its data encoded. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("prepared")
    tiny_release.write(folder / "data")
    runs = Runs(load(tiny_study()))
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
