"""A new user's way, ``tests/newcomer.sh``, from a clone to the comparison of two studies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from workspace import REPOSITORY, tracked

SCRIPT = REPOSITORY / "tests" / "newcomer.sh"
PAGE = REPOSITORY / "docs" / "start.md"


def test_every_command_is_on_the_page_in_the_same_order() -> None:
    tried = re.findall(r"^try (xstilts [^|>\n]*)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    shown = [line.partition("  #")[0].strip() for line in PAGE.read_text(encoding="utf-8").splitlines()]
    places = [shown.index(command.strip()) for command in tried[1:]]
    assert len(places) >= 9 and places == sorted(places)


def test_it_ends_with_a_report_and_a_comparison(tmp_path: Path) -> None:
    assert tracked(), "the script clones the project"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "COLUMNS": "200"}
    done = subprocess.run(["bash", SCRIPT, tmp_path], env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "0 problems, 0 warnings" in done.stdout and "mine: 3 jobs: 3 done" in done.stdout
    assert "training.target.learning_rate: 0.005 -> 0.01" in done.stdout
    assert re.search(r"^reviews +reviews +\d+\.\d", done.stdout, re.MULTILINE), "scores of both studies"
    page = (tmp_path / "work" / "results" / "mine" / "report.html").read_text(encoding="utf-8")
    assert "reviews" in page and "Swahili" in page
