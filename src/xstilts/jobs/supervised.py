"""Training on labelled tasks, as jobs do it: judged on English dev data, begun again where nothing was learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch

from xstilts.config.settings import Hyperparameters
from xstilts.data import examples
from xstilts.data.encoding import EncodedRows, EncodedTask
from xstilts.errors import Diverged
from xstilts.graph.runs import Runs
from xstilts.jobs.results import Results
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens, TaskType
from xstilts.tasks.languages import ENGLISH
from xstilts.training.collapse import DevOutcome, collapse_reason, dev_outcome
from xstilts.training.device import Device
from xstilts.training.loop import TaskData, Trained, train
from xstilts.training.prediction import predict
from xstilts.training.session import Session

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


@dataclass(frozen=True)
class DevPredictions:
    """What the weights that were kept predict for all English dev examples of a task they were trained on."""

    task_type: TaskType
    predictions: Sequence[str]
    gold: pa.Table

    @property
    def dev_outcome(self) -> DevOutcome:
        return dev_outcome(self.task_type, self.predictions, self.gold)


@dataclass(frozen=True)
class TrainedRun:
    """How a lesson came out. ``judged`` lacks tasks whose dev data has no labels; ``restarts`` say of each earlier
    beginning its seed, and why it was given up."""

    encoder: PreTrainedModel
    trained: Trained
    tokens: SpecialTokens
    dev: Mapping[str, DevPredictions]
    seed: int
    restarts: Sequence[Mapping[str, Any]] = ()

    @property
    def collapse_reason(self) -> str:
        """Why the run counts as collapsed: none of its tasks was learnt. Empty where one was, or nobody can tell."""
        reasons = [collapse_reason(judged.dev_outcome) for judged in self.dev.values()]
        return "; ".join(reasons) if all(reasons) else ""

    def add_dev(self, results: Results, stage: str) -> None:
        for judged in self.dev.values():
            results.add_dev(stage, judged.task_type, ENGLISH, judged.predictions, judged.gold)

    def record(self) -> dict[str, Any]:
        """What a job's record says of the training, beside the loop's own account."""
        found = {task: vars(judged.dev_outcome) for task, judged in self.dev.items()}
        return {"learnt": found, "seed": self.seed, "restarts": list(self.restarts)}


@dataclass(frozen=True)
class SupervisedRun:
    """What a job trains on, and what it starts from: ``begin`` makes the encoder anew, with the seed it is given.

    ``train_examples`` is how many training examples of each task are used, all where None.
    """

    runs: Runs
    model: str
    what: str
    tasks: Sequence[str]
    hyper: Hyperparameters
    seed: int
    begin: Callable[[int], PreTrainedModel]
    train_examples: int | None = None

    def train(self, loaded: PreTrainedTokenizerFast, device: Device, session: Session) -> TrainedRun:
        """Train, and begin again as often as ``hyper.restarts`` allows where that diverged or collapsed.

        Raises:
            Diverged: the last beginning has, too.
            Stopped: someone has asked the run to stop.
        """
        while True:
            restarts = session.restarts()
            seed, last = derived_seed(self.seed, len(restarts)), len(restarts) >= self.hyper.restarts
            try:
                learned = self._train_once(seed, loaded, device, session)
                reason = learned.collapse_reason
            except Diverged as error:
                if last:
                    raise
                reason = str(error)
            if last or not reason:
                return replace(learned, restarts=restarts)
            session.begin_again(seed, reason)

    def _train_once(self, seed: int, loaded: PreTrainedTokenizerFast, device: Device, session: Session) -> TrainedRun:
        encoder, tokens = self.begin(seed), tokens_of(loaded, seed)
        task_data = [self._task_data(task) for task in self.tasks]
        trained = train(encoder, task_data, tokens, self.hyper, seed, device, self.what, session)
        judged = {}
        for task in self.tasks:
            task_type, (rows, gold) = task_type_as_encoded(self.runs, self.model, task), self._dev(task)
            if task_type.has_gold(gold):
                head, size = trained.heads[task], self.hyper.batch_size
                found = predict(task_type, encoder, head, rows, gold, tokens, size, device)
                judged[task] = DevPredictions(task_type, found, gold)
        return TrainedRun(encoder, trained, tokens, judged, seed)

    def _task_data(self, task: str) -> TaskData:
        task_type = task_type_as_encoded(self.runs, self.model, task)
        encoded = self.runs.paths.encoded(self.model, task, "train", ENGLISH)
        train_rows = EncodedRows(encoded, only=self.subset(task))
        rows, gold = self._dev(task, self.hyper.eval_examples)
        if not task_type.has_gold(gold):
            print(f"{task}: its dev data has no labels; the last weights are kept instead of the best", flush=True)
            return TaskData(task_type, train_rows)
        return TaskData(task_type, train_rows, rows, gold)

    def subset(self, task: str) -> list[int] | None:
        """The training examples to use of a task: of the same seed, those of a smaller arm are among them."""
        if self.train_examples is None:
            return None
        encoded = EncodedTask.read(self.runs.paths.tokens_manifest(self.model, task))
        order = np.random.default_rng(self.seed).permutation(encoded.files[f"train.{ENGLISH}"]["examples"])
        return sorted(order[: self.train_examples].tolist())

    def _dev(self, task: str, count: int | None = None) -> tuple[EncodedRows, pa.Table]:
        """The first ``count`` English dev examples of a task, encoded and canonical; all where None."""
        gold = examples.read(self.runs.paths.examples(task, "dev", ENGLISH))
        gold = gold if count is None else gold.slice(0, count)
        return EncodedRows(self.runs.paths.encoded(self.model, task, "dev", ENGLISH), examples=gold.num_rows), gold


def derived_seed(seed: int, restart: int) -> int:
    """A run's own seed, or that of its n-th restart: no seed of a study is likely to be the same."""
    return int(np.random.SeedSequence([seed, restart]).generate_state(1)[0]) if restart else seed


def task_type_as_encoded(runs: Runs, model: str, task: str, labels: tuple[str, ...] | None = None) -> TaskType:
    """The task's format as it was encoded; ``labels`` are those that a head was trained on."""
    encoded = EncodedTask.read(runs.paths.tokens_manifest(model, task))
    return task_type_of(runs.study.task(task), encoded.encoding, labels or encoded.labels)


def tokens_of(loaded: PreTrainedTokenizerFast, seed: int) -> SpecialTokens:
    """A tokenizer's special tokens, with a random source for formats that need one."""
    return SpecialTokens.of(loaded, torch.Generator().manual_seed(seed))
