"""A grid of learning rates: the best on English dev data is trained with, and a resumed job repeats no trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xstilts.config.settings import Hyperparameters
from xstilts.errors import Diverged, UserError
from xstilts.jobs.supervised import SupervisedRun, TrainedRun
from xstilts.jobs.trials import train_at_best_rate
from xstilts.runtime.signals import Stopped
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.collapse import DevOutcome
from xstilts.training.loop import TrainingResult
from xstilts.training.session import Session

RATES = [1e-5, 2e-5, 3e-5]


class Scripted:
    """Stands for ``DevPredictions``."""

    def __init__(self, score: float) -> None:
        self.dev_outcome = DevOutcome(score, 50, False, 5)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[list[float], TrainedRun]]:
    """Train with a scripted score of each learning rate; None: training diverges."""

    def run(scores: dict[float, Any], rates: Any = RATES) -> tuple[list[float], TrainedRun]:
        used: list[float] = []

        def one(self: SupervisedRun, seed: int, *rest: Any) -> Any:
            (rate,) = self.hyper.rates
            used.append(rate)
            score = scores[rate]
            if isinstance(score, BaseException):
                raise score
            dev: Any = {} if score == "no labels" else {"mnli": Scripted(score)}
            return TrainedRun(None, TrainingResult(None), None, dev, seed)  # type: ignore[arg-type]

        monkeypatch.setattr(SupervisedRun, "_train_once", one)
        unused: Any = None
        supervised = SupervisedRun(unused, "xlmr", "a test", {}, Hyperparameters(learning_rate=rates), 3, unused)
        session = Session(checkpoints=Checkpoints(tmp_path, "in", 1))
        return used, train_at_best_rate(supervised, unused, unused, session)

    return run


def test_each_is_tried_and_the_best_trained_with(run: Any) -> None:
    used, trained = run({1e-5: 60.0, 2e-5: 80.0, 3e-5: 70.0})
    assert used == [*RATES, 2e-5]
    assert trained.record()["trials"] == [
        {"learning_rate": rate, "score": score} for rate, score in zip(RATES, (60.0, 80.0, 70.0), strict=True)
    ]


def test_one_learning_rate_is_trained_with_once(run: Any) -> None:
    used, trained = run({1e-5: 60.0}, rates=1e-5)
    assert used == [1e-5] and "trials" not in trained.record()


def test_a_trial_that_diverges_is_not_chosen(run: Any) -> None:
    used, trained = run({1e-5: 60.0, 2e-5: 55.0, 3e-5: Diverged("The loss is nan.")})
    assert used[-1] == 1e-5 and trained.trials[2] == {"learning_rate": 3e-5, "score": None}


def test_if_all_diverge_so_does_the_run(run: Any) -> None:
    with pytest.raises(Diverged, match="with every learning rate"):
        run({rate: Diverged("nan") for rate in (4e-5, 5e-5)}, rates=[4e-5, 5e-5])


def test_a_resumed_job_repeats_no_trial(run: Any) -> None:
    with pytest.raises(Stopped):
        run({1e-5: 60.0, 2e-5: 80.0, 3e-5: Stopped("SIGTERM")})
    used, trained = run({1e-5: 0.0, 2e-5: 80.0, 3e-5: 70.0})
    assert used == [3e-5, 2e-5] and [trial["score"] for trial in trained.trials] == [60.0, 80.0, 70.0]


def test_without_labels_there_is_nothing_to_choose_by(run: Any) -> None:
    with pytest.raises(UserError, match=r"^learning_rate: a test has several to choose from by English dev data"):
        run(dict.fromkeys(RATES, "no labels"))
