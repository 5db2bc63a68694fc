"""A small prepared study, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_submission import study_in

from xstilts.graph.runs import Runs


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)
    return study_in(tmp_path)
