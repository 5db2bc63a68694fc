"""The format of log messages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xstilts.runtime.logs import without_prefix

PROGRAM = """
import logging, sys
from xstilts.runtime.logs import configure_logging
configure_logging(verbose="-v" in sys.argv)
logger = logging.getLogger("xstilts.jobs.prepare")
logger.debug("details")
logger.info("100%: done")
"""


def logged(*arguments: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    assert not done.stdout, "standard output is for results"
    return done.stderr.splitlines()


def test_messages_have_time_level_and_module() -> None:
    (line,) = logged()
    assert line.endswith(" INFO xstilts.jobs.prepare: 100%: done")
    assert without_prefix(line) == "100%: done"


def test_verbose_logs_debug_messages_too() -> None:
    assert [without_prefix(line) for line in logged("-v")] == ["details", "100%: done"]


@pytest.mark.parametrize("line", ["", "xstilts: no such file", "ValueError: bad", "2026-05-01 ten o'clock"])
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert without_prefix(line) == line
