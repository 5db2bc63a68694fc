"""What every format does: check examples, encode them, learn from them, decode predictions and score them.

A format is built for one task. Its life in a job::

    encode     canonical examples  -> encoded rows, one per window            (once per tokenizer and task)
    collate    encoded rows        -> tensors of one batch
    logits     encoder + head      -> tensors                                 (training and prediction)
    loss       logits + batch      -> scalar                                  (training)
    outputs    logits + batch      -> one small array per row                 (prediction)
    decode     outputs of all rows -> one text per example
    score      predictions + gold  -> metrics, and each example's own part

Encoded rows are flat Arrow tables: whole numbers and lists of them. Two columns are always there: ``example``, the
row's index among the canonical examples, and ``input_ids``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from xstilts.config.settings import Encoding
from xstilts.tasks.task import Task

if TYPE_CHECKING:  # torch takes a second to import, and checking data or building the job graph needs none of it
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

Row = Mapping[str, Any]  # an encoded row: numpy arrays and whole numbers by column
Batch = dict[str, "torch.Tensor"]

#: The label of positions that no loss is computed for.
IGNORED = -100


@dataclass(frozen=True)
class Scored:
    """Metrics of one language in points (0–100); ``gold`` and ``parts`` have one entry per example.

    Gold is None where nobody knows it. A part is the example's own contribution in points, None where the metric has
    no such thing (span F1 of a corpus).
    """

    metrics: dict[str, float]
    gold: Sequence[str | None]
    parts: Sequence[float | None]


class TaskType(ABC):
    """One task's examples in one format. Built by :func:`xstilts.task_types.task_type_of`."""

    schema: ClassVar[pa.Schema]
    #: Columns with plain text or lists of it.
    text_columns: ClassVar[tuple[str, ...]]
    #: The column with the gold answers: null in every row of a file whose release has had them removed.
    gold_column: ClassVar[str] = ""
    #: The encoding settings that examples of this format depend on.
    settings: ClassVar[tuple[str, ...]] = ("max_length",)

    def __init__(self, task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> None:
        self.task = task
        self.encoding = encoding
        self.labels = tuple(labels)

    @classmethod
    @abstractmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """(0-based row, what is wrong with it) for each canonical example that breaks the format's rules."""

    @classmethod
    def has_gold(cls, table: pa.Table) -> bool:
        """Whether a file's examples can be scored. A file has gold answers for all of them or for none."""
        return bool(cls.gold_column) and table.column(cls.gold_column).null_count == 0

    @classmethod
    def limited(cls, table: pa.Table, count: int) -> pa.Table:
        """The first ``count`` examples, for trying things out."""
        return table.slice(0, count)

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """The plain text in ``language`` that a file of ``file_language`` holds, to pretrain on."""
        if language == file_language:
            for name in cls.text_columns:
                for value in table.column(name).to_pylist():
                    yield value if isinstance(value, str) else " ".join(value)

    @abstractmethod
    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encoded rows of a slice of the canonical examples; ``first`` is the index of the slice's first example."""

    @abstractmethod
    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
        """Tensors of one batch on the CPU, padded to its longest row."""

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """A freshly initialised head for an encoder of this shape; see ``Hyperparameters.sentence_vector``."""
        raise NotImplementedError(f"{type(self).__name__} is used without a head")

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__} is not trained")

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean loss of the batch, in float32."""
        raise NotImplementedError(f"{type(self).__name__} is not trained")

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Per row, what :meth:`decode` needs, as numpy arrays on the CPU."""
        raise NotImplementedError(f"{type(self).__name__} predicts nothing by itself")

    def decode(self, outputs: Sequence[Any], rows: Sequence[Row], examples: pa.Table) -> list[str]:
        """One prediction per canonical example, as text; ``outputs[i]`` belongs to encoded row ``rows[i]``."""
        raise NotImplementedError(f"{type(self).__name__} predicts nothing by itself")

    @classmethod
    def scored_ids(cls, examples: pa.Table) -> list[str]:
        """The ids of the examples that predictions are made for."""
        ids: list[str] = examples.column("id").to_pylist()
        return ids

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """(example id, what is wrong) of each prediction that is none of the possible answers to its example."""
        return iter(())

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Predictions that look at no example and are worth trying: the best of them is what chance comes to."""
        raise NotImplementedError(f"{cls.__name__} is not scored")

    @classmethod
    def is_constant_prediction(cls, predictions: Sequence[str]) -> bool:
        """Whether all examples have got the same answer."""
        return len(set(predictions)) == 1

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Compare predictions with the gold answers of the same examples, in the same order."""
        raise NotImplementedError(f"{cls.__name__} is not scored")


@dataclass(frozen=True)
class SpecialTokens:
    """The special token ids of a tokenizer, and a random source for formats that corrupt their input."""

    pad: int
    mask: int
    special: tuple[int, ...]
    vocabulary: int
    generator: torch.Generator | None = None

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast, generator: torch.Generator | None = None) -> SpecialTokens:
        return cls(
            pad=tokenizer.pad_token_id,
            mask=tokenizer.mask_token_id,
            special=tuple(sorted(tokenizer.all_special_ids)),
            vocabulary=len(tokenizer),
            generator=generator,
        )


def pad(sequences: Sequence[Sequence[int]], value: int) -> torch.Tensor:
    """(batch, longest) int64, each row filled up with ``value`` on the right."""
    import torch

    out = np.full((len(sequences), max(map(len, sequences))), value, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        out[row, : len(sequence)] = sequence
    return torch.from_numpy(out)


def inputs_of(encoded: Mapping[str, Any]) -> dict[str, pa.Array]:
    """The columns of a tokenizer's output that are the encoder's input; the attention mask follows from lengths."""
    names = [name for name in ("input_ids", "token_type_ids") if name in encoded]
    return {name: pa.array(encoded[name], pa.list_(pa.int32())) for name in names}


def pad_inputs(rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
    """``input_ids`` and ``attention_mask`` of a batch, and ``token_type_ids`` for tokenizers that make them."""
    lengths = [len(row["input_ids"]) for row in rows]
    batch = {
        "input_ids": pad([row["input_ids"] for row in rows], tokens.pad),
        "attention_mask": pad([[1] * length for length in lengths], 0),
    }
    if "token_type_ids" in rows[0]:
        batch["token_type_ids"] = pad([row["token_type_ids"] for row in rows], 0)
    return batch


def run_encoder(encoder: PreTrainedModel, batch: Batch, **options: Any) -> Any:
    """The encoder's output for the inputs of a batch that :func:`pad_inputs` made."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    return encoder(**{name: batch[name] for name in names if name in batch}, **options)
