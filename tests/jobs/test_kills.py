"""Jobs that are killed repeatedly at random moments end with the results of uninterrupted ones."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from commands import Commands, command

from xstilts.runtime.attempts import read_attempts
from xstilts.runtime.signals import TRY_AGAIN

KILLS = 8  # of each job

#: A job's command, and below the study's folder what it makes; not compared: records, which tell of times.
JOBS: dict[str, tuple[list[str], list[str]]] = {
    "pretraining": (["pretrain"], ["encoders/small/pretrained/model.safetensors"]),
    "intermediate": (
        ["intermediate", "--arm", "mnli", "--seed", "1"],
        ["encoders/small/mnli/seed1/model.safetensors", "dev_scores/small/mnli/intermediate/seed1.parquet"],
    ),
    "target": (
        ["finetune", "--arm", "mnli", "--training-set", "squad_v1", "--seed", "1"],
        [f"{kind}/small/mnli/squad_v1/seed1.parquet" for kind in ("scores", "dev_scores", "predictions")],
    ),
}


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study whose three training jobs have run without interruption."""
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    shutil.copytree(prepared, folder, copy_function=shutil.copy2)
    for arguments, _ in JOBS.values():
        Commands(folder).run(*command(arguments))
    return folder


@pytest.fixture
def folder(undisturbed: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "study"
    # Times are kept: they are part of what tells one encoder from another.
    shutil.copytree(undisturbed, copied, copy_function=shutil.copy2)
    return copied


def contents(folder: Path, names: list[str]) -> dict[str, bytes]:
    return {name: (folder / "results/tiny" / name).read_bytes() for name in names}


def killed_until_done(commands: Commands, arguments: list[str], moments: random.Random, longest: float) -> list[int]:
    """Start and kill a job until it finishes before it is killed; returns the exit codes of the killed processes."""
    codes: list[int] = []
    while True:
        process = commands.start(*command(arguments))
        process.join(moments.uniform(0, longest))
        how = moments.choice([signal.SIGTERM, signal.SIGKILL])
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, how)
        process.join()
        if process.exitcode == 0:
            return codes
        # SIGTERM before the process listens ends it as it ends any other.
        assert process.exitcode in (TRY_AGAIN, -signal.SIGTERM, -signal.SIGKILL), commands.log.read_text()[-3000:]
        codes.append(process.exitcode)
        if moments.random() < 0.2:
            truncate_a_checkpoint(commands.folder)


def truncate_a_checkpoint(folder: Path) -> None:
    for tensors in (folder / "results/tiny/.checkpoints").glob("*/*.safetensors"):
        os.truncate(tensors, tensors.stat().st_size // 2)


@pytest.mark.parametrize("job", JOBS)
def test_results_are_those_of_an_undisturbed_run(job: str, undisturbed: Path, folder: Path) -> None:
    arguments, names = JOBS[job]
    expected, commands, moments = contents(undisturbed, names), Commands(folder), random.Random(job)
    started = time.monotonic()
    commands.run(*command(arguments))
    longest = time.monotonic() - started
    codes: list[int] = []
    while len(codes) < KILLS:
        for name in names:
            (folder / "results/tiny" / name).unlink()
        codes += killed_until_done(commands, arguments, moments, longest)
        assert contents(folder, names) == expected
    assert "Resuming from the checkpoint of step" in commands.log.read_text(encoding="utf-8")
    assert not (folder / "results/tiny/.checkpoints").exists()
    assert not [path for path in (folder / "results").rglob("*") if path.name.endswith(".tmp")]


def test_a_job_that_is_asked_to_stop_says_so_and_goes_on_later(undisturbed: Path, folder: Path) -> None:
    arguments, names = JOBS["target"]
    commands, attempt_log = Commands(folder), folder / "results/tiny/attempts/small/mnli/squad_v1/seed1.json"
    process = commands.start(*command(arguments))
    while not list((folder / "results/tiny/.checkpoints").glob("*/*.json")):
        assert process.is_alive()
        time.sleep(0.001)
    process.terminate()
    process.join()
    assert process.exitcode == TRY_AGAIN
    stopped = read_attempts(attempt_log)[-1]
    assert stopped.outcome == "stopped" and "SIGTERM asked it to stop; its state after step" in stopped.reason
    commands.run(*command(arguments))
    assert read_attempts(attempt_log)[-1].outcome == "done"
    assert contents(folder, names) == contents(undisturbed, names)
