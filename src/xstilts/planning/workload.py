"""What each kind of job does, from the sizes of the study's files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xstilts.config.settings import Hyperparameters
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning.costs import EMBEDDED_TOKENS, Work
from xstilts.planning.sizes import NO_DATA, DataSize, FileSizes
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT
from xstilts.tasks.task import POOL

#: Rule, model, and the arm or training set that decides what a job trains on, as in ``Job.kind``.
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
        work = self._training({TEXT.name: text}, NO_DATA, NO_DATA, self._study.training.pretraining)
        return replace(work, masked=work.trained.tokens * self._study.encoding_of(TEXT.name).mask_probability)

    def _intermediate(self, model: str, arm: str) -> Work:
        chosen, hyper = self._study.arms[arm], self._study.intermediate(arm)
        if not chosen.tasks:
            return Work()  # random weights
        train = {task: self._english(model, task, "train").first(chosen.train_examples) for task in chosen.tasks}
        dev = [self._english(model, task, "dev") for task in chosen.tasks]
        evaluated = [size.first(hyper.eval_examples) for size in dev]
        return self._training(train, sum(evaluated, NO_DATA), sum(dev, NO_DATA), hyper)

    def _finetune(self, model: str, training_set: str) -> Work:
        hyper = self._study.target(training_set)
        train, dev = (self._english(model, training_set, split) for split in ("train", "dev"))
        scored = sum(
            (
                self._sizes.of(model, target, split, code)
                for target in self._runs.targets_of(training_set)
                for split in self._study.splits_of(target)
                for code in self._study.languages(target, split)
            ),
            NO_DATA,
        )
        pools = [(task, *file) for task in self._runs.targets_of(training_set) for file in self._runs.files(task)]
        pool = sum((self._sizes.of(model, *file) for file in pools if file[1] == POOL), NO_DATA)
        work = self._training({training_set: train}, dev.first(hyper.eval_examples), dev + scored + pool, hyper)
        return replace(work, predictions=scored.examples)

    def _retrieve(self, model: str) -> Work:
        """Embed both sides of each file, and compare each sentence of one side with all of the other, twice."""
        targets = self._runs.targets_of(RETRIEVAL)
        files = [self._sizes.of(model, target, *file) for target in targets for file in self._runs.files(target)]
        compared = sum(2 * (size.examples / 2) ** 2 for size in files)
        return replace(_embedding(files), compared=compared, predictions=sum(size.examples for size in files) / 2)

    def _similarity(self, model: str) -> Work:
        """Embed a sample of each intermediate task, and of each target in each of its languages."""
        files = [self._english(model, task, "train") for task in self._study.intermediate_tasks()]
        for target in self._study.targets:
            split = self._study.splits_of(target)[0]
            files += [self._sizes.of(model, target, split, code) for code in self._study.languages(target, split)]
        return _embedding([size.first(_SIMILARITY_ROWS) for size in files])

    def _english(self, model: str, task: str, split: str) -> DataSize:
        return self._sizes.of(model, task, split, ENGLISH)

    def _training(
        self, train: Mapping[str, DataSize], evaluated: DataSize, scored: DataSize, hyper: Hyperparameters
    ) -> Work:
        """Train on tasks drawn in proportion to their capped size; ``scored`` is read once, at the end."""
        steps = planned_steps([round(size.rows) for size in train.values()], hyper)
        micro = min(hyper.micro_batch_size or hyper.batch_size, hyper.batch_size)
        weights = {task: min(size.rows, hyper.examples_cap or size.rows) for task, size in train.items()}
        trained, longest = NO_DATA, 0
        for task, size in train.items():
            rows = max(1.0, size.rows)
            epochs = steps * hyper.batch_size * weights[task] / max(1.0, sum(weights.values())) / rows
            trained += size.times(epochs)
            longest = max(longest, self._study.encoding_of(task).max_length * max(1, round(size.inputs / rows)))
        read = evaluated.times(math.ceil(steps / hyper.eval_every)) + scored
        return Work(
            steps=steps,
            micro_batches=steps * math.ceil(hyper.batch_size / micro),
            trained=trained,
            read=read,
            read_batches=read.rows / hyper.batch_size,
            micro_tokens=micro * longest,
            lora=hyper.lora,
            recomputed=self._study.compute.gradient_checkpointing,
        )


def _embedding(files: Sequence[DataSize]) -> Work:
    read = sum(files, NO_DATA)
    embedded = max((size.examples for size in files), default=0)
    return Work(read=read, read_batches=read.tokens / EMBEDDED_TOKENS, embedded=embedded)
