"""Studies on a queue whose machines share no disk, with files in a storage of Snakemake's, or share one."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pandas as pd
import pytest
import tiny_release
from queued import Queued

NOTHING_SHARED = "--shared-fs-usage", "none", "--job-deploy-sources"
RESUMED = "Resuming from the checkpoint of step"


@dataclass(frozen=True)
class Bucket:
    """A bucket with the files of the study ``tiny``."""

    server: str
    prefix: str = "s3://studies/mine"

    def read(self, path: str) -> bytes:
        """The content of a file of the study."""
        name, _, folder = self.prefix.removeprefix("s3://").partition("/")
        client = boto3.client("s3", endpoint_url=self.server, region_name="us-east-1")
        return bytes(client.get_object(Bucket=name, Key=f"{folder}/results/tiny/{path}")["Body"].read())


@pytest.fixture
def study(tmp_path: Path) -> Queued:
    tiny_release.write(tmp_path / "study" / "data")
    return Queued(tmp_path / "study")


def test_a_study_whose_machines_share_nothing(study: Queued, tmp_path: Path) -> None:
    """To the report, with the workflow itself copied to each node, and over the loss of one while it trains."""
    if shutil.which("rsync") is None:
        pytest.skip("snakemake-storage-plugin-fs copies with rsync, which is not there (Debian: apt-get install rsync)")
    storage, checkpoints = tmp_path / "storage", tmp_path / "checkpoints"
    study.config["compute"] = {"checkpoints": str(checkpoints)}
    study.lose("finetune", checkpoints / "tiny")
    options = "--default-storage-provider", "fs", "--default-storage-prefix", str(storage), *NOTHING_SHARED
    lost = study.submit(*options)
    assert lost.code and "Error in rule finetune" in lost.text
    assert [rule for rule in study.nodes().values() if rule == "finetune"] == ["finetune"]

    study.ok(study.submit(*options))
    results = storage / "results" / "tiny"
    assert (results / "report.html").is_file() and (results / "answers" / "q1.json").is_file()
    assert RESUMED in (results / "logs" / "small" / "none" / "xnli" / "seed1.log").read_text(encoding="utf-8")
    assert set(pd.read_parquet(results / "scores.parquet")["language"]) == {"de", "en"}
    assert not list((storage / "results" / ".heads").iterdir())
    assert "Nothing to be done" in study.ok(study.submit(*options, "--dry-run")).text

    asked = study.asked()
    assert "--gpus 1" in asked["finetune"] and "--gpus 0" in asked["encode"]
    assert not {"prepare", "text"} & set(asked)  # they read files that only this machine has
    assert not study.results.joinpath("scores").exists()
    assert "Nothing is left to do." in study.xstilts("status", "--study", "tiny").ok().text


def test_a_study_with_files_in_a_bucket(study: Queued, bucket: Bucket, tmp_path: Path) -> None:
    """To the report, with the workflow on a disk that all machines see; a job that is lost is submitted again."""
    study.config["arms"]["mnli"] = {"tasks": ["mnli"]}
    study.config["compute"] = {"checkpoints": str(tmp_path / "checkpoints")}
    study.lose("pretrain", tmp_path / "checkpoints" / "tiny")
    options = "--default-storage-provider", "s3", "--default-storage-prefix", bucket.prefix
    options += "--storage-s3-endpoint-url", bucket.server, "--shared-fs-usage", "sources", "source-cache"
    study.ok(study.submit(*options, "--retries", "1"))

    assert b"</html>" in bucket.read("report.html")
    assert RESUMED in bucket.read("logs/pretrain/small.log").decode()
    assert set(pd.read_parquet(io.BytesIO(bucket.read("scores.parquet")))["arm"]) == {"none", "mnli"}
    curves = pd.read_parquet(io.BytesIO(bucket.read("curves.parquet")))
    assert set(curves["stage"]) == {"pretraining", "intermediate", "target"}
    ledger = pd.read_csv(io.BytesIO(bucket.read("tables/ledger.csv")))
    assert (ledger["recorded"] == ledger["planned"]).all(), "the time of every job is known"
    assert "Nothing to be done" in study.ok(study.submit(*options, "--dry-run")).text
    refused = study.xstilts("status", "--study", "tiny")
    assert refused.code == 1 and f"are in the storage {bucket.prefix}" in refused.text
    assert b'"study": "tiny"' in bucket.read("study.json")


def test_a_queue_whose_machines_share_a_disk(study: Queued) -> None:
    """To the report; a job that is lost is submitted again."""
    study.lose("finetune", study.results / ".checkpoints")
    study.ok(study.submit("--retries", "1"))
    nodes = list(study.nodes().values())
    assert nodes.count("finetune") == 2 and {"prepare", "text", "tokenizer", "pretrain"} <= set(nodes)
    log = study.results / "logs" / "small" / "none" / "xnli" / "seed1.log"
    assert RESUMED in log.read_text(encoding="utf-8")
    assert (study.results / "report.html").is_file()
    assert not list(study.folder.glob("results/.heads/*"))


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
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket, and the variables that the programs of a test need to reach it."""
    monkeypatch.setenv("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    return Bucket(s3)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the S3 server did not start")
