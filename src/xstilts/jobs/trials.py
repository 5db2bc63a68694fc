"""A grid of learning rates: one training with each, then the one that is best on English dev data."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xstilts.errors import Diverged, UserError
from xstilts.jobs.supervised import SupervisedRun, TrainedRun
from xstilts.training.checkpoints import Checkpoint
from xstilts.training.device import Device
from xstilts.training.session import Session

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

logger = logging.getLogger(__name__)


def train_at_best_rate(
    run: SupervisedRun, tokenizer: PreTrainedTokenizerFast, device: Device, session: Session
) -> TrainedRun:
    """Train with the run's learning rate; of several, with each, and again with the best one.

    No weights are kept of the trials: the last training repeats the best one, whose result it comes to. Trials that are
    done are not repeated by a process that resumes the job.

    Returns:
        The outcome, with what the record has of each trial.

    Raises:
        Diverged: Training has diverged, with every learning rate.
        Stopped: The job was asked to stop.
        UserError: The dev data has no labels to choose by.
    """
    rates = run.hyper.rates
    if len(rates) == 1:
        return run.train(tokenizer, device, session)
    trials = [_trial(run, number, tokenizer, device, session) for number in range(len(rates))]
    scores = [-np.inf if trial["score"] is None else trial["score"] for trial in trials]
    if max(scores) == -np.inf:
        raise Diverged(f"{run.what}: training has diverged with every learning rate. Lower them.")
    best = int(np.argmax(scores))
    logger.info("%s: the best of %d learning rates is %g", run.what, len(rates), rates[best])
    trained = _with_rate(run, rates[best]).train(tokenizer, device, session.part("best-rate"))
    trained.result.earlier_seconds += sum(trial["seconds"] for trial in trials if trial["earlier"])
    return replace(trained, trials=[{key: trial[key] for key in ("learning_rate", "score")} for trial in trials])


def _trial(
    run: SupervisedRun, number: int, tokenizer: PreTrainedTokenizerFast, device: Device, session: Session
) -> dict[str, Any]:
    """The learning rate and its score, the mean over tasks, None where training has diverged; and the seconds it took.

    ``earlier``: they were taken by another process.
    """
    rate, done, part = run.hyper.rates[number], session.part(f"rate-{number}-done"), session.part(f"rate-{number}")
    if found := done.load():
        return {**found.facts, "earlier": True}
    started, trial = time.monotonic(), _with_rate(run, rate)
    score, earlier = None, 0.0
    try:
        trained = trial.train(tokenizer, device, part)
    except Diverged as error:
        logger.warning("With a learning rate of %g: %s", rate, error)
    else:
        score, earlier = _score(trained, run.what), trained.result.earlier_seconds
    facts = {"learning_rate": rate, "score": score, "seconds": time.monotonic() - started + earlier}
    if done.save(Checkpoint({}, facts), f"The trial of learning rate {rate:g}"):
        part.clear()
    return {**facts, "earlier": False}


def _with_rate(run: SupervisedRun, rate: float) -> SupervisedRun:
    return replace(run, hyper=run.hyper.model_copy(update={"learning_rate": rate}))


def _score(trained: TrainedRun, what: str) -> float:
    if not trained.dev:
        raise UserError(
            f"learning_rate: {what} has several to choose from by English dev data, which has no labels. Give one."
        )
    return float(np.mean([on_dev.dev_outcome.score for on_dev in trained.dev.values()]))
