"""A mirror of miniature repositories, and a folder that downloads from it go to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import repositories

from xstilts.errors import UserError
from xstilts.sources.hub.fetch import fetch
from xstilts.sources.hub.origins import origins
from xstilts.sources.hub.read import read
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

LANGUAGES = languages_of("hub")


class Downloads:
    """Downloads below a folder: fetched from a mirror, and read."""

    def __init__(self, folder: Path, mirror: Path) -> None:
        self.folder, self.mirror = folder, mirror

    def fetch(self, task: str, split: str, code: str) -> list[dict[str, Any]]:
        found = origins(TASKS[task], split, LANGUAGES[code])
        return [fetch(origin, origin.file(self.folder, task), str(self.mirror)) for origin in found]

    def read(self, task: str, split: str = "train", code: str = "en") -> pa.Table:
        return read(self.folder, TASKS[task], split, LANGUAGES[code])

    def rows(self, task: str, split: str = "train", code: str = "en") -> list[dict[str, Any]]:
        self.fetch(task, split, code)
        return self.read(task, split, code).to_pylist()

    def error(self, task: str, split: str = "train", code: str = "en") -> str:
        """What reading complains about."""
        with pytest.raises(UserError) as caught:
            self.read(task, split, code)
        return str(caught.value)

    def file(self, task: str, split: str = "train", code: str = "en") -> Path:
        return origins(TASKS[task], split, LANGUAGES[code])[0].file(self.folder, task)

    def replace(self, repository: str, config: str, features: Any, **splits: Any) -> None:
        """Give this test a repository of its own in place of the miniature."""
        self.mirror = self.folder / "own mirror"
        repositories.write_repository(self.mirror / repository, {config: features}, {config: splits})


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    repositories.write(folder)
    return folder


@pytest.fixture
def downloads(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Downloads:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return Downloads(tmp_path / "hub", mirror)
