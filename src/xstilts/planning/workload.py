"""What each kind of job does, from the sizes of the study's files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from xstilts.config.factors import Stage
from xstilts.config.settings import Hyperparameters
from xstilts.config.text import TextUse
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning.costs import EMBEDDED_TOKENS, Work
from xstilts.planning.sizes import NO_DATA, DataSize, FileSizes
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.task import POOL

#: Rule, model, and the arm or training set that decides what a job trains on, as in ``Job.kind``.
Kind = tuple[str, ...]


_SIMILARITY_ROWS = 500  # of each file that the similarity of tasks is measured on


class Beside(NamedTuple):
    """Text that a training is on, for a share of its steps."""

    use: TextUse
    size: DataSize
    share: float


def planned_steps(rows: Sequence[int], hyper: Hyperparameters, text_share: float = 0.0) -> int:
    """Return the optimiser steps over tasks of so many rows, as :func:`xstilts.training.steps.planned_steps` does."""
    if hyper.max_steps is not None:
        return hyper.max_steps
    capped = [min(count, hyper.examples_cap or count) for count in rows]
    steps = math.ceil(hyper.epochs * sum(math.ceil(count / hyper.batch_size) for count in capped))
    return math.ceil(steps / (1 - text_share)) if text_share < 1 else steps


class Workloads:
    """The work of a study's jobs, by their kind."""

    def __init__(self, runs: Runs, sizes: FileSizes) -> None:
        self._runs, self._study, self._sizes = runs, runs.study, sizes
        self._known: dict[Kind, Work] = {}

    def of(self, kind: Kind) -> Work:
        """Return what one job of a kind does."""
        if kind not in self._known:
            rule, model, _ = kind
            self._known[kind] = replace(self._work(*kind), gpus=self._runs.gpus(rule, model))
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
        text, continues = self._runs.pretraining_text(model), self._study.models[model].continues
        hyper = self._study.pretraining(model)
        if continues:
            return self._training({}, NO_DATA, NO_DATA, hyper, Beside(continues, self._text(model, continues), 1.0))
        work = self._training({text: self._sizes.of_task(model, text)}, NO_DATA, NO_DATA, hyper)
        return replace(work, masked=work.trained.tokens * self._study.encoding_of(text).mask_probability)

    def _text(self, model: str, use: TextUse) -> DataSize:
        """Return the size of the languages of a text that are used."""
        files = [file for file in self._runs.files(use.task) if use.languages is None or file[1] in use.languages]
        return sum((self._sizes.of(model, use.task, *file) for file in files), NO_DATA)

    def _intermediate(self, model: str, arm: str) -> Work:
        stages = zip(self._study.arms[arm].sequence, self._study.intermediate(arm), strict=True)
        return sum((self._stage(model, stage, hyper) for stage, hyper in stages), Work())

    def _stage(self, model: str, stage: Stage, hyper: Hyperparameters) -> Work:
        use = stage.masked_lm
        whole = {task: [self._training_data(model, task, code) for code in stage.languages] for task in stage.tasks}
        if stage.steps == "fixed":
            rows = [round(sum(sizes, NO_DATA).rows) for sizes in whole.values()]
            hyper = hyper.model_copy(update={"max_steps": planned_steps(rows, hyper, stage.text_share if use else 0.0)})
        used = {task: [size.first(stage.train_examples) for size in sizes] for task, sizes in whole.items()}
        train = {task: sum(sizes, NO_DATA) for task, sizes in used.items()}
        dev = [self._english(model, task, "dev") for task in stage.tasks]
        evaluated = [size.first(hyper.eval_examples) for size in dev]
        beside = Beside(use, self._text(model, use), stage.text_share) if use else None
        read, scored = sum(evaluated, NO_DATA), sum(dev, NO_DATA)
        return self._training(train, read, scored, hyper, beside, stage.mixing_exponent)

    def _finetune(self, model: str, training_set: str) -> Work:
        hyper = self._study.target(training_set)
        dev, few = self._english(model, training_set, "dev"), self._study.shots(training_set)
        whole = [self._training_data(model, training_set, code) for code in self._study.train_languages(training_set)]
        shots = [self._sizes.of(model, shot.task, shot.split, shot.language).first(shot.examples) for shot in few]
        train = sum([*whole, *shots], NO_DATA)
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

    def _training_data(self, model: str, task: str, code: str) -> DataSize:
        return self._sizes.of(model, self._study.training_data(task, code), "train", code)

    def _english(self, model: str, task: str, split: str) -> DataSize:
        return self._sizes.of(model, task, split, ENGLISH)

    def _training(
        self,
        train: Mapping[str, DataSize],
        evaluated: DataSize,
        scored: DataSize,
        hyper: Hyperparameters,
        beside: Beside | None = None,
        mixing: float = 1.0,
    ) -> Work:
        """Train on tasks drawn by a power of their capped size, and text; ``scored`` is read once, at the end."""
        share = beside.share if beside else 0.0
        rows_of = [round(size.rows) for size in train.values()] or [round(beside.size.rows) if beside else 0]
        steps, batch = planned_steps(rows_of, hyper, share), float(hyper.batch_size)
        if hyper.batch_tokens:  # in pretraining alone
            data = sum(train.values(), beside.size if beside else NO_DATA)
            batch = max(1.0, hyper.batch_tokens * data.rows / max(1.0, data.tokens))
            steps = hyper.max_steps or math.ceil(hyper.epochs * data.tokens / hyper.batch_tokens)
        micro = min(hyper.micro_batch_size or batch, batch)
        weights = {task: min(size.rows, hyper.examples_cap or size.rows) ** mixing for task, size in train.items()}
        trained, longest, masked = NO_DATA, 0, 0.0
        if beside:
            encoding = self._study.encoding_of(beside.use.task)
            trained = beside.size.times(steps * share * batch / max(1.0, beside.size.rows))
            longest, masked = encoding.max_length, trained.tokens * encoding.mask_probability
        for task, size in train.items():
            rows = max(1.0, size.rows)
            drawn = (1 - share) * weights[task] / max(1.0, sum(weights.values()))
            epochs = steps * batch * drawn / rows
            trained += size.times(epochs)
            longest = max(longest, self._study.encoding_of(task).max_length * max(1, round(size.inputs / rows)))
        micro_tokens = max(longest, min(micro * longest, hyper.batch_tokens or math.inf))
        read = evaluated.times(math.ceil(steps / hyper.eval_every)) + scored
        if (trainings := len(hyper.rates)) > 1:  # one with each, and the best once more
            steps, trained, read = ((trainings + 1) * steps, trained.times(trainings + 1), read.times(trainings + 1))
        return Work(
            steps=steps,
            micro_batches=steps * math.ceil(batch / micro),
            trained=trained,
            read=read,
            read_batches=read.rows / hyper.batch_size,
            masked=masked,
            micro_tokens=round(micro_tokens),
            lora=hyper.lora,
            recomputed=self._study.compute.gradient_checkpointing,
        )


def _embedding(files: Sequence[DataSize]) -> Work:
    read = sum(files, NO_DATA)
    embedded = max((size.examples for size in files), default=0)
    return Work(read=read, read_batches=read.tokens / EMBEDDED_TOKENS, embedded=embedded)
