"""Snakemake checks score files only: what is missing beside them is found when they are collected, curves with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import configs
import pytest

from xstilts.config.study import load
from xstilts.errors import DataError
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.jobs.report import collect
from xstilts.scores.curves import read_curves
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import PREDICTIONS, SCORES, write_predictions, write_scores


def test_a_file_that_is_gone_is_named_and_how_to_have_it_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = Runs(load(configs.ready_made()))
    beside = [*runs.dev_score_files(), *runs.records()]
    for path in (*runs.score_files(), *beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    lost = runs.paths.part("records", "xlmr", "mnli", "xnli", 2, "json")
    lost.unlink()
    with pytest.raises(DataError, match="delete them to have the job run again") as caught:
        collect(runs)
    assert caught.value.file == lost


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study whose jobs have all run, each with a curve, and whose releases have no labels."""
    monkeypatch.chdir(tmp_path)
    runs = Runs(load(configs.ready_made(seeds=[1])))
    for job in runs.all_jobs():
        what = job.what if job.what != INTERMEDIATE else "mnli"
        curve = [{"step": 4, "loss": 1.5, what: 40.0}, {"step": 8, "loss": 1.25, what: 50.0}]
        trained: dict[str, Any] | None = {"curve": curve, "best_step": 8}
        record = job.record(runs.paths)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"training": None if job.what == "retrieval" else trained}))
        write_dev_scores(runs.paths.part("dev_scores", *job), DEV_SCORES.empty_table())
        if not job.makes_encoder:
            write_predictions(runs.paths.part("predictions", *job), PREDICTIONS.empty_table())
            write_scores(job.result(runs.paths), SCORES.empty_table())
    return runs


def test_curves_of_all_jobs_are_collected(done: Runs) -> None:
    collect(done)
    curves = read_curves(done.paths.curves)
    assert len(curves) == 2 * (2 + 3 * 2), (
        "two arms train, and each is fine-tuned on two training sets, as is the baseline"
    )
    one = curves.query("arm == 'mnli' and what == 'xnli'")
    assert one[["stage", "task", "step", "loss", "score", "best"]].values.tolist() == [
        ["target", "xnli", 4, 1.5, 40.0, False], ["target", "xnli", 8, 1.25, 50.0, True],
    ]  # fmt: skip


def test_curves_of_deleted_encoders_are_in_the_copies_of_their_records(
    done: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job("xlmr", "pair", INTERMEDIATE, 1)
    copy = job.record_apart(done.paths)
    copy.parent.mkdir(parents=True)
    job.record(done.paths).rename(copy)
    collect(done)
    assert "learning curves" not in caplog.text
    assert set(read_curves(done.paths.curves).query("stage == 'intermediate'")["arm"]) == {"mnli", "pair"}


def test_curves_of_deleted_encoders_are_told_of(done: Runs, caplog: pytest.LogCaptureFixture) -> None:
    Job("xlmr", "pair", INTERMEDIATE, 1).record(done.paths).unlink()
    collect(done)
    assert "lacks the learning curves of 1 encoder whose record is not there" in caplog.text
    assert set(read_curves(done.paths.curves).query("stage == 'intermediate'")["arm"]) == {"mnli"}
