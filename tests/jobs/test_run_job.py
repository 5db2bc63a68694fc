"""The process around a training job: its checkpoints, and the run that was planned."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from configs import own

from xstilts.atomic import read_object, write_json
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.jobs import execution as jobs_execution
from xstilts.jobs.execution import run_job
from xstilts.runtime.attempts import read_attempts
from xstilts.training.checkpoints import Checkpoints

JOB = Job("tiny", "none", "xnli", 1)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study with the files that the job reads."""
    monkeypatch.chdir(tmp_path)
    study = Runs(load(own()))
    for path in study.reads(JOB):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return study


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Replace the work of jobs that pretrain and fine-tune."""

    def replace(work: Callable[..., None]) -> None:
        module = SimpleNamespace(finetune=work, pretrain=work)
        monkeypatch.setitem(sys.modules, "xstilts.jobs.training", module)
        monkeypatch.setattr("xstilts.jobs.training", module, raising=False)

    return replace


def test_checkpoints_are_kept_until_the_job_is_done(runs: Runs, works: Any) -> None:
    folder, calls = runs.paths.checkpoints / Specs(runs).of(JOB)["id"], []

    def work(runs: Runs, spec: Any, model: str, arm: str, training_set: str, seed: int, threads: int, session: Any):
        calls.append((model, arm, training_set, seed, threads))
        folder.mkdir(exist_ok=True)
        session.on_progress("fine-tuning", 3, 4)
        if len(calls) == 1:
            raise OSError("no space left")

    works(work)
    with pytest.raises(OSError, match="no space left"):
        run_job(runs, JOB, threads=2)
    assert folder.is_dir()
    run_job(runs, JOB, threads=2)
    assert not runs.paths.checkpoints.exists()
    assert calls == [("tiny", "none", "xnli", 1, 2)] * 2
    attempts = read_attempts(JOB.attempts(runs.paths))
    assert [(attempt.outcome, attempt.step) for attempt in attempts] == [("failed", 3), ("done", 3)]


def test_a_copy_of_an_encoders_record_lies_apart_once_the_encoder_is_there(runs: Runs, works: Any) -> None:
    """While another is trained in its place, the copy of the last one is gone."""
    job, copies = Job.pretraining("tiny"), []
    for path in runs.reads(job):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def work(*arguments: Any) -> None:
        copies.append(job.record_apart(runs.paths).exists())
        write_json(job.record(runs.paths), {"number": len(copies)})

    works(work)
    for number in (1, 2):
        run_job(runs, job, threads=1)
        assert read_object(job.record_apart(runs.paths)) == {"number": number}
    assert copies == [False, False]


def test_only_the_planned_run_is_run(runs: Runs, works: Any) -> None:
    works(lambda *arguments: None)
    run_job(runs, JOB, 1, Specs(runs).of(JOB)["id"])
    with pytest.raises(UserError, match="This job was planned as run 0123456789ab, but"):
        run_job(runs, JOB, 1, "0123456789ab")


def test_scores_are_kept_on_slurm_alone(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Path | None] = []
    monkeypatch.setattr(jobs_execution, "execute", lambda execution, work: kept.append(execution.kept))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    run_job(runs, JOB, 1)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    run_job(runs, JOB, 1)
    assert kept == [None, runs.paths.root / ".kept" / Specs(runs).of(JOB)["id"]]


def test_checkpoints_and_the_lock_lie_in_the_folder_that_the_study_names(
    runs: Runs, works: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, locks = [], []

    class Seen(Checkpoints):
        def __init__(self, folder: Path, inputs: str, minutes: float) -> None:
            folders.append(folder)
            super().__init__(folder, inputs, minutes)

    named = tmp_path / "mounted"
    runs = Runs(load(own(compute={"checkpoints": str(named)})))
    monkeypatch.setattr("xstilts.training.checkpoints.Checkpoints", Seen)
    works(lambda *arguments: locks.extend(named.rglob("*.lock")))
    run_job(runs, JOB, 1)
    (folder,) = folders
    assert folder == named / runs.study.study / Specs(runs).of(JOB)["id"]
    assert [lock.parent for lock in locks] == [folder.parent] and not runs.paths.checkpoints.exists()
