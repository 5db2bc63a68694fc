"""Runs that diverged or collapsed start over with another seed, if the study says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import Commands, command, tiny_study

from xstilts.config.settings import Hyperparameters
from xstilts.config.study import load, store
from xstilts.errors import Diverged
from xstilts.graph.runs import Runs
from xstilts.jobs.supervised import SupervisedRun, TrainedRun, derived_seed
from xstilts.runtime.attempts import read_attempts
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.collapse import DevOutcome
from xstilts.training.session import Session

FINE, CHANCE = DevOutcome(80, 50, False, 5), DevOutcome(50, 50, True, 5)


@dataclass(frozen=True)
class ScriptedPredictions:
    """Stands for ``DevPredictions``, with a scripted outcome."""

    dev_outcome: DevOutcome


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Train with scripted ends, each a divergence or the outcome of every task; returns the seeds and the outcome."""

    def run(*ends: Diverged | list[DevOutcome], restarts: int) -> tuple[list[int], TrainedRun]:
        seeds, script = [], iter(ends)

        def one(self: SupervisedRun, seed: int, *rest: Any) -> Any:
            seeds.append(seed)
            end = next(script)
            if isinstance(end, Diverged):
                raise end
            on_dev: Any = {str(number): ScriptedPredictions(outcome) for number, outcome in enumerate(end)}
            return TrainedRun(None, None, None, on_dev, seed)  # type: ignore[arg-type]

        monkeypatch.setattr(SupervisedRun, "_train_once", one)
        hyper, session = Hyperparameters(restarts=restarts), Session(checkpoints=Checkpoints(tmp_path, "in", 1))
        unused: Any = None
        supervised = SupervisedRun(unused, "xlmr", "a test", ["mnli"], hyper, 3, unused)
        return seeds, supervised.train(unused, unused, session)

    return run


def test_a_run_that_has_learnt_its_task_is_kept(run):
    seeds, trained = run([FINE], restarts=2)
    assert seeds == [3] and trained.restarts == []


def test_a_collapsed_run_is_kept_unless_the_study_asks_for_restarts(run):
    seeds, trained = run([CHANCE], restarts=0)
    assert seeds == [3] and trained.collapse_reason


def test_starts_over_until_a_task_is_learnt(run):
    seeds, trained = run(Diverged("The loss is nan."), [CHANCE], [FINE], restarts=5)
    assert seeds == [3, derived_seed(3, 1), derived_seed(3, 2)] and len(set(seeds)) == 3
    assert trained.seed == seeds[2]
    assert [(restart["seed"], restart["reason"]) for restart in trained.restarts] == [
        (3, "The loss is nan."),
        (seeds[1], "50.0 on English dev, the same answer to every example"),
    ]


def test_the_number_of_restarts_is_limited(run):
    seeds, trained = run([CHANCE], [CHANCE], restarts=1)
    assert len(seeds) == 2 and trained.collapse_reason and len(trained.restarts) == 1
    with pytest.raises(Diverged):
        run(Diverged("The loss is nan."), Diverged("The loss is inf."), restarts=2)


def test_a_mixture_has_collapsed_if_none_of_its_tasks_was_learnt(run):
    assert not run([CHANCE, FINE], restarts=1)[1].restarts
    assert run([], restarts=1)[1].collapse_reason == "", "without labels it is unknown"


# With real training


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "study"
    shutil.copytree(prepared, copied)
    Commands(copied).run(*command(["pretrain"]))
    return copied


def finetune(folder: Path, **hyper: Any) -> int | None:
    changed = tiny_study()
    changed["training"]["target"] |= {"max_steps": 4, **hyper}
    runs = Runs(load(changed))
    store(runs.study, folder / runs.paths.study)
    process = Commands(folder).start(*command(["finetune", "--arm", "none", "--training-set", "xnli", "--seed", "1"]))
    process.join()
    return process.exitcode


def test_a_record_lists_the_restarts(folder):
    assert finetune(folder, learning_rate=1e-12, restarts=2) == 0
    training = json.loads((folder / "results/tiny/records/small/none/xnli/seed1.json").read_bytes())["training"]
    assert [restart["seed"] for restart in training["restarts"]] == [1, derived_seed(1, 1)]
    assert training["seed"] == derived_seed(1, 2)
    assert set(training["learnt"]["xnli"]) == {"score", "chance", "constant", "margin"}
    assert not (folder / "results/tiny/.checkpoints").exists()


def test_a_run_that_diverges_every_time_fails(folder):
    assert finetune(folder, learning_rate=1e30, restarts=1) == 1
    (attempt,) = read_attempts(folder / "results/tiny/attempts/small/none/xnli/seed1.json")
    assert attempt.outcome == "diverged" and "The loss is nan at step" in attempt.reason
    assert "Starting over with another seed: The loss is nan" in Commands(folder).log.read_text(encoding="utf-8")
