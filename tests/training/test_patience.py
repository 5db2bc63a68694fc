"""Early stopping: after so many evaluations that are no better, and at the same step in a run that was resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Hyperparameters
from xstilts.encoders import storage as encoders
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types.base import SpecialTokens
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

SHAPE = Architecture(hidden_size=16, layers=1, heads=2, feed_forward_size=16, max_length=24)
HYPER = Hyperparameters(learning_rate=1e-3, batch_size=5, max_steps=12, eval_every=2, patience=2)
SCORES = [50.0, 60.0, 55.0, 60.0, 90.0, 90.0]  # of the evaluations after steps 2, 4, …


@pytest.fixture
def run(tokenizer: PreTrainedTokenizerFast, data: TaskData, cpu: Device, monkeypatch: pytest.MonkeyPatch) -> Any:
    def score(data: TaskData, encoder: Any, heads: Any, *rest: Any) -> float:
        return SCORES[evaluations.pop(0)]

    evaluations: list[int] = []
    monkeypatch.setattr("xstilts.training.loop._dev_score", score)

    def run(session: Session, first: int = 0, **changes: Any) -> tuple[dict[str, torch.Tensor], TrainingResult]:
        evaluations[:] = range(first, len(SCORES))
        torch.manual_seed(7)
        encoder = encoders.fresh(SHAPE, tokenizer, Compute())
        hyper = HYPER.model_copy(update=changes)
        trained = train(encoder, [data], SpecialTokens.of(tokenizer), hyper, 1, cpu, "a test", session)
        return dict(encoder.state_dict()), trained

    return run


@pytest.mark.parametrize(("patience", "steps", "best"), [(1, 6, 4), (2, 8, 4), (3, 12, 10), (None, 12, 10)])
def test_it_ends_after_so_many_evaluations_without_a_better_one(
    run: Any, patience: int | None, steps: int, best: int
) -> None:
    _, trained = run(Session(), patience=patience)
    assert (trained.steps, trained.best_step, len(trained.curve)) == (steps, best, steps // 2)


@pytest.mark.parametrize("stop", [3, 6, 7, 8])
def test_a_resumed_run_ends_at_the_same_step_with_the_same_weights(run: Any, tmp_path: Path, stop: int) -> None:
    request = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        request.reason = "SIGTERM" if step == stop else ""

    with pytest.raises(Stopped):
        run(Session(request, Checkpoints(tmp_path, "in", 60), tell))
    weights, trained = run(Session(checkpoints=Checkpoints(tmp_path, "in", 60)), first=stop // 2)
    expected, uninterrupted = run(Session())
    assert (trained.steps, trained.curve) == (uninterrupted.steps, uninterrupted.curve) and trained.steps == 8
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
