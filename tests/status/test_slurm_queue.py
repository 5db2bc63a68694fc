"""What SLURM reports of a study's jobs, and of jobs that no snakemake waits for."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_progress import XNLI, XNLI_2

from xstilts.runtime.heads import Head
from xstilts.status import view
from xstilts.status.slurm import read_queue
from xstilts.status.survey import as_json, survey


def line(job, state="RUNNING", comment="rule_finetune_wildcards_tiny_mnli", name="aaaa", folder=None):
    return f"{job}|{state}|{comment}|{name}|{folder or Path.cwd()}"


def state(progress, job):
    return next((each.state, each.reason) for each in survey(progress.runs).statuses if each.job == job)


def locks(count):
    """Write the locks of some running snakemakes."""
    folder = Path(".snakemake", "locks")
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.input.lock").touch()
        (folder / f"{number}.output.lock").touch()


def test_a_job_that_slurm_has_forgotten(progress, squeue):
    squeue(line(18), line(19))
    progress.attempt(XNLI, age=600, slurm_job="17")
    progress.attempt(XNLI_2, age=600, slurm_job="18")
    found = survey(progress.runs)
    assert [(each.job, each.state) for each in found.statuses if each.attempt] == [(XNLI, "lost"), (XNLI_2, "running")]
    assert state(progress, XNLI)[1].endswith(", and SLURM no longer knows its job 17.")
    assert state(progress, XNLI_2)[1] == "No sign of life for 10 min."
    assert [each.job for each in found.forgotten] == [XNLI]
    assert as_json(found)["slurm"]["forgotten"] == ["17"]


def test_a_recent_update_counts_more_than_squeue(progress, squeue):
    squeue()
    progress.attempt(XNLI, age=10, slurm_job="17")
    assert state(progress, XNLI) == ("running", "")


@pytest.mark.parametrize("age", [10, 600])
def test_a_job_that_slurm_starts_again(progress, squeue, age):
    squeue(line(17, "PENDING"))
    progress.attempt(XNLI, age=age, slurm_job="17")
    assert state(progress, XNLI) == ("stopped", "SLURM will start job 17 again (PENDING).")


def test_without_squeue(progress):
    progress.attempt(XNLI, age=600, slurm_job="17")
    assert state(progress, XNLI)[0] == "lost" and "SLURM" not in state(progress, XNLI)[1]
    told = as_json(survey(progress.runs))["slurm"]
    assert (told["asked"], told["trouble"]) == (False, "There is no squeue here: SLURM was not asked.")
    assert told["forgotten"] == []


def test_a_squeue_that_fails(progress, squeue):
    squeue(code=1)
    queue = read_queue(Path.cwd())
    assert queue.trouble == "squeue fails, so SLURM was not asked: slurm_load_jobs error: no controller"
    assert not queue.unawaited and not queue.forgotten("17")


def test_only_this_folders_jobs_count(squeue, tmp_path):
    (tmp_path / "link").symlink_to(Path.cwd())
    squeue(
        line(9, comment="(null)"),
        line(10, folder="/somewhere/else"),
        line(12, folder=tmp_path / "link"),
        line(11, "PENDING"),
        "what|is|this",
        "13|RUNNING|some|one's|name|/with|bars",
    )
    queue = read_queue(Path.cwd())
    assert [(job.id, job.state) for job in queue.submitted] == [("11", "PENDING"), ("12", "RUNNING")]
    assert set(queue.states) == {"9", "10", "11", "12", "13"}


def head(name, host=None, pid=None):
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Head(name * 4, "trial", host or socket.gethostname(), pid or os.getpid(), started, name)


def test_jobs_that_no_snakemake_waits_for(squeue):
    squeue(line(11, name="aaaa"), line(12, name="bbbb"), line(13, name="bbbb"))
    assert read_queue(Path.cwd()).unawaited == (
        "SLURM has 3 jobs of this folder that no snakemake waits for: what they make will be made again. "
        "Cancel them: scancel --name=aaaa, scancel --name=bbbb."
    )


def test_the_jobs_of_a_running_snakemake_are_not_offered_to_be_cancelled(squeue):
    squeue(line(11, name="aaaa"), line(12, name="bbbb"), line(13, name="bbbb"))
    locks(1)
    killed = head("bbbb", pid=2**22 + 1)
    assert read_queue(Path.cwd(), [head("aaaa"), killed]).unawaited == (
        "SLURM has 2 jobs of this folder that no snakemake waits for: what they make will be made again. "
        "Cancel them: scancel --name=bbbb."
    )
    assert read_queue(Path.cwd(), [head("aaaa"), head("bbbb")]).unawaited == ""


def test_a_snakemake_on_another_machine_may_run_while_there_are_locks(squeue):
    squeue(line(11, name="aaaa"))
    elsewhere = [head("aaaa", host="login2")]
    assert "scancel --name=aaaa" in read_queue(Path.cwd(), elsewhere).unawaited
    locks(1)
    assert read_queue(Path.cwd(), elsewhere).unawaited == ""


def test_a_job_in_the_queue_is_told_from_one_that_waits(progress, squeue):
    model, arm, what, seed = XNLI
    comment = f"rule_finetune_wildcards_{model}_{arm}_{what}_{seed}"
    squeue(line(20, "PENDING", comment), line(21, "PENDING", "rule_encode_wildcards_tiny_xnli"))
    assert state(progress, XNLI) == ("queued", "SLURM has it as job 20 (PENDING).")
    assert state(progress, XNLI_2)[0] == "waiting"
    squeue(line(20, "RUNNING", comment))
    assert state(progress, XNLI)[0] == "waiting", "it has been started, but has not begun"


def test_jobs_of_another_study_of_the_folder_are_not_this_ones(progress, squeue):
    model, arm, what, seed = XNLI
    squeue(line(20, "PENDING", f"rule_finetune_wildcards_{model}_{arm}_{what}_{seed}", name="bbbb"))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    begin = Head("1", "another", socket.gethostname(), os.getpid(), now, "bbbb")
    progress.runs.paths.heads.mkdir(parents=True)
    (progress.runs.paths.heads / "1.json").write_text(json.dumps(asdict(begin)), encoding="utf-8")
    assert state(progress, XNLI)[0] == "waiting"


def test_jobs_that_neither_train_nor_score(progress, squeue, capsys):
    squeue(line(21, "PENDING", "rule_encode_wildcards_tiny_xnli"), line(22, "RUNNING", "rule_similarity"))
    progress.runs.paths.data_manifest("xnli").parent.mkdir(parents=True, exist_ok=True)
    progress.runs.paths.data_manifest("xnli").touch()
    found = survey(progress.runs)
    others = as_json(found)["other_jobs"]
    assert others["prepare"]["there"] == 1 < others["prepare"]["all"]
    assert others["report"] == {"there": 0, "all": 1}
    view.show(found)
    printed = capsys.readouterr().out
    assert "encode tiny_xnli: PENDING [SLURM job 21]" in printed
    assert "similarity: RUNNING [SLURM job 22]" in printed
    assert f"Other jobs: prepare 1/{others['prepare']['all']}, " in printed
