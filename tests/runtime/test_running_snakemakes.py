"""Which Snakemakes run a study, and what becomes of the jobs of one that was killed."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xstilts.errors import UserError
from xstilts.runtime.heads import VARIABLE, Head, begin, leave, new_id, read_heads, refuse_without_head, take_over

NOWHERE = 2**22 + 1  # no process has this id


def head(id: str, study: str = "trial", host: str | None = None, pid: int | None = None) -> Head:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Head(id, study, host or socket.gethostname(), pid or os.getpid(), started, f"name_of_{id}")


def test_the_jobs_of_a_snakemake_that_was_replaced_are_refused_and_those_of_the_new_one_go_on(tmp_path: Path) -> None:
    killed, new = head("a", pid=NOWHERE), head("b")
    take_over(tmp_path, killed, locked=False)
    refuse_without_head(tmp_path, {VARIABLE: "a"})  # nobody has taken its place yet: its jobs' results are as good
    assert take_over(tmp_path, new, locked=False) == [killed]
    with pytest.raises(UserError, match="has touched nothing"):
        refuse_without_head(tmp_path, {VARIABLE: "a"})
    refuse_without_head(tmp_path, {VARIABLE: "b"})
    assert read_heads(tmp_path) == [new]


def test_a_snakemake_that_still_runs_keeps_its_place(tmp_path: Path) -> None:
    take_over(tmp_path, head("a"), locked=False)
    assert take_over(tmp_path, head("b"), locked=False) == []
    refuse_without_head(tmp_path, {VARIABLE: "a"})


def test_the_snakemake_of_another_study_keeps_its_place(tmp_path: Path) -> None:
    take_over(tmp_path, head("a", study="other", pid=NOWHERE), locked=False)
    assert take_over(tmp_path, head("b"), locked=False) == []
    refuse_without_head(tmp_path, {VARIABLE: "a"})


@pytest.mark.parametrize("locked", [True, False])
def test_on_another_machine_a_snakemake_may_run_while_there_are_other_locks(tmp_path: Path, locked: bool) -> None:
    elsewhere = head("a", host="login2")
    take_over(tmp_path, elsewhere, locked=False)
    assert take_over(tmp_path, head("b"), locked) == ([] if locked else [elsewhere])


def test_a_snakemake_that_ends_removes_its_file(tmp_path: Path) -> None:
    take_over(tmp_path, head("a"), locked=False)
    leave(tmp_path, "a")
    leave(tmp_path, "a")
    assert read_heads(tmp_path) == []


def test_the_command_that_cancels_the_jobs_of_a_killed_snakemake_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    take_over(tmp_path / "heads", head("a", pid=NOWHERE), locked=False)
    monkeypatch.setenv(VARIABLE, new_id())
    begin(tmp_path / "heads", "trial", "mine", "big/7")
    assert "scancel --name=name_of_a" in caplog.text
    (own,) = read_heads(tmp_path / "heads")
    assert own == replace(head(os.environ[VARIABLE]), started=own.started, slurm_name="mine", slurm_job="big/7")


def test_files_that_are_no_heads_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"id": 1}', encoding="utf-8")
    assert read_heads(tmp_path) == [] and take_over(tmp_path, head("a"), locked=False) == []


def test_a_job_without_the_variable_goes_on(tmp_path: Path) -> None:
    refuse_without_head(tmp_path, {})
