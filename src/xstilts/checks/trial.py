"""A trial of a ready-made encoder before anything is encoded: one tiny batch of each kind that the study needs.

Tokenizer, encoder and head are put together as in training. A pair of texts has to go in and a loss to come out and
back, and an answer and tags have to come back as they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from xstilts.config.settings import Encoding
from xstilts.encoders import capabilities
from xstilts.errors import UserError
from xstilts.task_types import task_type_of
from xstilts.task_types.base import IGNORED, Batch, EncodedRow, SpecialTokens, TaskType
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_SENTENCES = ("Anna lives in Amsterdam, and not in Rome.", "Anna has seen the old bridge.")
_ANSWER, _QUESTION = "Amsterdam", "Where does Anna live?"
_LENGTH = 128  # tokens: more than any input of a trial has, even if every character is one
_SAME = 1e-6  # the largest relative difference between what counts as the same
_PADDED = 1e-4  # the largest relative difference that padding may make

#: What heads for sentences can read, by the key of the study that says so.
SentenceVectors = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Trial:
    """One encoder with its tokenizer, tried out on tasks.

    Attributes:
        model: Its name in the study, for messages.
        encoder: The encoder; its larger weights get no gradients from now on.
        tokenizer: The tokenizer, fitted to it.
    """

    model: str
    encoder: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast

    def problems(self, tasks: Sequence[Task], longest: int, sentence_vectors: SentenceVectors) -> Iterator[UserError]:
        """Try all that a study asks of the encoder.

        Args:
            tasks: The study's tasks; one of each type is tried.
            longest: The most tokens of an input.
            sentence_vectors: Pairs of a key of the study and what it says that heads for sentences read.

        Yields:
            Of the longest input, and of each type of task, the first thing that does not fit or does not come back as
            it should.
        """
        for weight in self.encoder.parameters():
            weight.requires_grad_(weight.dim() == 1)  # of every layer some, at little memory
        limit = min(_LENGTH, capabilities.longest_input(self.encoder.config) or _LENGTH)
        attempts: list[tuple[str, Callable[[], None]]] = [
            (f"an input of {longest} tokens", partial(self._try_length, longest))
        ]
        for task in {(task.type, task.single_sentence): task for task in tasks}.values():
            attempts.append((f"a batch of {task.title}", partial(self._try_task, task, limit, sentence_vectors)))
        for what, attempt in attempts:
            try:
                attempt()
            except UserError as error:
                yield error
            except Exception as error:  # whatever its code raises: the encoder is of a family that nobody has tried yet
                reason = f"{type(error).__name__}: {error}"
                yield self._refuse(f"{what} does not go through this encoder ({reason}).")

    def _refuse(self, what: str) -> UserError:
        return UserError(f"models.{self.model}: {what}")

    def _try_length(self, longest: int) -> None:
        import torch

        self.encoder.eval()
        number = self.tokenizer("a")["input_ids"][0]
        ids = torch.full((1, longest), number, device=self.encoder.device)
        with torch.no_grad():
            self.encoder(input_ids=ids, attention_mask=torch.ones_like(ids))

    def _try_task(self, task: Task, limit: int, sentence_vectors: SentenceVectors) -> None:
        task_type = task_type_of(task, Encoding(max_length=limit), task.labels or ("A", "B"))
        examples = _examples(task_type)
        if task.type == "masked_lm" and self.tokenizer.mask_token_id is None:
            raise self._refuse("its tokenizer has no mask token, without which there is no masked language modelling.")
        rows = _rows(task_type.encode(examples, self.tokenizer))
        batch = task_type.collate(rows, SpecialTokens.of(self.tokenizer))
        self._check_padding(batch)
        if task.type == "retrieval":
            return
        if task.type in ("classification", "multiple_choice"):
            if len(rows[0]["input_ids"]) < limit:  # else it may have been cut
                self._check_pair(rows[0]["input_ids"].tolist(), task)
            for key, vector in sentence_vectors:
                self._check_training(task_type, batch, vector)
                self._check_vector(task_type, batch, key, vector)
        elif task.type in ("masked_lm", "dual_encoder"):
            self._check_training(task_type, batch, "pooler")
        else:
            self._check_training(task_type, batch, "pooler")
            self._check_answers(task_type, rows, batch, examples)

    def _check_padding(self, batch: Batch) -> None:
        """Check that the shortest row has the same states alone as beside longer ones."""
        import torch

        from xstilts.task_types.inputs import run_encoder

        self.encoder.eval()
        shortest = int(batch["attention_mask"].sum(dim=1).argmin())
        length = int(batch["attention_mask"][shortest].sum())
        shape = batch["input_ids"].shape
        alone = {k: v[shortest : shortest + 1, :length] for k, v in batch.items() if v.shape == shape}
        with torch.no_grad():
            states = run_encoder(self.encoder, batch).last_hidden_state[shortest, :length]
            expected = run_encoder(self.encoder, alone).last_hidden_state[0]
        if not torch.isfinite(states).all():
            raise self._refuse("its hidden states are not finite: the encoder is broken.")
        if _difference(states, expected) > _PADDED:
            raise self._refuse("padding changes what this encoder makes of a text: it does not use attention masks.")

    def _check_pair(self, ids: list[int], task: Task) -> None:
        """Check that the first row begins with the first text and, where there is one, goes on with the second."""
        first, second = self.tokenizer(list(_SENTENCES), add_special_tokens=False)["input_ids"]
        start = _find(first, ids)
        rest = ids[start + len(first) + 1 :] if start is not None else []  # something has to stand between the texts
        if start is None or (not task.single_sentence and _find(second, rest) is None):
            raise self._refuse("its tokenizer does not keep the two texts of a pair apart, and whole, in one input.")

    def _check_training(self, task_type: TaskType, batch: Batch, sentence_vector: str) -> None:
        import torch

        self.encoder.train()
        self.encoder.zero_grad(set_to_none=True)
        head = task_type.head(self.encoder.config, sentence_vector).to(self.encoder.device)
        loss = task_type.loss(task_type.logits(self.encoder, head, batch), batch)
        loss.backward()
        gradients = [weight.grad for weight in self.encoder.parameters() if weight.grad is not None]
        if not gradients or not all(bool(torch.isfinite(value).all()) for value in (loss, *gradients)):
            raise self._refuse(f"training on {task_type.task.title} gives this encoder no finite gradients.")

    def _check_vector(self, task_type: TaskType, batch: Batch, key: str, sentence_vector: str) -> None:
        """Check that heads for sentences see a difference between two texts that begin alike."""
        import torch

        self.encoder.eval()
        head = task_type.head(self.encoder.config, sentence_vector).to(self.encoder.device).eval()
        with torch.no_grad():
            logits = task_type.logits(self.encoder, head, batch)
        one, other = logits[0] if task_type.task.type == "multiple_choice" else logits  # two choices, or two pairs
        if _difference(one, other) <= _SAME:
            raise self._refuse(
                f"{key} is '{sentence_vector}', but what this encoder has there is the same for two texts that begin "
                f"alike: its attention is causal. Use 'last_token', 'mean', or models.{self.model}.causal_mask: remove."
            )

    def _check_answers(self, task_type: TaskType, rows: list[EncodedRow], batch: Batch, examples: pa.Table) -> None:
        """Check that labels, made certain predictions, are decoded to the gold answers."""
        predictions = task_type.decode(task_type.outputs(_certain(task_type, batch), batch), rows, examples)
        gold = [
            " ".join(answer) if task_type.task.type == "tagging" else answer[0]
            for answer in examples.column(task_type.gold_column).to_pylist()
        ]
        for expected, found in zip(gold, predictions, strict=True):
            if found != expected:
                what = f"'{found}' comes back where '{expected}' was asked for"
                raise self._refuse(f"{what} in {task_type.task.title}: its tokenizer does not say where tokens lie.")


def _examples(task_type: TaskType) -> pa.Table:
    """Two examples of a task type."""
    first, second = _SENTENCES
    labels, single = task_type.labels, task_type.task.single_sentence
    columns: dict[str, list[Any]] = {"id": ["1", "2"]}
    match task_type.task.type:
        case "classification":
            others = ["", ""] if single else [second, _QUESTION]
            columns |= {"premise": [first, second], "hypothesis": others, "label": [labels[0], labels[-1]]}
        case "multiple_choice":
            columns |= {"prompt": [first] * 2, "choices": [[second, _QUESTION]] * 2, "label": [0, 1]}
        case "tagging":
            words = [sentence.rstrip(".").replace(",", "").split() for sentence in _SENTENCES]
            tags = [[labels[(index + shift) % len(labels)] for index in range(len(w))] for shift, w in enumerate(words)]
            columns |= {"tokens": words, "tags": tags}
        case "span_qa":
            starts = [[first.index(_ANSWER)]] * 2
            columns |= {"context": [first, f"{first} {second}"], "question": [_QUESTION] * 2}
            columns |= {"answers": [[_ANSWER]] * 2, "answer_starts": starts}
        case "retrieval":
            columns |= {"side": ["foreign", "english"], "text": [first, second], "matches": [[], ["1"]]}
        case "dual_encoder":
            columns |= {"query": [_QUESTION, second], "candidate": [first, second], "matches": [["1"], ["2"]]}
        case "masked_lm":
            columns |= {"text": [first, second]}
    return pa.table(columns, schema=task_type.schema)


def _rows(encoded: pa.Table) -> list[EncodedRow]:
    """Encoded rows as they are read from a file."""
    rows = encoded.to_pylist()
    return [{name: np.array(v) if isinstance(v, list) else v for name, v in row.items()} for row in rows]


def _certain(task_type: TaskType, batch: Batch) -> torch.Tensor:
    """Logits that leave no doubt about the labels of a batch of tags or answers."""
    import torch
    from torch.nn.functional import one_hot

    if task_type.task.type == "tagging":
        labels = batch["labels"]
        return one_hot(labels.masked_fill(labels == IGNORED, 0), len(task_type.labels)).float()
    length = batch["input_ids"].shape[1]
    return 10 * torch.stack([one_hot(batch[name], length) for name in ("start", "end")], dim=-1).float()


def _find(part: list[int], ids: list[int]) -> int | None:
    """Where a list begins in another; None where it is not in it."""
    return next((start for start in range(len(ids)) if ids[start : start + len(part)] == part), None)


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference between two tensors, relative to the largest number in them."""
    return float((one - other).abs().max() / other.abs().max().clamp(min=1e-12))
