"""Training on labelled tasks in a job: evaluated on English dev data, restarted if it diverged or collapsed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch

from xstilts.config.settings import Hyperparameters
from xstilts.data import examples
from xstilts.data.encoding import EncodedRows, EncodedTask
from xstilts.data.subsets import Subset, TrainingFile
from xstilts.errors import Diverged
from xstilts.graph.runs import Runs
from xstilts.jobs.results import JobOutputs
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens, TaskType
from xstilts.task_types.heads import MaskedLMHead
from xstilts.tasks.languages import ENGLISH
from xstilts.training.collapse import DevOutcome, collapse_reason, dev_outcome
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.prediction import predict
from xstilts.training.selection import Weights, weights_of
from xstilts.training.session import Session
from xstilts.training.steps import TaskData, steps_of
from xstilts.training.text import TextData

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DevPredictions:
    """The predictions of the selected weights for all English dev examples of a task that was trained on.

    Attributes:
        task_type: The task's type.
        predictions: One per example.
        gold: The canonical examples.
    """

    task_type: TaskType
    predictions: Sequence[str]
    gold: pa.Table

    @property
    def dev_outcome(self) -> DevOutcome:
        """The score of the predictions, and that of chance."""
        return dev_outcome(self.task_type, self.predictions, self.gold)


@dataclass(frozen=True)
class TrainedRun:
    """The outcome of a :class:`SupervisedRun`.

    Attributes:
        encoder: With the selected weights.
        result: Heads, learning curve and so on.
        tokens: The tokenizer's special tokens.
        dev: Predictions by task; tasks whose dev data has no labels are missing.
        seed: The seed of the last start.
        restarts: The ``seed`` and the ``reason`` of each earlier start that diverged or collapsed.
        subsets: By file that not all examples are used of, the entry of :class:`xstilts.data.subsets.Subset`.
        trials: Of several learning rates, each with its ``score`` on English dev data, None if training diverged.
    """

    encoder: PreTrainedModel
    result: TrainingResult
    tokens: SpecialTokens
    dev: Mapping[str, DevPredictions]
    seed: int
    restarts: Sequence[Mapping[str, Any]] = ()
    subsets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trials: Sequence[Mapping[str, Any]] = ()

    @property
    def collapse_reason(self) -> str:
        """Why the run counts as collapsed: it has learnt none of its tasks. Empty where it has, or without labels."""
        reasons = [collapse_reason(on_dev.dev_outcome) for on_dev in self.dev.values()]
        return "; ".join(reasons) if all(reasons) else ""

    @property
    def lm_head(self) -> Weights | None:
        """The weights of the head for masked language modelling; None where there was no text."""
        heads = [head for head in self.result.heads.values() if isinstance(head, MaskedLMHead)]
        return weights_of(heads[0]) if heads else None

    def add_dev(self, outputs: JobOutputs, stage: str) -> None:
        """Add the dev scores to the job's outputs."""
        for on_dev in self.dev.values():
            outputs.add_dev(stage, on_dev.task_type, ENGLISH, on_dev.predictions, on_dev.gold)

    def record(self) -> dict[str, Any]:
        """What the job's record has about the training, apart from the :class:`TrainingResult`."""
        outcomes = {task: vars(on_dev.dev_outcome) for task, on_dev in self.dev.items()}
        more = {"subsets": dict(self.subsets), "trials": list(self.trials)}
        kept = {name: values for name, values in more.items() if values}
        return {"learnt": outcomes, "seed": self.seed, "restarts": list(self.restarts), **kept}


@dataclass(frozen=True)
class SupervisedRun:
    """One training run on labelled tasks.

    Attributes:
        runs: The study's jobs and paths.
        model: Its name in the study.
        what: Name of the run in the log.
        data: By task to train on, the files that its examples come from; several tasks are mixed.
        hyper: Hyper-parameters.
        seed: The run's seed.
        make_encoder: Returns the encoder to start from, given a seed.
        fixed_steps: Whether there are as many steps as all examples of the tasks would take, whatever is used of them.
        stage: The number of trainings of the same encoder in the same job before.
        text: Text for masked language modelling beside the tasks, or alone.
        mixing: Tasks are drawn in proportion to this power of their size.
    """

    runs: Runs
    model: str
    what: str
    data: Mapping[str, Sequence[TrainingFile]]
    hyper: Hyperparameters
    seed: int
    make_encoder: Callable[[int], PreTrainedModel]
    fixed_steps: bool = False
    stage: int = 0
    text: TextData | None = None
    mixing: float = 1.0

    def train(self, tokenizer: PreTrainedTokenizerFast, device: Device, session: Session) -> TrainedRun:
        """Train; if training diverges or collapses, start over with another seed, up to ``hyper.restarts`` times.

        Raises:
            Diverged: The last start has diverged, too.
            Stopped: The job was asked to stop.
        """
        while True:
            restarts = session.restarts()
            seed = derived_seed(self.seed, len(restarts), self.stage)
            last = len(restarts) >= self.hyper.restarts
            try:
                trained = self._train_once(seed, tokenizer, device, session)
                reason = trained.collapse_reason
            except Diverged as error:
                if last:
                    raise
                reason = str(error)
            if last or not reason:
                return replace(trained, restarts=restarts)
            session.start_over(seed, reason)

    def _train_once(
        self, seed: int, tokenizer: PreTrainedTokenizerFast, device: Device, session: Session
    ) -> TrainedRun:
        encoder, tokens = self.make_encoder(seed), special_tokens_of(tokenizer, seed)
        task_data = [self._task_data(task) for task in self.data]
        result = train(
            encoder,
            task_data,
            tokens,
            self._hyper(),
            seed,
            device,
            self.what,
            session,
            text=self.text,
            mixing=self.mixing,
        )
        on_dev = {}
        for task in self.data:
            task_type, (rows, gold) = task_type_as_encoded(self.runs, self.model, task), self._dev(task)
            if task_type.has_gold(gold):
                head, size = result.heads[task], self.hyper.batch_size
                predictions = predict(task_type, encoder, head, rows, gold, tokens, size, device)
                on_dev[task] = DevPredictions(task_type, predictions, gold)
        subsets = {file.name: subset.entry for file, subset in self.subsets.items()}
        return TrainedRun(encoder, result, tokens, on_dev, seed, subsets=subsets)

    def _hyper(self) -> Hyperparameters:
        """The hyper-parameters, with the steps that all examples of the tasks take if these are fixed."""
        if not self.fixed_steps:
            return self.hyper
        rows = [sum(map(self._rows_of, files)) for files in self.data.values()]
        return self.hyper.model_copy(update={"max_steps": steps_of(rows, self.hyper, self.text)})

    def _rows_of(self, file: TrainingFile) -> int:
        encoded = EncodedTask.read(self.runs.paths.tokens_manifest(self.model, file.task))
        return int(encoded.files[f"{file.split}.{file.language}"]["rows"])

    @cached_property
    def subsets(self) -> Mapping[TrainingFile, Subset]:
        """The examples that are used of each file that not all are used of."""
        files = (file for files in self.data.values() for file in files if not file.rule.takes_all)
        return {
            file: file.rule.of(
                self.runs.study.task(file.task), examples.read(self.runs.paths.examples(*file.place)), self.seed
            )
            for file in files
        }

    def _task_data(self, task: str) -> TaskData:
        task_type = task_type_as_encoded(self.runs, self.model, task)
        paths = {file: self.runs.paths.encoded(self.model, *file.place) for file in self.data[task]}
        only = {paths[file]: self.subsets[file].indices for file in paths if file in self.subsets}
        train_rows = EncodedRows(*paths.values(), only=only)
        rows, gold = self._dev(task, self.hyper.eval_examples)
        if not task_type.has_gold(gold):
            logger.warning("%s: its dev data has no labels; the last weights are kept instead of the best", task)
            return TaskData(task_type, train_rows)
        return TaskData(task_type, train_rows, rows, gold)

    def _dev(self, task: str, count: int | None = None) -> tuple[EncodedRows, pa.Table]:
        """The first ``count`` English dev examples of a task, encoded and canonical; None: all."""
        gold = examples.read(self.runs.paths.examples(task, "dev", ENGLISH))
        gold = gold if count is None else gold.slice(0, count)
        return EncodedRows(self.runs.paths.encoded(self.model, task, "dev", ENGLISH), examples=gold.num_rows), gold


def derived_seed(seed: int, restart: int, stage: int = 0) -> int:
    """The seed of the n-th restart of a stage, which is unlikely to be another seed of the study.

    That of the first start in the first stage is the run's own.
    """
    entropy = [seed, restart, *([stage] if stage else [])]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) if restart or stage else seed


def task_type_as_encoded(runs: Runs, model: str, task: str, labels: tuple[str, ...] | None = None) -> TaskType:
    """The task's type with the settings it was encoded with.

    Args:
        runs: The study's jobs and paths.
        model: Its name in the study.
        task: Its name.
        labels: Those that a head was trained on; None: the task's own.
    """
    encoded = EncodedTask.read(runs.paths.tokens_manifest(model, task))
    return task_type_of(runs.study.task(task), encoded.encoding, labels or encoded.labels)


def special_tokens_of(tokenizer: PreTrainedTokenizerFast, seed: int) -> SpecialTokens:
    """A tokenizer's special tokens, with a random source for task types that need one."""
    return SpecialTokens.of(tokenizer, torch.Generator().manual_seed(seed))
