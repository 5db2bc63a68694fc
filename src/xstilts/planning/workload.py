"""What each kind of job does, from the sizes of the study's files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from xstilts.config.settings import Hyperparameters
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning.costs import EMBEDDED_TOKENS, Passes, Work
from xstilts.planning.sizes import FileSize, FileSizes, weakest
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT

#: Rule, model, and the arm or training set that decides what a job trains on, as in ``TrainingJob.kind``.
Kind = tuple[str, ...]

_SIMILARITY_ROWS = 500  # of each file that the similarity of tasks is measured on


def planned_steps(rows: Sequence[int], hyper: Hyperparameters) -> int:
    """Return the optimiser steps over tasks of so many rows, as :func:`xstilts.training.loop.planned_steps` does."""
    if hyper.max_steps is not None:
        return hyper.max_steps
    capped = [min(count, hyper.examples_cap or count) for count in rows]
    return math.ceil(hyper.epochs * sum(math.ceil(count / hyper.batch_size) for count in capped))


class Workloads:
    """The work of a study's jobs, by their kind."""

    def __init__(self, runs: Runs, sizes: FileSizes) -> None:
        self._runs, self._study, self._sizes = runs, runs.study, sizes
        self._known: dict[Kind, Work] = {}

    def of(self, kind: Kind) -> Work:
        """Return what one job of a kind does."""
        if kind not in self._known:
            self._known[kind] = self._work(*kind)
        return self._known[kind]

    def _work(self, rule: str, model: str, what: str) -> Work:
        if rule == "pretrain":
            return self._pretrain(model)
        if rule == "intermediate":
            return self._intermediate(model, what)
        if rule == "finetune":
            return self._finetune(model, what)
        return self._retrieve(model) if rule == "retrieve" else self._similarity(model)

    def _pretrain(self, model: str) -> Work:
        text = self._sizes.of_task(model, TEXT.name)
        work = self._training({TEXT.name: text}, [], self._study.training.pretraining)
        return replace(work, masked=work.trained.tokens * self._study.encoding_of(TEXT.name).mask_probability)

    def _intermediate(self, model: str, arm: str) -> Work:
        chosen = self._study.arms[arm]
        if not chosen.tasks:
            return Work()  # random weights
        train = {task: self._english(model, task, "train").first(chosen.train_examples) for task in chosen.tasks}
        dev = [self._english(model, task, "dev") for task in chosen.tasks]
        return self._training(train, dev, self._study.intermediate(arm))

    def _finetune(self, model: str, training_set: str) -> Work:
        hyper = self._study.target(training_set)
        train, dev = (self._english(model, training_set, split) for split in ("train", "dev"))
        work = self._training({training_set: train}, [dev], hyper)
        scored = [
            self._sizes.of(model, target, split, code)
            for target in self._runs.targets_of(training_set)
            for split in self._study.splits_of(target)
            for code in self._study.languages(target, split)
        ]
        return replace(
            work,
            read=work.read.plus(_passes(scored, hyper.batch_size)),
            predictions=sum(size.examples for size in scored),
            basis=weakest([work.basis, *(size.basis for size in scored)]),
        )

    def _retrieve(self, model: str) -> Work:
        """Embed both sides of each file, and compare each sentence of one side with all of the other, twice."""
        targets = self._runs.targets_of(RETRIEVAL)
        files = [self._sizes.of(model, target, *file) for target in targets for file in self._runs.files(target)]
        compared = sum(2 * (size.examples / 2) ** 2 for size in files)
        return replace(_embedding(files), compared=compared, predictions=sum(size.examples for size in files) // 2)

    def _similarity(self, model: str) -> Work:
        """Embed a sample of each intermediate task, and of each target in each of its languages."""
        files = [self._english(model, task, "train") for task in self._study.intermediate_tasks()]
        for target in self._study.targets:
            split = self._study.splits_of(target)[0]
            files += [self._sizes.of(model, target, split, code) for code in self._study.languages(target, split)]
        return _embedding([size.first(_SIMILARITY_ROWS) for size in files])

    def _english(self, model: str, task: str, split: str) -> FileSize:
        return self._sizes.of(model, task, split, ENGLISH)

    def _training(self, train: Mapping[str, FileSize], dev: Sequence[FileSize], hyper: Hyperparameters) -> Work:
        """Steps over tasks drawn in proportion to their capped size, and the dev data read meanwhile and at the end."""
        steps = planned_steps([size.rows for size in train.values()], hyper)
        micro = min(hyper.micro_batch_size or hyper.batch_size, hyper.batch_size)
        weights = {task: min(size.rows, hyper.examples_cap or size.rows) for task, size in train.items()}
        trained, longest = Passes(batches=steps * math.ceil(hyper.batch_size / micro)), 0
        for task, size in train.items():
            rows = max(1, size.rows)
            epochs = steps * hyper.batch_size * weights[task] / max(1, sum(weights.values())) / rows
            trained = trained.plus(Passes(size.inputs, size.tokens), epochs)
            longest = max(longest, self._study.encoding_of(task).max_length * max(1, round(size.inputs / rows)))
        evaluated = _passes([size.first(hyper.eval_examples) for size in dev], hyper.batch_size)
        return Work(
            steps=steps,
            trained=trained,
            read=_passes(dev, hyper.batch_size).plus(evaluated, math.ceil(steps / hyper.eval_every)),
            micro_tokens=micro * longest,
            basis=weakest(size.basis for size in (*train.values(), *dev)),
        )


def _passes(files: Iterable[FileSize], batch_size: int) -> Passes:
    """Each file once, in batches."""
    total = Passes()
    for size in files:
        total = total.plus(Passes(size.inputs, size.tokens, math.ceil(size.rows / batch_size)))
    return total


def _embedding(files: Sequence[FileSize]) -> Work:
    batches = sum(math.ceil(size.tokens / EMBEDDED_TOKENS) for size in files)
    read = Passes(sum(size.inputs for size in files), sum(size.tokens for size in files), batches)
    embedded = max((size.examples for size in files), default=0)
    return Work(read=read, embedded=embedded, basis=weakest(size.basis for size in files))
