"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

#: Slices of the real datasets, in the layout of ``xstilts.sources.layout``; beside the checkout unless told otherwise.
SLICES = Path(os.environ.get("XSTILTS_SLICES", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def slices() -> Path:
    """The folder with slices of the real datasets; tests that need them are skipped where it is absent."""
    if not (SLICES / "xtreme").is_dir():
        pytest.skip(f"no slices of the real datasets at {SLICES}; set XSTILTS_SLICES to a folder that has them")
    return SLICES
