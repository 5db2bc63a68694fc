"""Learning curves reach the libraries that a study asks for, each point once, and no failure of theirs ends a job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import pytest

from xstilts.runtime.tracking import Kind, Tracking, is_installed
from xstilts.runtime.tracking.tracking import LOSS_EVERY

EVERY = LOSS_EVERY * 2 + 5  # steps between evaluations
Points = list[tuple[str, int, str, float]]


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Points:
    """What fakes of all three libraries are told: curve, step, name and value."""
    told: Points = []

    class Writer:
        def __init__(self, log_dir: str) -> None:
            self.folder = "/".join(Path(log_dir).parts[-2:])

        def add_scalar(self, what: str, value: float, step: int) -> None:
            told.append((self.folder, step, what, value))

        def flush(self) -> None: ...
        def close(self) -> None: ...

    def init(**named: Any) -> Any:
        assert named["resume"] == "allow" and Path(named["dir"]).is_dir()

        def log(values: Mapping[str, float], step: int) -> None:
            told.extend((named["id"], step, what, value) for what, value in values.items())

        return SimpleNamespace(log=log, finish=lambda: None)

    runs: list[str] = []

    def start_run(run_id: str | None = None, run_name: str | None = None) -> Any:
        runs.append(run_id or f"flow-{len(set(runs))}")
        return SimpleNamespace(info=SimpleNamespace(run_id=runs[-1]))

    def log_metrics(values: Mapping[str, float], step: int) -> None:
        told.extend((runs[-1], step, what, value) for what, value in values.items())

    fakes: dict[str, dict[str, Any]] = {
        "torch.utils.tensorboard": {"SummaryWriter": Writer},
        "tensorboard": {},
        "wandb": {"init": init},
        "mlflow": {
            "set_tracking_uri": lambda uri: None,
            "set_experiment": lambda name: None,
            "start_run": start_run,
            "log_metrics": log_metrics,
            "log_params": lambda facts: None,
            "end_run": lambda: None,
        },
    }
    for name, content in fakes.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return told


@pytest.fixture
def tracking(tmp_path: Path) -> Callable[[Kind], Tracking]:
    """A process's tracking of one and the same run."""

    def make(kind: Kind) -> Tracking:
        facts = {"arm": "mnli", "seed": 1}
        return Tracking(kind, "demo", "tiny mnli seed 1", "0123", tmp_path / "job", tmp_path, facts)

    return make


def train(tracking: Tracking, steps: range) -> None:
    """The calls of a training over these steps: a loss of one tenth of the step, a score of the step."""
    curve = [{"step": step, "loss": 9.0, "xnli": float(step)} for step in range(1, steps.start) if step % EVERY == 0]
    for step in steps:
        evaluated = step % EVERY == 0
        curve += [{"step": step, "loss": 9.0, "xnli": float(step)}] if evaluated else []
        tracking.after_step(step, [] if evaluated else [step / 10], curve, 1 / step)


KINDS = sorted(get_args(Kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_library_gets_losses_rates_and_scores(kind: Kind, tracking: Any, points: Points) -> None:
    tracked = tracking(kind)
    tracked.begin(0)
    train(tracked, range(1, EVERY + 1))
    tracked.close()
    assert len({curve for curve, *_ in points}) == 1
    by_name = {name: [(step, value) for _, step, what, value in points if what == name] for _, _, name, _ in points}
    assert by_name["dev/xnli"] == [(EVERY, EVERY)]
    assert [step for step, _ in by_name["train/loss"]] == [LOSS_EVERY, 2 * LOSS_EVERY, EVERY]
    assert by_name["train/loss"][0][1] == pytest.approx((1 + LOSS_EVERY) / 20), "the mean since the last point"
    assert by_name["train/learning_rate"][-1] == (EVERY, 1 / EVERY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_job_continues_its_curve_and_repeats_no_point(kind: Kind, tracking: Any, points: Points) -> None:
    first = tracking(kind)
    first.begin(0)
    train(first, range(1, 2 * LOSS_EVERY + 3))  # killed here; its checkpoint is an earlier one
    again = tracking(kind)
    again.begin(0)
    train(again, range(LOSS_EVERY, 2 * EVERY + 1))
    losses = [(curve, step) for curve, step, what, _ in points if what == "train/loss"]
    assert len({curve for curve, _ in losses}) == 1
    assert [step for _, step in losses] == sorted({step for _, step in losses})
    assert {LOSS_EVERY, 2 * LOSS_EVERY, EVERY, 3 * LOSS_EVERY, 2 * EVERY} <= {step for _, step in losses}


def test_stages_and_restarts_have_curves_of_their_own(tracking: Any, points: Points) -> None:
    tracked = tracking("wandb")
    for part, restarts in (("stage-0", 0), ("stage-1", 0), ("stage-1", 1)):
        tracked.part(part).begin(restarts)
        train(tracked.part(part), range(1, LOSS_EVERY + 1))
    assert [curve for curve, _, what, _ in points if what == "train/loss"] == [
        "0123-stage-0", "0123-stage-1", "0123-stage-1-restart-1",
    ]  # fmt: skip


def test_evaluations_after_every_step_have_the_loss_of_the_curve(tracking: Any, points: Points) -> None:
    tracked = tracking("tensorboard")
    tracked.begin(0)
    tracked.after_step(1, [], [{"step": 1, "loss": 0.5, "masked_lm_loss": 2.0}], 0.1)
    assert {(what, value) for _, _, what, value in points} == {
        ("train/loss", 0.5), ("dev/masked_lm_loss", 2.0), ("train/learning_rate", 0.1),
    }  # fmt: skip


@pytest.mark.parametrize("where", ["init", "log"])
def test_a_library_that_fails_is_told_of_once_and_left_alone(
    where: str, tracking: Any, points: Points, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route to host")

    run = SimpleNamespace(log=fail, finish=lambda: None)
    monkeypatch.setattr(sys.modules["wandb"], "init", fail if where == "init" else lambda **_: run)
    tracked = tracking("wandb")
    tracked.begin(0)
    train(tracked, range(1, 3 * LOSS_EVERY))
    tracked.part("stage-1").begin(0)
    tracked.close()
    assert caplog.text.count("no route to host") == 1 and points == []
    assert "Training goes on" in caplog.text


def test_mlflow_writes_where_it_is_told_or_below_the_study(
    tracking: Any, points: Points, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[str] = []
    monkeypatch.setattr(sys.modules["mlflow"], "set_tracking_uri", places.append)
    tracking("mlflow").begin(0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    tracking("mlflow").begin(0)
    assert places == [f"sqlite:///{tmp_path.resolve() / 'mlflow.db'}"]


def test_what_is_not_installed_is_known_without_importing(monkeypatch: pytest.MonkeyPatch, points: Points) -> None:
    assert is_installed("wandb")
    monkeypatch.delitem(sys.modules, "wandb")
    monkeypatch.setattr("xstilts.runtime.tracking.backends.find_spec", lambda name: None)
    assert not is_installed("wandb")
