"""Snakemake as a job of SLURM that is killed, as with its node: SLURM starts the job again, which ends the study."""

from __future__ import annotations

import json
import os
import signal

import pandas as pd
import psutil
from slurm import Job, Slurm
from submitted import PROFILE, Submitted


def is_queued(job: Job) -> bool:
    return job.state == "PENDING" and "finetune" in job.comment


def test_a_requeued_head_takes_the_locks_of_the_killed_one_and_ends_the_study(
    again: Submitted, undisturbed: Submitted, cluster: Slurm
) -> None:
    for path in (again.results / "scores.parquet", again.finetuning_log("1"), *again.results.glob("scores/**/seed1.*")):
        path.unlink()
    again.write()
    heads = again.folder / "results" / ".heads"
    submit = ["sbatch", "--parsable", "--partition=cpu", f"--chdir={again.folder}", str(PROFILE / "head.sh")]
    cluster.call("scontrol", "update", "PartitionName=gpu", "State=DOWN")
    try:
        wanted = "results/tiny/scores.parquet", "--profile", str(again.profile())
        head = again.program(*submit, "study.yaml", *wanted).ok().text.strip()
        cluster.wait(lambda: any(map(is_queued, cluster.jobs())), 120, "a fine-tuning in the queue")
        (killed,) = heads.glob("*.json")
        snakemake = psutil.Process(json.loads(killed.read_bytes())["pid"])
        for process in (snakemake.parent(), snakemake):
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
        cluster.wait(lambda: cluster.state_of(head) in ("FAILED", "NODE_FAIL"), 30, "SLURM to see that it is dead")
    finally:
        cluster.call("scontrol", "update", "PartitionName=gpu", "State=UP")
    assert list(again.folder.glob(".snakemake/locks/*"))
    cluster.call("scontrol", "requeue", head)
    cluster.wait(lambda: cluster.state_of(head) in ("PENDING", "RUNNING"), 60, "the head to be requeued")
    cluster.wait(lambda: cluster.state_of(head) in ("COMPLETED", "FAILED"), 300, "the second head to end")

    printed = (again.folder / f"xstilts-head-{head}.log").read_text(encoding="utf-8")
    assert cluster.state_of(head) == "COMPLETED", printed[-3000:]
    assert printed.count("was killed, and its locks are removed") == 1
    assert not list(again.folder.glob(".snakemake/locks/*")) and not list(heads.iterdir())
    found, expected = (pd.read_parquet(study.results / "scores.parquet") for study in (again, undisturbed))
    pd.testing.assert_frame_equal(found, expected)
