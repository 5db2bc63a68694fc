"""The steps of a training run: how many there are, and the task and the rows of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pyarrow as pa

from xstilts.config.settings import Hyperparameters
from xstilts.data.encoding import EncodedRows
from xstilts.task_types.base import TaskType
from xstilts.training.ahead import StepRows, ahead
from xstilts.training.batches import batches_per_epoch, mixture, shuffled_batches
from xstilts.training.device import Device
from xstilts.training.state import TrainingState
from xstilts.training.text import TextData, steps_with_text


@dataclass(frozen=True)
class TaskData:
    """One task's data in a training run.

    Dev data is absent in pretraining, and where its labels have been removed: then no weights are selected.

    Attributes:
        task_type: The task's type.
        train: Encoded rows to train on.
        dev: Encoded rows of the English dev examples that the weights are selected on.
        dev_examples: The same examples, canonical, with gold answers.
    """

    task_type: TaskType
    train: EncodedRows
    dev: EncodedRows | None = None
    dev_examples: pa.Table | None = None

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task_type.task.name

    @property
    def language(self) -> str | None:
        """The language of every batch; None where batches mix languages."""
        return self.train.language


def planned_steps(task_data: Sequence[TaskData], hyper: Hyperparameters, text: TextData | None = None) -> int:
    """The number of optimiser steps of a training run; of batches of tokens, an epoch is all tokens without padding."""
    if hyper.batch_tokens and hyper.max_steps is None:
        tokens = sum(int(data.train.lengths.sum()) for data in task_data)
        return math.ceil(hyper.epochs * tokens / hyper.batch_tokens)
    return steps_of([len(data.train) for data in task_data], hyper, text)


def steps_of(counts: Sequence[int], hyper: Hyperparameters, text: TextData | None = None) -> int:
    """The optimiser steps over tasks of so many rows: ``max_steps``, or that of ``epochs`` over the (capped) tasks.

    Steps on text come on top of those that ``epochs`` gives; without tasks, ``epochs`` are over the text.
    """
    if hyper.max_steps is not None:
        return hyper.max_steps
    cap = hyper.examples_cap or math.inf
    rows = [int(min(count, cap)) for count in counts] or [text.rows if text else 0]
    steps = math.ceil(hyper.epochs * sum(batches_per_epoch(count, hyper.batch_size) for count in rows))
    return steps_with_text(steps, text)


def steps(
    task_data: Sequence[TaskData],
    text: TextData | None,
    mixing: float,
    hyper: Hyperparameters,
    seed: int,
    first: int,
    total: int,
) -> Iterator[tuple[TaskData | TextData, StepRows]]:
    """Yield the task or text and the rows of each step; the ``first`` so many are drawn and skipped.

    Every task has a random source of its own, the mixture another, and the text two more.
    """
    count = len(task_data)
    random = [np.random.default_rng([seed, index]) for index in range(count + 3)]
    batches = [
        shuffled_batches(data.train.lengths, hyper.batch_size, rng, hyper.batch_tokens)
        for data, rng in zip(task_data, random[:count], strict=True)
    ]
    chosen = mixture([len(m.train) for m in task_data], hyper.examples_cap, random[count], mixing)
    passages = text.batches(hyper.batch_size, random[count + 1], hyper.batch_tokens) if text else iter(())
    turns = text.turns(random[count + 2]) if text else repeat(False)
    for step in range(total):
        if text and next(turns):
            of_text = next(passages)
            if step >= first:
                yield text, StepRows(of_text)
            continue
        index = next(chosen)
        rows = next(batches[index])
        if step >= first:
            yield task_data[index], StepRows(task_data[index].train[rows])


def collated(
    uncollated: Iterator[tuple[TaskData | TextData, StepRows]], state: TrainingState, device: Device
) -> Iterator[tuple[TaskData | TextData, StepRows]]:
    """The steps with their micro-batches, collated ahead where that gains time."""
    if not device.collates_ahead:
        return uncollated
    return ahead(
        (data, rows.collate(state.micro.size or len(rows), data.task_type, state.tokens, device))
        for data, rows in uncollated
    )
