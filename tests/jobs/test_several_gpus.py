"""Jobs of a model that is trained on several GPUs; here each GPU is a process on the CPU."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
from commands import Commands, command, tiny_study
from safetensors.torch import load_file

from xstilts.config.study import load, store
from xstilts.runtime.attempts import read_attempts
from xstilts.runtime.signals import TRY_AGAIN

FINETUNE = command(["finetune", "--arm", "none", "--training-set", "squad_v1", "--seed", "1", "--threads", "2"])
NAMES = [f"{kind}/small/none/squad_v1/seed1.parquet" for kind in ("scores", "dev_scores", "predictions")]


@pytest.fixture(scope="module")
def commands(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Commands in the folder of a study whose model has been pretrained on two GPUs."""
    folder = tmp_path_factory.mktemp("several") / "study"
    shutil.copytree(prepared, folder, copy_function=shutil.copy2)
    study = tiny_study()
    study["models"]["small"]["gpus"] = 2
    for training in study["training"].values():
        training |= {"max_steps": 40, "eval_every": 40}
    store(load(study), folder / "results/tiny/study.json")
    Commands(folder).run(*command(["pretrain", "--threads", "2"]))
    return Commands(folder)


def started(commands: Commands) -> tuple[BaseProcess, list[psutil.Process]]:
    """A fine-tuning job that has written a checkpoint, and the processes that do its work, the first one first."""
    before, process = checkpoints(commands), commands.start(*FINETUNE)
    while checkpoints(commands) <= before:
        assert process.is_alive(), commands.log.read_text(encoding="utf-8")[-3000:]
        time.sleep(0.01)
    workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
    assert len(workers) == 2
    return process, sorted(workers, key=psutil.Process.create_time)


def checkpoints(commands: Commands) -> int:
    """How many checkpoints have been written for the run that is not done."""
    manifests = (commands.folder / "results/tiny/.checkpoints").glob("*/*.json")
    return max((int(path.stem) for path in manifests), default=0)


def last_attempt(commands: Commands) -> str:
    attempt = read_attempts(commands.folder / "results/tiny/attempts/small/none/squad_v1/seed1.json")[-1]
    return f"{attempt.outcome}: {attempt.reason}"


def test_an_encoder_is_written_whole(commands: Commands) -> None:
    folder = commands.folder / "results/tiny/encoders/small/pretrained"
    weights, record = load_file(folder / "model.safetensors"), json.loads((folder / "record.json").read_text())
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    assert weights["embeddings.word_embeddings.weight"].shape[0] == vocabulary
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["XLMRobertaModel"]
    assert load_file(folder / "lm_head.safetensors")["bias"].shape == (vocabulary,)
    assert record["training"]["steps"] == 40
    assert record["spec"]["compute"]["gpus"] == 2
    assert record["hardware"]["threads"] == 1
    assert record["hardware"]["device"] == "2 x CPU"


def test_a_job_that_is_killed_or_stopped_goes_on_later(commands: Commands) -> None:
    process, workers = started(commands)
    workers[1].send_signal(signal.SIGTERM)  # a cluster asks all of a job's processes to stop
    workers[1].kill()
    process.join()
    assert process.exitcode == 1
    assert last_attempt(commands).startswith("failed: Process 2 of the 2 that do this job together was killed")
    assert not any(worker.is_running() for worker in workers)

    process, workers = started(commands)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(workers, timeout=20)
    assert not any(worker.is_running() for worker in workers)

    process, workers = started(commands)
    process.terminate()
    process.join()
    assert process.exitcode == TRY_AGAIN
    assert "SIGTERM asked it to stop; its state after step" in last_attempt(commands)

    commands.run(*FINETUNE)
    assert last_attempt(commands) == "done: "
    assert "Resuming from the checkpoint of step" in commands.log.read_text(encoding="utf-8")
    assert all((commands.folder / "results/tiny" / name).is_file() for name in NAMES)
