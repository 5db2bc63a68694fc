"""Studies on SLURM: one that nobody disturbs, one with a job that cannot succeed, and one to which everything happens.

In the last, what can happen to jobs on a cluster happens to those of one study, all in the same minute. It ends well.

Five fine-tunings run on five GPUs. Once they train they are frozen, so that none ends before its fate has met it.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field

import pandas as pd
import pytest
import yaml
from slurm import Job, Slurm
from submitted import SEEDS, Process, Submitted, processes, seed_of
from workspace import Finished

#: Enough for Python, not for PyTorch, and at the second attempt for both.
GROWING = "100 * 40 ** (attempt - 1)"


@dataclass
class Story:
    """What was done to whom, and how it ended."""

    done: Finished
    #: By fate, the job that it met.
    met: dict[str, Job] = field(default_factory=dict)
    #: By node, what CUDA_VISIBLE_DEVICES was for each of the five jobs while all of them ran.
    devices: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(again: Submitted, cluster: Slurm) -> Story:
    story = Story(Finished(-1, ""))
    profile = again.profile({"similarity": {"slurm_partition": "cpu", "gpu": 0, "mem_mb": GROWING}})
    for seed in SEEDS:
        again.finetuning_log(str(seed)).unlink()
    wanted = "results/tiny/scores.parquet", "results/tiny/similarity.parquet"
    with again.running(profile, *wanted, "--forcerun", "finetune", "similarity") as snakemake:
        jobs = frozen(again, cluster)
        for job, process in jobs:
            story.devices.setdefault(job.node, []).append(process.devices)

        # A node breaks down, with the job that runs there.
        story.met["node"] = next(job for job, _ in jobs if job.node == "small")
        cluster.call("scontrol", "update", "NodeName=small", "State=DOWN", "Reason=test")

        # Someone else's job, in a partition that matters more, takes the GPU of one of the others.
        others = {job.id: (job, process) for job, process in jobs if job.node == "large"}
        cluster.call(
            "sbatch", "--partition=urgent", "--gpus=1", "--nodes=1", "--mem=100", "--output=/dev/null", "--wrap=true"
        )
        left: list[str] = []

        def one_is_preempted() -> bool:
            left[:] = still_running(cluster, others)  # it may run again, as the same job, a moment later
            return len(left) == 3

        cluster.wait(one_is_preempted, 40, "a job to be preempted")
        cancelled, told, late = left
        (preempted,) = set(others) - {cancelled, told, late}
        story.met |= {
            fate: others[job][0]
            for fate, job in {"preempted": preempted, "cancelled": cancelled, "told": told, "late": late}.items()
        }

        # A user cancels one; one has less than five minutes left, and is told so; one has overrun its time.
        cluster.call("scancel", cancelled)
        cluster.call("scontrol", "update", f"JobId={told}", "TimeLimit=4")
        cluster.wait(others[told][1].was_told_to_stop, 90, "the signal ahead of the time limit")
        others[told][1].thaw()
        cluster.wait(lambda: cluster.has_run(others[late][0]) > 60, 90, "a job to run for a minute")
        cluster.call("scontrol", "update", f"JobId={late}", "TimeLimit=1")
        cluster.call("scontrol", "update", "NodeName=small", "State=RESUME")
        story.done = again.end(snakemake, 400)
    return story


def frozen(study: Submitted, cluster: Slurm) -> list[tuple[Job, Process]]:
    """The five jobs and their processes, each frozen as soon as it trains."""
    found: dict[str, tuple[Job, Process]] = {}

    def all_frozen() -> bool:
        working = processes(cluster)
        for job in cluster.running("finetune"):
            log = study.finetuning_log(seed_of(job))
            if job.id not in found and job.id in working and log.is_file() and log.stat().st_size:
                working[job.id].freeze()
                found[job.id] = job, working[job.id]
        return len(found) == len(SEEDS)

    cluster.wait(all_frozen, 240, "five fine-tunings to train")
    return list(found.values())


def still_running(cluster: Slurm, ids: dict[str, tuple[Job, Process]]) -> list[str]:
    return sorted(job.id for job in cluster.running("finetune") if job.id in ids)


def restarts(cluster: Slurm, job: Job) -> int:
    """How often SLURM has put a job back into the queue."""
    return int(re.search(r"Restarts=(\d+)", cluster.call("scontrol", "show", "job", job.id))[1])


def state(cluster: Slurm, job: Job) -> str:
    """How a job ended."""
    return next(found.state for found in cluster.jobs() if found.id == job.id)


def tries(cluster: Slurm, job: Job) -> list[str]:
    """The states of all SLURM jobs that did the same work since this one was submitted, the first first."""
    return [found.state for found in cluster.jobs() if found.comment == job.comment and int(found.id) >= int(job.id)]


def test_no_two_jobs_share_a_gpu(story: Story):
    assert sorted(story.devices["large"]) == ["0", "1", "2", "3"]
    assert len(story.devices["small"]) == 1


def test_the_study_is_complete(story: Story):
    story.done.ok()


def test_its_scores_are_those_of_a_study_that_nobody_disturbed(story: Story, again: Submitted, undisturbed: Submitted):
    story.done.ok()
    for name in ("scores.parquet", "dev_scores.parquet"):
        found, expected = (pd.read_parquet(study.results / name) for study in (again, undisturbed))
        pd.testing.assert_frame_equal(found, expected)


def test_a_cancelled_job_is_submitted_again(story: Story, cluster: Slurm):
    assert tries(cluster, story.met["cancelled"]) == ["CANCELLED", "COMPLETED"]
    assert "SLURM status is: 'CANCELLED'" in story.done.text


def test_a_preempted_job_runs_again(story: Story, cluster: Slurm):
    """One that ends in its time of grace has failed, and is submitted again; one that is killed is requeued."""
    job = story.met["preempted"]
    assert tries(cluster, job) == ["FAILED", "COMPLETED"] or restarts(cluster, job) == 1


def test_a_job_is_told_to_stop_ahead_of_its_time_limit(story: Story, cluster: Slurm):
    assert tries(cluster, story.met["told"]) == ["FAILED", "COMPLETED"]


def test_a_job_that_overruns_its_time_is_submitted_again(story: Story, cluster: Slurm):
    assert tries(cluster, story.met["late"]) == ["TIMEOUT", "COMPLETED"]
    assert "SLURM status is: 'TIMEOUT'" in story.done.text


def test_the_job_of_a_node_that_breaks_down_runs_elsewhere_or_again(story: Story, cluster: Slurm):
    job = story.met["node"]
    assert restarts(cluster, job) == 1
    assert state(cluster, job) == "COMPLETED"


def test_a_job_killed_for_memory_gets_more(story: Story, cluster: Slurm):
    lines = cluster.call("squeue", "--noheader", "--states=all", "--sort=i", "--format=%m|%T|%k").splitlines()
    similarity = [line.split("|")[:2] for line in lines if line.endswith("rule_similarity")]
    assert [job for job in similarity if job[0] in ("100M", "4000M")] == [["100M", "FAILED"], ["4000M", "COMPLETED"]]


def test_a_study_runs_from_the_first_file_to_the_report(undisturbed: Submitted):
    scores = pd.read_parquet(undisturbed.results / "scores.parquet")
    assert set(scores.seed) == set(SEEDS)
    assert undisturbed.results.joinpath("report.html").is_file()


def test_jobs_go_to_the_partition_that_they_need(undisturbed: Submitted, cluster: Slurm):
    columns = "Partition:10,tres-per-job:20,Comment:80,WorkDir:300"
    lines = cluster.call("squeue", "--noheader", "--states=all", f"--Format={columns}").splitlines()
    jobs = [line.split() for line in lines if line.rstrip().endswith(str(undisturbed.folder))]
    assert {(partition, gpus) for partition, gpus, *_ in jobs} == {("cpu", "N/A"), ("gpu", "gres:gpu:1")}
    on_gpus = {comment.split("_")[1] for partition, _, comment, _ in jobs if partition == "gpu"}
    assert on_gpus == {"pretrain", "finetune", "similarity"}


def devices_of_finetuning(cluster: Slurm) -> list[str]:
    working = processes(cluster)
    return [working[job.id].devices for job in cluster.running("finetune") if job.id in working]


def test_what_fails_for_good_is_named_and_the_rest_goes_on(again: Submitted, cluster: Slurm):
    """Without cgroups SLURM samples a job's memory, kills it and calls it FAILED; with them, OUT_OF_MEMORY.

    The other job asks for its GPU as GRES.
    """
    (again.results / "similarity.parquet").unlink()
    again.finetuning_log("1").unlink()
    scores = again.results / "scores" / "small" / "none" / "xnli" / "seed1.parquet"
    before = scores.read_bytes()
    scores.unlink()
    shutil.rmtree(again.results / "studies")
    profile = again.profile({"similarity": {"mem_mb": 100}, "finetune": {"gpu": 0, "gres": "gpu:1"}}, retries=1)
    wanted = str(scores.relative_to(again.folder)), "results/tiny/similarity.parquet"
    with again.running(profile, *wanted) as snakemake:
        cluster.wait(lambda: any(again.results.glob("studies/*.json")), 60, "the plan")
        edited = {**again.config, "training": {"target": {"max_steps": 40, "batch_size": 2}}}
        (again.folder / "study.yaml").write_text(yaml.safe_dump(edited), encoding="utf-8")  # before any job reads it
        cluster.wait(lambda: bool(devices_of_finetuning(cluster)), 120, "the fine-tuning to start")
        assert devices_of_finetuning(cluster) in (["0"], ["1"], ["2"], ["3"])
        done = again.end(snakemake, 300)
    assert done.code == 1
    assert "Error in rule similarity" in done.text
    assert "exceeded memory limit" in done.text
    assert "Trying to restart job" in done.text
    assert scores.read_bytes() == before, "jobs go by the study that they were planned with"


def test_queued_jobs_of_a_killed_snakemake_touch_nothing(again: Submitted, cluster: Slurm):
    """They start when another one has made their results. Their log folders outlive its end: SLURM needs them."""
    scores = again.results / "scores" / "small" / "none" / "xnli" / "seed1.parquet"
    scores.unlink(missing_ok=True)
    wanted = str(scores.relative_to(again.folder))
    queued: list[Job] = []

    def is_queued() -> bool:
        queued[:] = [job for job in cluster.jobs() if job.state == "PENDING" and "finetune" in job.comment]
        return bool(queued)

    cluster.call("scontrol", "update", "PartitionName=gpu", "State=DOWN")
    try:
        with again.running(again.profile(), wanted) as killed:
            cluster.wait(is_queued, 60, "a fine-tuning in the queue")
            killed.kill()
            killed.wait(10)
        elsewhere = again.profile({"finetune": {"slurm_partition": "urgent"}})
        again.submit("--unlock", profile=elsewhere).ok()
        done = again.submit(wanted, profile=elsewhere)
        done.ok()
        assert "scancel --name=" in done.text
        made = scores.stat()
        assert list(again.folder.glob(".snakemake/slurm_logs/rule_finetune/*")), "the queued job's folder"
    finally:
        cluster.call("scontrol", "update", "PartitionName=gpu", "State=UP")
    (job,) = queued
    cluster.wait(lambda: state(cluster, job) not in ("PENDING", "RUNNING"), 60, "the queued job to end")
    assert state(cluster, job) == "FAILED"
    assert (scores.stat().st_ino, scores.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    (log,) = again.folder.glob(f".snakemake/slurm_logs/rule_finetune/*/{job.id}.log")
    assert "has touched nothing" in log.read_text(encoding="utf-8")
