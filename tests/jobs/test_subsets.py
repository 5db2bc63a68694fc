"""Arms with fewer examples: which ones they train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import ready_made

from xstilts.atomic import write_json
from xstilts.config.settings import Hyperparameters
from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.jobs.supervised import SupervisedRun


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study with arms of two sizes and one without, whose task has 50 training examples."""
    monkeypatch.chdir(tmp_path)
    arms = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    arms |= {f"mnli_{count}": {"tasks": ["mnli"], "train_examples": count} for count in (8, 20, 99)}
    found = Runs(load(ready_made(arms=arms)))
    files = {"train.en": {"rows": 50, "examples": 50}}
    manifest = {"task": "mnli", "labels": ["a"], "encoding": {}, "files": files}
    write_json(found.paths.tokens_manifest("xlmr", "mnli"), manifest)
    return found


def subset(runs: Runs, arm: str, seed: int) -> list[int] | None:
    count = runs.study.arms[arm].train_examples
    return SupervisedRun(runs, "xlmr", "", ["mnli"], Hyperparameters(), seed, begin, count).subset("mnli")


def begin(seed: int) -> Any:
    pytest.fail("nothing is trained here")


def test_smaller_ones_are_among_larger_ones_of_the_same_seed(runs: Runs) -> None:
    small, large = subset(runs, "mnli_8", 1), subset(runs, "mnli_20", 1)
    assert small and large
    assert (len(small), len(large)) == (8, 20)
    assert set(small) < set(large) <= set(range(50))


def test_every_seed_draws_anew(runs: Runs) -> None:
    assert subset(runs, "mnli_8", 1) == subset(runs, "mnli_8", 1) != subset(runs, "mnli_8", 2)


def test_more_than_there_are_is_all(runs: Runs) -> None:
    assert subset(runs, "mnli_99", 1) == list(range(50))
    assert subset(runs, "mnli", 1) is None
