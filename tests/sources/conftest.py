"""A folder that the files source reads from, filled by the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xstilts.errors import UserError
from xstilts.sources import files
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS


class Release:
    """Files below a root, and what reading them gives: rows, or the message of the error."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def rows(self, task: str, split: str = "train", language: str = "en") -> list[dict[str, Any]]:
        return files.read(self.root, TASKS[task], split, languages_of("files")[language]).to_pylist()

    def error(self, task: str, split: str = "train", language: str = "en") -> str:
        with pytest.raises(UserError) as caught:
            self.rows(task, split, language)
        return str(caught.value)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path)
