"""Large studies: what planning costs grows no faster than the study. The largest size is for scripts/scale.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from configs import ready_made

from xstilts.config.study import Study, load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Specs

SCRIPT = Path(__file__).parents[2] / "scripts" / "scale.py"
ONE_SEED = 333  # jobs of the script's study per seed


@pytest.fixture(scope="module")
def scale() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules["scale"] = script  # where dataclasses look for the types of fields
    spec.loader.exec_module(script)
    return script


def test_planning_grows_with_the_study_and_no_faster(scale, tmp_path):
    """CPU seconds, which a busy machine lengthens little; start-up is part of them, and makes the bound a loose one."""
    measured = []
    for seeds in (1, 4):
        folder = tmp_path / str(seeds)
        folder.mkdir()
        scale.write_study(folder, seeds * ONE_SEED)
        measured.append(scale.snakemake(folder, "--dry-run"))
    small, large = measured
    assert large.jobs > 1300 and large.jobs - small.jobs == 3 * ONE_SEED
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
