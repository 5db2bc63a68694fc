"""Terminals that are not UTF-8 get plainer characters, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from configs import ready_made

from xstilts.config.study import load, store

PROGRAM = (
    "from xstilts.cli.terminal import write_what_the_terminal_can as change; change(); "
    "print('… – − × ± → ≥ é ﬁ ä 你'); import sys; print('ü…', file=sys.stderr)"
)


def run(*command: str, encoding: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "120"}
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", "... - - x +/- -> >= e fi a ?"),
        ("latin-1", "... - - × ± -> >= é fi ä ?"),
        ("utf-8", "… – − × ± → ≥ é ﬁ ä 你"),
    ],
)
def test_like_characters_stand_for_what_cannot_be_written(tmp_path: Path, encoding: str, text: str) -> None:
    done = run("-c", PROGRAM, encoding=encoding, folder=tmp_path)
    assert done.stdout.decode(encoding).strip() == text
    assert done.stderr.decode(encoding).strip() in ("u...", "ü...", "ü…")


@pytest.mark.parametrize("command", ["status", "plan --gpu a100-80", "prepare --task xnli", "--help", "plan --help"])
def test_commands_on_an_ascii_terminal(tmp_path: Path, command: str) -> None:
    store(load({**ready_made(), "study": "plain"}), tmp_path / "study.json")
    study = () if command.endswith("--help") else ("--study", "study.json")
    done = run(
        "-c", "from xstilts.cli import main; main()", *command.split(), *study, encoding="ascii", folder=tmp_path
    )
    said = (done.stdout + done.stderr).decode("ascii")
    assert said.strip() and "Traceback" not in said and "UnicodeEncodeError" not in said
