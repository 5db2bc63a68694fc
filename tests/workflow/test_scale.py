"""Large studies: what planning costs grows no faster than the study. The largest size is for benchmarks/plan.py."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from configs import ready_made

from xstilts.config.study import Study, load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Specs

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("plan")


def test_planning_grows_with_the_study_and_no_faster(scale, tmp_path):
    """CPU seconds, which a busy machine lengthens little; start-up is part of them, and makes the bound a loose one."""
    measured = []
    for seeds in (1, 4):
        folder = tmp_path / str(seeds)
        folder.mkdir()
        scale.write_study(folder, seeds * scale.ONE_SEED)
        measured.append(scale.snakemake(folder, "--dry-run"))
    small, large = measured
    assert large.jobs > 1300 and large.jobs - small.jobs == 3 * scale.ONE_SEED
    assert large.seconds < 6 * small.seconds
    # Memory is for the script to measure: here the peak would be that of these tests, which the child was forked from.
    assert large.seconds < 30


def test_what_jobs_have_in_common_is_worked_out_once(monkeypatch):
    """However many seeds there are."""

    def worked_out(seeds: int) -> int:
        calls = 0
        original = Study.encoding_of

        def counting(study: Study, task: str) -> object:
            nonlocal calls
            calls += 1
            return original(study, task)

        monkeypatch.setattr(Study, "encoding_of", counting)
        runs = Runs(load(ready_made(seeds=list(range(seeds)))))
        specs, calls = Specs(runs), 0
        for model, arm, evaluation, seed in runs.jobs():
            if evaluation == RETRIEVAL:
                specs.retrieve(model, arm, seed)
            else:
                specs.finetune(model, arm, evaluation, seed)
        monkeypatch.setattr(Study, "encoding_of", original)
        return calls

    assert 0 < worked_out(2) == worked_out(20)


def test_specs_share_nothing_that_could_be_changed():
    """A spec is the job's own: what one does to it is not seen in another."""
    specs = Specs(Runs(load(ready_made())))
    changed = specs.finetune("xlmr", "none", "xnli", 1)
    changed["training"]["learning_rate"] = 9
    changed["encoding"]["xnli"].clear()
    assert specs.finetune("xlmr", "none", "xnli", 1)["training"]["learning_rate"] != 9
    assert specs.finetune("xlmr", "none", "xnli", 2)["encoding"]["xnli"]
