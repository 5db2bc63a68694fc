"""Studies on a queue whose machines share no disk, with files in a storage of Snakemake's, or share one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import tiny_release
from queued import Queued

NOTHING_SHARED = "--shared-fs-usage", "none", "--job-deploy-sources"


@pytest.fixture
def study(tmp_path: Path) -> Queued:
    tiny_release.write(tmp_path / "study" / "data")
    return Queued(tmp_path / "study")


def test_a_study_whose_machines_share_nothing(study: Queued, tmp_path: Path) -> None:
    """To the report, with the workflow itself copied to each node, and over the loss of one while it trains."""
    if shutil.which("rsync") is None:
        pytest.skip("snakemake-storage-plugin-fs copies with rsync, which is not installed")
    storage, checkpoints = tmp_path / "storage", tmp_path / "checkpoints"
    study.config["compute"] = {"checkpoints": str(checkpoints), "checkpoint_minutes": 0.0002}
    study.config["training"]["target"]["max_steps"] = 300
    options = "--default-storage-provider", "fs", "--default-storage-prefix", str(storage), *NOTHING_SHARED
    (study.queue / "kill.finetune").write_text(str(checkpoints / "tiny"), encoding="utf-8")
    lost = study.submit(*options)
    assert lost.code and "Error in rule finetune" in lost.text
    assert [rule for rule in study.nodes().values() if rule == "finetune"] == ["finetune"]

    study.ok(study.submit(*options))
    results = storage / "results" / "tiny"
    assert (results / "report.html").is_file() and (results / "answers" / "q1.json").is_file()
    log = (results / "logs" / "small" / "none" / "xnli" / "seed1.log").read_text(encoding="utf-8")
    assert "Resuming from the checkpoint of step" in log
    scores = pd.read_parquet(results / "scores.parquet")
    assert set(scores["language"]) == {"de", "en"}
    assert not list((storage / "results" / ".heads").iterdir())
    assert "Nothing to be done" in study.ok(study.submit(*options, "--dry-run")).text

    asked = study.asked()
    assert "--gpus 1" in asked["finetune"] and "--gpus 0" in asked["encode"]
    assert not {"prepare", "text"} & set(asked)  # they read files that only this machine has
    assert not study.results.joinpath("scores").exists()


def test_a_study_with_files_in_a_bucket(study: Queued, bucket: str) -> None:
    """To the scores, with the workflow on a disk that all machines see."""
    options = "--default-storage-provider", "s3", "--default-storage-prefix", bucket
    options += "--storage-s3-endpoint-url", os.environ["SNAKEMAKE_STORAGE_S3_ENDPOINT_URL"]
    options += "--shared-fs-usage", "sources", "source-cache"
    study.ok(study.submit("results/tiny/scores.parquet", *options))
    again = study.ok(study.submit("results/tiny/scores.parquet", *options, "--dry-run"))
    assert "Nothing to be done" in again.text


def test_a_queue_whose_machines_share_a_disk(study: Queued) -> None:
    study.ok(study.submit("results/tiny/tokenizers/small/tokenizer.json"))
    assert set(study.asked()) == {"text", "tokenizer"}
    assert study.results.joinpath("tokenizers", "small", "tokenizer.json").is_file()


def test_files_of_a_study_in_a_storage_have_absolute_paths(study: Queued, tmp_path: Path) -> None:
    study.config["source"]["root"] = "data"
    options = "--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "storage")
    refused = study.submit(*options, "--dry-run")
    assert refused.code and "Write absolute paths in the study, such as /" in refused.text


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The prefix of a bucket, and the variables that the programs of a test need to reach it."""
    monkeypatch.setenv("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    return "s3://studies/mine"


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the S3 server did not start")
