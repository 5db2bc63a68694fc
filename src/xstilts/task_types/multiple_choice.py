"""Multiple choice: HellaSwag, Cosmos QA, CommonsenseQA.

Each choice is read by itself as ``<s> prompt </s></s> choice </s>`` and gets one number; the numbers of an example's
choices go through one softmax. Too long pairs lose tokens at the start, the longer segment first: what a choice
continues stands at the prompt's end. Both as in jiant's ``multiple_choice.py``, which cut the end before January 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from xstilts.task_types.base import Batch, Row, Scored, SpecialTokens, TaskType, inputs_of, pad_inputs, run_encoder
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class MultipleChoice(TaskType):
    """Examples with a ``prompt``, its ``choices`` and the index of the right one as ``label``.

    An encoded row is a whole example: the choices' tokens one after the other, and how many each has in ``lengths``.
    """

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("prompt", pa.string(), nullable=False),
            pa.field("choices", pa.list_(pa.string()), nullable=False),
            pa.field("label", pa.int32(), nullable=False),
        ]
    )
    gold_column: ClassVar[str] = "label"
    text_columns: ClassVar[tuple[str, ...]] = ("prompt", "choices")

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        columns = (table.column(name).to_pylist() for name in ("prompt", "choices", "label"))
        for row, (prompt, choices, label) in enumerate(zip(*columns, strict=True)):
            if not prompt.strip():
                yield row, "the prompt is empty."
            if len(choices) < 2:
                yield row, f"has {len(choices)} choice{'s' * (len(choices) != 1)}; at least 2 are needed."
            elif not any(choice.strip() for choice in choices):
                yield row, "all its choices are empty."
            elif not 0 <= label < len(choices):
                yield row, f"label {label} names none of its {len(choices)} choices, which count from 0."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        choices = examples.column("choices").to_pylist()
        prompts = examples.column("prompt").to_pylist()
        with _truncating_from_the_start(tokenizer):
            encoded = tokenizer(
                [prompt for prompt, own in zip(prompts, choices, strict=True) for _ in own],
                [choice for own in choices for choice in own],
                truncation="longest_first",
                max_length=self.encoding.max_length,
            )
        counts = [len(own) for own in choices]
        lengths = [len(ids) for ids in encoded["input_ids"]]
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **{name: _joined(column, counts) for name, column in inputs_of(encoded).items()},
                "lengths": pa.ListArray.from_arrays(_offsets(counts), pa.array(lengths, pa.int32())),
                "label": examples.column("label").cast(pa.int32()),
            }
        )

    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
        """``input_ids`` (choices of all rows, longest), ``choices`` (batch, most): which exist, ``labels`` (batch,)."""
        import torch

        counts = torch.tensor([len(row["lengths"]) for row in rows])
        return {
            **pad_inputs([choice for row in rows for choice in _choices(row)], tokens),
            "choices": torch.arange(int(counts.max())) < counts[:, None],
            "labels": torch.tensor([int(row["label"]) for row in rows]),
        }

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        from xstilts.task_types.heads import SentenceHead

        return SentenceHead(config, 1, sentence_vector)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """(batch, most choices), -inf where an example has fewer."""
        scores: torch.Tensor = head(run_encoder(encoder, batch))
        missing = scores.new_full(batch["choices"].shape, float("-inf"))
        return missing.masked_scatter(batch["choices"], scores)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), batch["labels"])

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """The scores of each row's choices."""
        scores, exist = logits.float().cpu().numpy(), batch["choices"].cpu().numpy()
        return [row[mask] for row, mask in zip(scores, exist, strict=True)]

    def decode(self, outputs: Sequence[Any], rows: Sequence[Row], examples: pa.Table) -> list[str]:
        """The best choice's index; the first of equally good ones."""
        predictions = [""] * examples.num_rows
        for scores, row in zip(outputs, rows, strict=True):
            predictions[row["example"]] = str(int(np.argmax(scores)))
        return predictions

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        counts = map(len, examples.column("choices").to_pylist())
        for identifier, prediction, count in zip(cls.scored_ids(examples), predictions, counts, strict=True):
            if prediction not in map(str, range(count)):
                yield identifier, f"'{prediction}' names none of its {count} choices, which count from 0."

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Each place of the right choice for every example; it is wrong where an example has fewer choices."""
        gold = set(examples.column("label").to_pylist())
        return ([str(place)] * examples.num_rows for place in sorted(gold))

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        gold = [str(label) for label in examples.column("label").to_pylist()]
        right = [100.0 * (g == p) for g, p in zip(gold, predictions, strict=True)]
        return Scored({"accuracy": sum(right) / len(right)}, gold, list(right))


@contextmanager
def _truncating_from_the_start(tokenizer: PreTrainedTokenizerFast) -> Iterator[None]:
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        yield
    finally:
        tokenizer.truncation_side = side


def _offsets(counts: Sequence[int]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())


def _joined(sequences: pa.ListArray, counts: Sequence[int]) -> pa.ListArray:
    """One list per example out of one list per choice."""
    of_choices = sequences.offsets.to_numpy()
    of_examples = of_choices[_offsets(counts).to_numpy()]
    return pa.ListArray.from_arrays(pa.array(of_examples, pa.int32()), sequences.values)


def _choices(row: Row) -> Iterator[Row]:
    """Each choice of an encoded row as a row of its own."""
    ends = np.cumsum(row["lengths"])
    names = [name for name in ("input_ids", "token_type_ids") if name in row]
    for start, end in zip(ends - row["lengths"], ends, strict=True):
        yield {name: row[name][start:end] for name in names}
