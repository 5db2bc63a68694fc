"""Snakemake checks score files only; missing records and predictions are found when scores are collected."""

from __future__ import annotations

import configs
import pytest

from xstilts.config.study import load
from xstilts.errors import DataError
from xstilts.graph.runs import Runs
from xstilts.jobs.report import collect


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
