"""Folders with the tiny study: as it is given, and as if it had run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tiny_release
from workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder with the tiny release, and the tiny study to run on it."""
    tiny_release.write(tmp_path / "data")
    return Workspace(tmp_path)


@pytest.fixture(scope="session")
def pretended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny study as if it had run. Not to be changed: take ``finished``."""
    folder = tmp_path_factory.mktemp("pretended")
    tiny_release.write(folder / "data")
    Workspace(folder).pretend()
    return folder


@pytest.fixture
def finished(pretended: Path, tmp_path: Path) -> Workspace:
    """The tiny study as if it had run, in a folder of its own: to change it and plan again."""
    folder = tmp_path / "finished"
    shutil.copytree(pretended, folder)
    return Workspace(folder)
