"""The training loop tells the curves of every step; tracking changes no result, and is wired to the study's key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from configs import own
from small_study import study_config

from xstilts.checks.plan import plan
from xstilts.checks.study import quick
from xstilts.config.settings import Hyperparameters
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.jobs import execution
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.runtime.tracking import Tracking
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

HYPER = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=45, eval_every=15, warmup_steps=3)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, float]]:
    """Step, name and value of what is written for TensorBoard."""
    told: list[tuple[int, str, float]] = []
    writer = SimpleNamespace(
        add_scalar=lambda what, value, step: told.append((step, what, value)), flush=lambda: None, close=lambda: None
    )
    module = ModuleType("torch.utils.tensorboard")
    vars(module)["SummaryWriter"] = lambda log_dir: writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setitem(sys.modules, "tensorboard", ModuleType("tensorboard"))
    return told


@pytest.fixture
def run(make_encoder: Any, data: TaskData, tokens: Any, cpu: Any) -> Callable[[Session], TrainingResult]:
    return lambda session: train(make_encoder(), [data], tokens, HYPER, 1, cpu, "a test", session)


def session(folder: Path, stop_at: int = 0) -> Session:
    stop = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if stop_at and step == stop_at:
            stop.reason = "SIGTERM"

    tracking = Tracking("tensorboard", "demo", "a job", "0123", folder / "tracking", folder)
    return Session(stop, Checkpoints(folder / "checkpoints", "in", minutes=60), tell, tracking)


def test_the_curve_is_the_one_of_the_record_also_after_a_stop(run: Any, points: Any, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        run(session(tmp_path, stop_at=22))
    result = run(session(tmp_path))
    scores = [(step, value) for step, what, value in points if what.startswith("dev/")]
    assert scores == [(entry["step"], entry["pawsx"]) for entry in result.curve]
    steps = [step for step, what, _ in points if what == "train/loss"]
    assert steps == [15, 20, 30, 40, 45]
    rates = {step: value for step, what, value in points if what == "train/learning_rate"}
    assert rates[15] > rates[30] > rates[45] == 0
    assert result.curve == run(Session()).curve


class TestStudy:
    def test_the_key_is_in_no_run_spec(self) -> None:
        plain, tracked = (Runs(load(own(**more))) for more in ({}, {"tracking": "wandb"}))
        for job in plain.all_jobs():
            assert Specs(plain).of(job) == Specs(tracked).of(job)
        assert Specs(plain).report() == Specs(tracked).report()

    def test_off_is_what_yaml_makes_of_it(self) -> None:
        assert load(own(tracking=False)).tracking == load(own(tracking="off")).tracking == load(own()).tracking == "off"
        with pytest.raises(UserError, match="tracking"):
            load(own(tracking="tensorbord"))

    def test_a_library_that_is_not_installed_is_named_before_any_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        config = study_config(source={"kind": "synthetic"}, models=own()["models"], tracking="wandb")
        config |= {"encoding": {"max_length": 32}, "targets": {"xquad": {"languages": ["en"]}}}
        monkeypatch.setattr("xstilts.checks.tracking.is_installed", lambda kind: False)
        with pytest.raises(UserError, match=r"tracking: is 'wandb', and the package wandb is not installed .*pip ins"):
            plan(config, [])
        assert [finding.key for finding in quick(Runs(load(config)))] == ["tracking"]
        monkeypatch.setattr("xstilts.checks.tracking.is_installed", lambda kind: True)
        assert quick(Runs(load(config))) == []

    @pytest.mark.parametrize("kind", ["off", "mlflow"])
    def test_a_job_tracks_what_the_study_says(self, kind: str) -> None:
        runs = Runs(load(own(tracking=kind)))
        tracking = execution._tracking(runs, Job("tiny", "mnli", "xnli", 2), "0123")
        if kind == "off":
            assert tracking is None
        else:
            assert tracking is not None
            assert tracking.folder == Path("results/trial/tracking/tiny/mnli/xnli/seed2-0123")
            assert tracking.facts == {"model": "tiny", "arm": "mnli", "what": "xnli", "seed": 2, "run": "0123"}
