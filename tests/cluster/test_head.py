"""Snakemake itself as a job, and two fine-tunings in one job: an interruption costs nothing that has ended.

Twice it comes when the first member of the group has ended, and the second trains: the group is cancelled, and then the
job in which Snakemake runs is near its time limit, and goes back into the queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import pytest
from slurm import Job, Slurm
from submitted import PROFILE, Process, Submitted, processes

from xstilts.runtime.attempts import read_attempts

MEMBERS = {"1", "2"}


@dataclass(frozen=True)
class Story:
    """The study, the number of the job that ran Snakemake, the seeds of the two fine-tunings, how the first went on."""

    study: Submitted
    head: str
    ended: str
    late: str
    put_back: bool


def attempts(study: Submitted, seed: str) -> list[str]:
    (file,) = study.results.glob(f"attempts/**/none/xnli/seed{seed}.json")
    return [attempt.outcome for attempt in read_attempts(file)]


def group_jobs(cluster: Slurm) -> list[Job]:
    return [job for job in cluster.jobs() if "cells_small_none" in job.comment]


@pytest.fixture(scope="module")
def story(again: Submitted, cluster: Slurm) -> Story:
    for path in (again.results / "scores.parquet", *again.results.glob("scores/**/seed[12].parquet")):
        path.unlink()
    for seed in MEMBERS:
        again.finetuning_log(seed).unlink()
    profile = again.profile(groups="cells_{model}_{arm}", **{"slurm-init-seconds-before-status-checks": 2})
    again.write()
    submit = ["sbatch", "--parsable", "--partition=cpu", f"--chdir={again.folder}", str(PROFILE / "head.sh")]
    wanted = "results/tiny/scores.parquet"
    head = again.program(*submit, "study.yaml", wanted, "--profile", str(profile)).ok().text.strip()

    kept = again.results / ".kept"
    cluster.wait(lambda: any(kept.glob("*/kept.json")), 240, "the first member to end")
    ended = next(seed for seed in MEMBERS if attempts(again, seed) == ["done", "done"])
    (late,) = MEMBERS - {ended}
    process = frozen(again, cluster, late)
    cluster.call("scancel", *(job.id for job in group_jobs(cluster)))
    stop(process, cluster)
    process = frozen(again, cluster, late)
    put_back = "whose results are put back" in again.finetuning_log(ended).read_text(encoding="utf-8")
    cluster.call("scontrol", "update", f"JobId={head}", "TimeLimit=5")  # it is signalled ten minutes before
    stop(process, cluster)
    cluster.wait(lambda: "Restarts=1" in cluster.call("scontrol", "show", "job", head), 60, "the head to be requeued")
    cluster.call("scontrol", "update", f"JobId={head}", "TimeLimit=60")
    cluster.wait(lambda: cluster.state_of(head) in ("COMPLETED", "FAILED"), 300, "the second head to end")
    return Story(again, head, ended, late, put_back)


def frozen(study: Submitted, cluster: Slurm, seed: str) -> Process:
    """The process of a fine-tuning, frozen as soon as it trains."""
    found: list[Process] = []

    def trains() -> bool:
        found[:] = [process for process in processes(cluster).values() if process.has("--seed", seed)]
        log = study.finetuning_log(seed)
        return bool(found) and log.is_file() and "fine-tuning none on xnli" in log.read_text(encoding="utf-8")

    cluster.wait(trains, 120, "the second member to train")
    found[0].freeze()
    return found[0]


def stop(process: Process, cluster: Slurm) -> None:
    """Let a frozen process go on when it has been told to stop, so that it saves its state."""
    cluster.wait(process.was_told_to_stop, 120, "the group to be cancelled")
    process.thaw()
    cluster.wait(lambda: not process.has("--arm", "none"), 60, "the fine-tuning to end")


def test_the_second_head_finishes_the_study(story: Story, cluster: Slurm) -> None:
    printed = (story.study.folder / f"xstilts-head-{story.head}.log").read_text(encoding="utf-8")
    assert cluster.state_of(story.head) == "COMPLETED", printed[-3000:]
    assert (story.study.results / "scores.parquet").is_file()


def test_what_had_ended_is_not_trained_again(story: Story) -> None:
    assert attempts(story.study, story.ended) == ["done", "done"], "before, and under the first head"
    assert story.put_back, "when the group was cancelled; the second head finds its outputs"


def test_what_was_interrupted_goes_on(story: Story) -> None:
    assert attempts(story.study, story.late) == ["done", "stopped", "stopped", "done"]


def test_a_group_asks_for_one_gpu_and_the_time_of_all_members(story: Story, cluster: Slurm) -> None:
    jobs = group_jobs(cluster)
    assert [job.state for job in jobs] == ["CANCELLED", "CANCELLED", "COMPLETED"]
    asked = cluster.call("scontrol", "show", "job", jobs[1].id)
    assert re.search(r"TRES=\S*mem=32000M,node=1\b", asked)
    assert re.search(r"TresPerJob=gres:gpu:1$", asked, re.MULTILINE)
    assert "TimeLimit=1-00:00:00" in asked, "twice 720 minutes"


def test_scores_are_those_of_a_study_that_nobody_disturbed(story: Story, undisturbed: Submitted) -> None:
    found, expected = (pd.read_parquet(study.results / "scores.parquet") for study in (story.study, undisturbed))
    pd.testing.assert_frame_equal(found, expected)


def test_nothing_is_left_behind(story: Story) -> None:
    study = story.study
    assert not (study.results / ".kept").exists(), "the scores are collected"
    assert not list(study.folder.glob(".snakemake/locks/*"))
    assert not list(study.folder.glob("results/.heads/*.json"))
