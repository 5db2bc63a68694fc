"""The output of xstilts status: text and JSON."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from made_progress import PRETRAIN, RETRIEVE, TRAIN, XNLI, XNLI_2

from xstilts import cli
from xstilts.graph.location import note_storage
from xstilts.graph.specs import Specs
from xstilts.status.survey import survey
from xstilts.status.view import watch


@pytest.fixture
def said(progress, monkeypatch, capsys):
    """Run the command; return what it prints. It must not write any file."""

    def run(*arguments):
        before = {path: path.stat().st_mtime_ns for path in Path.cwd().rglob("*")}
        monkeypatch.setattr(sys, "argv", ["xstilts", "status", "--study", str(progress.runs.paths.study), *arguments])
        with pytest.raises(SystemExit) as done:
            cli.main()
        assert not done.value.code
        assert {path: path.stat().st_mtime_ns for path in Path.cwd().rglob("*")} == before
        return capsys.readouterr().out

    return run


@pytest.fixture
def midway(progress):
    """One job in each state."""
    progress.finish(PRETRAIN, seconds=100)
    progress.finish(TRAIN, seconds=600)
    progress.finish(XNLI, seconds=1000)
    progress.attempt(XNLI_2, 5, stage="fine-tuning", step=250, total=1000, devices="3", slurm_job="17")
    progress.attempt(RETRIEVE, outcome="failed", reason="There is no more space on the disk.")
    (progress.runs.paths.checkpoints / "0123456789ab").mkdir(parents=True)
    return progress


def test_jobs_that_only_look_as_if_they_waited(midway, said):
    assert "storage" not in said()
    note_storage(midway.runs.paths, "s3://studies/mine")
    midway.runs.paths.prepared.parent.mkdir(parents=True, exist_ok=True)
    midway.runs.paths.prepared.touch()
    assert "are in the storage s3://studies/mine, which knows nothing of jobs that run now or have failed" in said()
    assert json.loads(said("--json"))["storage"] == "s3://studies/mine"


def test_plain_text(midway, said):
    lines = said().splitlines()
    assert lines[0] == "trial: 23 jobs: 3 done, 1 running, 18 waiting, 1 failed"
    # Of 6 jobs on XNLI, one is done and one is at a quarter; of 2 jobs of the arm's training, one is done.
    assert lines[1] == "Time left: about 89 min with 1 at a time; unknown for 14 jobs, as none of their kinds is done."
    assert lines[3:8] == [
        "tiny (pretraining: done)",
        " arm   its training  XNLI    XQuAD  MLQA  Tatoeba",
        " none  –             0/2     0/2    0/2   0/2",
        " mnli  1/2           1/2 1R  0/2    0/2   0/2 1F",
        " pair  0/2           0/2     0/2    0/2   0/2",
    ]
    assert lines[8] == "Seeds done / all; R running, F failed; others wait."
    text = "\n".join(lines[9:])
    assert re.search(
        r"Running\n  tiny mnli xnli seed 2: fine-tuning, step 250 of 1,000 \(25%\); about 12 min left "
        r"\[elsewhere, GPU 3, SLURM job 17, alive \d+ s ago\]\n",
        text,
    )
    assert "Failed\n  tiny mnli retrieval seed 1: There is no more space on the disk." in text
    assert "Stale checkpoints\n  0 B that no job" in text
    assert "  rm -r results/trial/.checkpoints/0123456789ab  # 0 B, no job has this run id now" in text
    assert text.endswith("There is no squeue here: SLURM was not asked.")
    assert "\x1b" not in text


def test_before_any_job(said):
    lines = said().splitlines()
    assert lines[:2] == [
        "trial: 23 jobs: 23 waiting",
        "Time left: unknown for 23 jobs, as none of their kinds is done.",
    ]


def test_when_all_is_done(progress, said):
    progress.finish_all()
    assert said().splitlines()[:2] == ["trial: 23 jobs: 23 done", "Nothing is left to do."]


def test_a_job_that_takes_longer_than_others_is_still_to_be_done(progress, said):
    progress.finish_all()
    RETRIEVE.makes(progress.runs.paths)[1].unlink()
    progress.attempt(RETRIEVE, 5)
    assert said().splitlines()[1] == "Time left: about 0 s with 1 at a time."


def test_when_nothing_runs(progress, said):
    progress.finish_all()
    RETRIEVE.makes(progress.runs.paths)[1].unlink()
    assert said().splitlines()[1] == "Work left: about 60 s. Nothing is running."


def test_many_of_a_kind_are_not_all_listed(progress, said):
    for seed_and_more in range(25):
        (progress.runs.paths.checkpoints / f"old{seed_and_more:02}").mkdir(parents=True)
    assert "  … and 6 more; --json lists all" in said().splitlines()


def test_json(midway, said):
    found = json.loads(said("--json"))
    assert list(found) == [
        "study",
        "storage",
        "at",
        "counts",
        "estimate",
        "models",
        "jobs",
        "other_jobs",
        "slurm",
        "stale_checkpoints",
    ]
    assert found["counts"] == {
        "done": 3, "running": 1, "queued": 0, "waiting": 18, "outdated": 0, "stopped": 0, "lost": 0, "failed": 1,
        "diverged": 0,
    }  # fmt: skip
    assert found["estimate"] == {
        "seconds": 5350, "work_seconds": 5350, "jobs_of_unknown_length": 14, "running": 1,
    }  # fmt: skip
    assert found["models"]["tiny"]["pretraining"] == "done"
    assert found["models"]["tiny"]["arms"]["none"]["training"] is None
    arm = found["models"]["tiny"]["arms"]["mnli"]
    assert arm["training"] == {"done": 1, "waiting": 1}
    assert arm["targets"] == {
        "xnli": {"done": 1, "running": 1},
        "xquad": {"waiting": 2},
        "mlqa": {"waiting": 2},
        "tatoeba": {"failed": 1, "waiting": 1},
    }
    (running,) = [job for job in found["jobs"] if job["state"] == "running"]
    attempt = running.pop("last_attempt")
    assert running == {
        "rule": "finetune", "model": "tiny", "arm": "mnli", "what": "xnli", "seed": 2, "state": "running", "reason": "",
        "run": Specs(midway.runs).of(XNLI_2)["id"], "seconds": None, "seconds_left": 750, "attempts": 1,
    }  # fmt: skip
    assert (attempt["step"], attempt["devices"], attempt["slurm_job"]) == (250, "3", "17")
    assert found["stale_checkpoints"] == [
        {"path": "results/trial/.checkpoints/0123456789ab", "bytes": 0, "why": "no job has this run id now"}
    ]
    assert found["slurm"] == {
        "asked": False, "trouble": "There is no squeue here: SLURM was not asked.", "submitted": [], "snakemakes": 0,
        "unawaited": "", "forgotten": [],
    }  # fmt: skip


def test_watching_ends_when_all_is_done(midway, capsys):
    waited = []

    def pause(seconds):
        waited.append(seconds)
        midway.finish_all()

    watch(lambda: survey(midway.runs), 7, pause)
    first, second = re.findall(r"^trial: .*$", capsys.readouterr().out, re.MULTILINE)
    assert waited == [7] and "1 failed" in first and second == "trial: 23 jobs: 23 done"


def test_watching_ends_quietly_with_ctrl_c(midway, capsys):
    def pause(seconds):
        raise KeyboardInterrupt

    watch(lambda: survey(midway.runs), 7, pause)
    assert capsys.readouterr().out.count("trial: ") == 1
