"""What each job does: optimiser steps, tokens trained on and read, sentences compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from xstilts.config.settings import Hyperparameters
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning.sizes import Basis, Rows, Sizes, worst
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT

_EMBEDDING_TOKENS = 16_384  # in a batch of embed()
_SIMILARITY_ROWS = 500  # of each set that the similarity of tasks is measured on


@dataclass(frozen=True)
class Load:
    """Inputs that go through the encoder.

    ``attended`` is the sum over tokens of the length of their input, which the cost of attention grows with.
    """

    inputs: float = 0.0
    tokens: float = 0.0
    attended: float = 0.0
    batches: float = 0.0

    @classmethod
    def of(cls, rows: Rows, batch_size: int) -> Load:
        """All rows once, ``batch_size`` at a time."""
        return cls(rows.inputs, rows.tokens, rows.tokens * rows.length, math.ceil(rows.rows / batch_size))

    def __add__(self, other: Load) -> Load:
        return Load(
            self.inputs + other.inputs,
            self.tokens + other.tokens,
            self.attended + other.attended,
            self.batches + other.batches,
        )

    def times(self, factor: float) -> Load:
        return Load(self.inputs * factor, self.tokens * factor, self.attended * factor, self.batches * factor)


@dataclass(frozen=True)
class Work:
    """What one job does."""

    steps: int = 0
    #: Forward and backward, over all steps; batches are micro-batches.
    trained: Load = Load()
    #: Forward only: evaluations on dev data while training, and scoring.
    read: Load = Load()
    #: Tokens that masked language modelling predicts.
    masked: float = 0.0
    #: Tokens of the largest micro-batch, padding included; of the largest batch that is only read.
    micro_tokens: int = 0
    batch_tokens: int = 0
    #: Comparisons of a sentence with another.
    compared: float = 0.0
    #: Sentences whose embeddings are in memory at a time.
    embedded: int = 0
    #: Rows of the predictions that are kept.
    predictions: int = 0
    basis: Basis = "tokens counted"


#: Of jobs that run no encoder.
IDLE = Work()


def planned_steps(rows: Sequence[int], hyper: Hyperparameters) -> int:
    """Optimiser steps over tasks of so many rows: what :func:`xstilts.training.loop.planned_steps` says."""
    if hyper.max_steps is not None:
        return hyper.max_steps
    capped = [min(count, hyper.examples_cap or count) for count in rows]
    return math.ceil(hyper.epochs * sum(math.ceil(count / hyper.batch_size) for count in capped))


def evaluations(steps: int, every: int) -> int:
    """How often dev data is scored: every so many steps, and after the last one."""
    return math.ceil(steps / every)


class Workloads:
    """The work of a study's jobs. It does not depend on the seed."""

    def __init__(self, runs: Runs, sizes: Sizes) -> None:
        self._runs, self._sizes = runs, sizes

    def pretrain(self, model: str) -> Work:
        architecture, hyper = self._runs.study.models[model].architecture, self._runs.study.training.pretraining
        assert architecture is not None
        files = [self._sizes.of(model, TEXT.name, *file) for file in self._runs.files(TEXT.name)]
        text = _together(files)
        work = self._training([TEXT.name], [text], [], hyper)
        return replace(work, masked=work.trained.tokens * self._runs.study.encoding_of(TEXT.name).mask_probability)

    def intermediate(self, model: str, arm: str) -> Work:
        chosen, hyper = self._runs.study.arms[arm], self._runs.study.intermediate(arm)
        if not chosen.tasks:
            return IDLE  # draws random weights
        train = [self._sizes.of(model, task, "train", ENGLISH).first(chosen.train_examples) for task in chosen.tasks]
        dev = [self._sizes.of(model, task, "dev", ENGLISH) for task in chosen.tasks]
        return self._training(chosen.tasks, train, dev, hyper)

    def finetune(self, model: str, training_set: str) -> Work:
        hyper = self._runs.study.target(training_set)
        train, dev = (self._sizes.of(model, training_set, split, ENGLISH) for split in ("train", "dev"))
        work = self._training([training_set], [train], [dev], hyper)
        scored = [
            self._sizes.of(model, target, split, code)
            for target in self._runs.targets_of(training_set)
            for split in self._runs.study.splits_of(target)
            for code in self._runs.study.languages(target, split)
        ]
        read = sum((Load.of(rows, hyper.batch_size) for rows in scored), work.read)
        basis = worst([work.basis, *(rows.basis for rows in scored)])
        return replace(work, read=read, predictions=sum(rows.examples for rows in scored), basis=basis)

    def retrieve(self, model: str) -> Work:
        """Embeds both sides of all files, and compares each sentence of one side with all of the other, twice."""
        files = [
            self._sizes.of(model, target, *file)
            for target in self._runs.targets_of(RETRIEVAL)
            for file in self._runs.files(target)
        ]
        pools = [rows.examples for rows in files]
        return Work(
            read=sum(map(_embedding, files), Load()),
            batch_tokens=_EMBEDDING_TOKENS,
            compared=sum(2 * (size / 2) ** 2 for size in pools),
            embedded=max(pools, default=0),
            predictions=sum(pools) // 2,
            basis=worst(rows.basis for rows in files),
        )

    def similarity(self, model: str) -> Work:
        """A sample of each intermediate task, and of each target in each of its languages."""
        study = self._runs.study
        parts = [self._sizes.of(model, task, "train", ENGLISH) for task in study.intermediate_tasks()]
        for target in study.targets:
            split = study.splits_of(target)[0]
            parts += [self._sizes.of(model, target, split, code) for code in study.languages(target, split)]
        read = sum((_embedding(rows.first(_SIMILARITY_ROWS)) for rows in parts), Load())
        return Work(read=read, batch_tokens=_EMBEDDING_TOKENS, basis=worst(rows.basis for rows in parts))

    def _training(
        self, tasks: Sequence[str], train: Sequence[Rows], dev: Sequence[Rows], hyper: Hyperparameters
    ) -> Work:
        """Steps over a mixture, each on a task drawn in proportion to its size; and what is read to select and at the
        end."""
        steps = planned_steps([rows.rows for rows in train], hyper)
        micro = min(hyper.micro_batch_size or hyper.batch_size, hyper.batch_size)
        weights = [min(rows.rows, hyper.examples_cap or rows.rows) for rows in train]
        trained = Load()
        for rows, weight in zip(train, weights, strict=True):
            if rows.rows:
                share = steps * hyper.batch_size * weight / sum(weights) / rows.rows  # of passes over the task
                trained += replace(Load.of(rows, micro).times(share), batches=0.0)
        trained = replace(trained, batches=steps * math.ceil(hyper.batch_size / micro))
        count = evaluations(steps, hyper.eval_every)
        often = sum((Load.of(rows.first(hyper.eval_examples), hyper.batch_size) for rows in dev), Load())
        once = sum((Load.of(rows, hyper.batch_size) for rows in dev), Load())
        longest = max(self._longest(task, rows) for task, rows in zip(tasks, train, strict=True))
        return Work(
            steps=steps,
            trained=trained,
            read=often.times(count) + once,
            micro_tokens=micro * longest,
            batch_tokens=hyper.batch_size * longest,
            basis=worst(rows.basis for rows in (*train, *dev)),
        )

    def _longest(self, task: str, rows: Rows) -> int:
        """Tokens of the longest row that the settings allow; of a multiple choice, all choices together."""
        choices = (
            round(rows.inputs / rows.rows) if rows.rows and self._runs.study.task(task).type == "multiple_choice" else 1
        )
        return self._runs.study.encoding_of(task).max_length * choices


def _embedding(rows: Rows) -> Load:
    batches = math.ceil(rows.tokens / _EMBEDDING_TOKENS)
    return replace(Load.of(rows, max(1, rows.rows)), batches=batches)


def _together(files: Iterable[Rows]) -> Rows:
    found = list(files)
    return Rows(
        sum(rows.examples for rows in found),
        sum(rows.rows for rows in found),
        sum(rows.inputs for rows in found),
        sum(rows.tokens for rows in found),
        worst(rows.basis for rows in found),
    )
