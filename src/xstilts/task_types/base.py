"""The interface of a task type: check, encode, train on, decode and score the examples of one task.

A job calls the methods in this order::

    encode     canonical examples  -> encoded rows, one per window            (once per tokenizer and task)
    collate    encoded rows        -> tensors of one batch
    logits     encoder + head      -> tensor                                  (training and prediction)
    loss       logits + batch      -> scalar                                  (training)
    outputs    logits + batch      -> one small array per row                 (prediction)
    decode     outputs of all rows -> one prediction per example, as text
    score      predictions + gold  -> metrics, and a score per example

Encoded rows are flat Arrow tables of integers and lists of integers. Every task type has two columns: ``example``, the
row's index among the canonical examples, and ``input_ids``.

In the shapes of tensors, ``batch`` is the number of rows in a batch and ``length`` the number of tokens of its longest
row.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.config.settings import Encoding
from xstilts.tasks.task import Task

if TYPE_CHECKING:  # torch takes a second to import; checking data and building the job graph do not need it
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

EncodedRow = Mapping[str, Any]  # by column: an integer or an array of integers
Batch = dict[str, "torch.Tensor"]

#: The label of positions that are left out of the loss.
IGNORED = -100


@dataclass(frozen=True)
class Scored:
    """Predictions for one language, scored.

    Attributes:
        metrics: By name, in points (0-100).
        gold: The gold answer of each example as text; None where the release does not include it.
        example_scores: The score of each example in points; None for metrics that are not means over examples.
    """

    metrics: dict[str, float]
    gold: Sequence[str | None]
    example_scores: Sequence[float | None]


class TaskType(ABC):
    """Encoding, loss, decoding and scoring of one task; built by :func:`xstilts.task_types.task_type_of`.

    Attributes:
        task: The task's declaration.
        encoding: The encoding settings for the task.
        labels: The label set; label ids are positions in it.
    """

    #: Columns of the canonical examples.
    schema: ClassVar[pa.Schema]
    #: Columns that hold plain text or lists of words.
    text_columns: ClassVar[tuple[str, ...]]
    #: The column whose text begins the input, which a model's prefix is put before; empty where there is none.
    first_text: ClassVar[str] = ""
    #: The column with the gold answers; null in every row of a file whose release leaves them out.
    gold_column: ClassVar[str] = ""
    #: The encoding settings that encoded rows of this type depend on.
    settings: ClassVar[tuple[str, ...]] = ("max_length",)
    #: Whether ``collate`` draws random numbers, so that batches have to be collated in the order of the steps.
    draws: ClassVar[bool] = False
    #: Whether the loss of a row depends on the others of its batch, so that smaller micro-batches change the task.
    whole_batches: ClassVar[bool] = False

    def __init__(self, task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> None:
        self.task = task
        self.encoding = encoding
        self.labels = tuple(labels)

    @classmethod
    @abstractmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Check canonical examples.

        Yields:
            The 0-based row of each invalid example and what is wrong with it.
        """

    @classmethod
    def has_gold(cls, table: pa.Table) -> bool:
        """Return whether a file has gold answers; it has them for all of its examples or for none."""
        return bool(cls.gold_column) and table.column(cls.gold_column).null_count == 0

    @classmethod
    def limited(cls, table: pa.Table, count: int) -> pa.Table:
        """Return the first ``count`` examples, for test runs."""
        return table.slice(0, count)

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """Yield the plain text in ``language`` from a file of ``file_language``, to pretrain on."""
        if language == file_language:
            for name in cls.text_columns:
                for value in table.column(name).to_pylist():
                    yield value if isinstance(value, str) else " ".join(value)

    @abstractmethod
    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode a slice of the canonical examples.

        Args:
            examples: Rows of ``schema``.
            tokenizer: The encoder's tokenizer.
            first: The index of the slice's first example among all examples of the file.

        Returns:
            Encoded rows, in the order of the examples.
        """

    @abstractmethod
    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Build the tensors of one batch on the CPU, padded to its longest row.

        Args:
            rows: The encoded rows of the batch.
            tokens: The tokenizer's special tokens.

        Returns:
            The inputs of :func:`pad_inputs` and the tensors that ``loss`` and ``outputs`` of the task type need.
        """

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build a freshly initialised head.

        Args:
            config: The configuration of the encoder that the head is put on.
            sentence_vector: What a sentence head reads; see ``Hyperparameters.sentence_vector``.
        """
        raise NotImplementedError(f"{type(self).__name__} is used without a head")

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Run encoder and head on a batch; the shape depends on the task type."""
        raise NotImplementedError(f"{type(self).__name__} is not trained")

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean loss of the batch as a float32 scalar."""
        raise NotImplementedError(f"{type(self).__name__} is not trained")

    def loss_terms(self, batch: Batch, rows: int) -> torch.Tensor:
        """Return how many terms the loss of a batch of so many rows is the mean of: its rows, or its labelled tokens.

        A scalar on the batch's device.
        """
        return batch["input_ids"].new_tensor(rows)

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return what ``decode`` needs of each row, as numpy arrays on the CPU."""
        raise NotImplementedError(f"{type(self).__name__} makes no predictions of its own")

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Turn outputs into predictions.

        Args:
            outputs: What :meth:`outputs` returned for each row.
            rows: The encoded rows, in the order of ``outputs``.
            examples: All canonical examples of the file.

        Returns:
            One prediction per canonical example, as text.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no predictions of its own")

    @classmethod
    def scored_ids(cls, examples: pa.Table) -> list[str]:
        """Return the ids of the examples that predictions are made for."""
        ids: list[str] = examples.column("id").to_pylist()
        return ids

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Check predictions against the possible answers to their examples.

        Yields:
            The example id of each invalid prediction and what is wrong with it.
        """
        return iter(())

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield predictions that do not depend on the input; the best score among them is the chance level."""
        raise NotImplementedError(f"{cls.__name__} is not scored")

    @classmethod
    def is_constant_prediction(cls, predictions: Sequence[str]) -> bool:
        """Return whether all examples have the same prediction."""
        return len(set(predictions)) == 1

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Compare predictions with the gold answers.

        Args:
            task: The task's declaration.
            language: The language of the examples.
            predictions: One per entry of :meth:`scored_ids`, in that order.
            examples: The canonical examples, with gold answers.
        """
        raise NotImplementedError(f"{cls.__name__} is not scored")


@dataclass(frozen=True)
class SpecialTokens:
    """The special token ids of a tokenizer, and a random generator for task types that corrupt their input.

    Attributes:
        pad: The padding token.
        mask: The mask token; None where a tokenizer has none, as decoders' have.
        special: All special tokens, in ascending order.
        vocabulary: The number of tokens in the vocabulary.
        generator: Draws which tokens are masked; None uses torch's global generator.
        longest: The most tokens of an input.
        multiple: Batches are padded to a length that is a multiple of this, but to no more than ``longest``.
    """

    pad: int
    mask: int | None
    special: tuple[int, ...]
    vocabulary: int
    generator: torch.Generator | None = None
    longest: int = 0
    multiple: int = 1

    def padded_length(self, length: int) -> int:
        """The length that a batch is padded to whose longest row has so many tokens."""
        return max(length, min(self.longest, math.ceil(length / self.multiple) * self.multiple))

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast, generator: torch.Generator | None = None) -> SpecialTokens:
        """Read the special tokens of a tokenizer."""
        return cls(
            pad=tokenizer.pad_token_id,
            mask=tokenizer.mask_token_id,
            special=tuple(sorted(tokenizer.all_special_ids)),
            vocabulary=len(tokenizer),
            generator=generator,
            longest=tokenizer.model_max_length,
        )
