"""Two studies that are ready to train: a tiny one, and one whose examples say which file they are of."""

from __future__ import annotations

from pathlib import Path

import labelled_study
import pytest
import tiny_release
from commands import Commands, tiny_study
from transformers import PreTrainedTokenizerFast

from xstilts.config.study import load, store
from xstilts.graph.runs import Runs


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study with its data encoded. Read-only: tests copy it."""
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


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PreTrainedTokenizerFast]:
    """The folder of the study of ``labelled_study``, and its tokenizer. Read-only: tests copy it."""
    return labelled_study.prepared_in(tmp_path_factory.mktemp("labelled"), labelled_study.CONFIG)


@pytest.fixture
def runs(labelled: tuple[Path, PreTrainedTokenizerFast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A copy of the study of ``labelled_study`` in a folder of the test's own, which is the working directory."""
    return labelled_study.copied(labelled[0], tmp_path / "study", labelled_study.CONFIG, monkeypatch)


@pytest.fixture(scope="session")
def pieces(labelled: tuple[Path, PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    return labelled[1]
