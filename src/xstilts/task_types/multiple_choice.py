"""Multiple choice: HellaSwag, Cosmos QA, CommonsenseQA, Social IQa, COPA and XCOPA.

Each choice is encoded by itself as ``<s> prompt </s></s> choice </s>`` and gets one score; a softmax is taken over the
scores of an example's choices. Inputs that are too long lose tokens at the start, the longer segment first, because a
choice continues the end of its prompt. Both as in jiant's ``multiple_choice.py``, which truncated at the end before
January 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.task_types.base import IGNORED, Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import end_to_end, offsets_of, pad_inputs, run_encoder, single_texts
from xstilts.task_types.pairs import encode_pairs
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class MultipleChoice(TaskType):
    """Examples with a ``prompt``, its ``choices`` and the index of the correct one as ``label``.

    An encoded row is a whole example: the tokens of all choices end to end, and the number of tokens of each choice in
    ``lengths``.
    """

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("prompt", pa.string(), nullable=False),
            pa.field("choices", pa.list_(pa.string()), nullable=False),
            pa.field("label", pa.int32()),
        ]
    )
    gold_column: ClassVar[str] = "label"
    text_columns: ClassVar[tuple[str, ...]] = ("prompt", "choices")
    first_text: ClassVar[str] = "prompt"

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for empty prompts, missing or empty choices and labels out of range."""
        columns = (table.column(name).to_pylist() for name in ("prompt", "choices", "label"))
        for row, (prompt, choices, label) in enumerate(zip(*columns, strict=True)):
            if not prompt.strip():
                yield row, "the prompt is empty."
            if len(choices) < 2:
                yield row, f"has {len(choices)} choice{'s' * (len(choices) != 1)}; at least 2 are needed."
            elif not any(choice.strip() for choice in choices):
                yield row, "all its choices are empty."
            elif label is not None and not 0 <= label < len(choices):
                yield row, f"label {label} is not the index of a choice; there are {len(choices)}, counted from 0."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per example."""
        choices = examples.column("choices").to_pylist()
        prompts = examples.column("prompt").to_pylist()
        inputs = encode_pairs(
            tokenizer,
            [prompt for prompt, its_choices in zip(prompts, choices, strict=True) for _ in its_choices],
            [choice for its_choices in choices for choice in its_choices],
            self.encoding.max_length,
            side="left",
        )
        counts = [len(its_choices) for its_choices in choices]
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **{name: end_to_end(column, counts) for name, column in inputs.items()},
                "lengths": pa.ListArray.from_arrays(offsets_of(counts), pc.list_value_length(inputs["input_ids"])),
                "label": pc.fill_null(examples.column("label"), IGNORED).cast(pa.int32()),
            }
        )

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Build the tensors of one batch.

        Returns:
            The padded inputs, (choices of all rows, length) int64; ``choices``, (batch, most choices) bool, True where
            a choice exists; and ``labels``, (batch,) int64.
        """
        import torch

        counts = torch.tensor([len(row["lengths"]) for row in rows])
        return {
            **pad_inputs([choice for row in rows for choice in single_texts(row)], tokens),
            "choices": torch.arange(int(counts.max())) < counts[:, None],
            "labels": torch.tensor([int(row["label"]) for row in rows]),
        }

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build a sentence head with one output, the score of a choice."""
        from xstilts.task_types.heads import SentenceHead

        return SentenceHead(config, 1, sentence_vector)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return scores of shape (batch, most choices), -inf where an example has fewer choices."""
        scores: torch.Tensor = head(run_encoder(encoder, batch), batch["attention_mask"])
        missing = scores.new_full(batch["choices"].shape, float("-inf"))
        return missing.masked_scatter(batch["choices"], scores)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the batch, a float32 scalar."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), batch["labels"])

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return per row the scores of its choices, (choices,) float32."""
        scores, exist = logits.float().cpu().numpy(), batch["choices"].cpu().numpy()
        return [row[mask] for row, mask in zip(scores, exist, strict=True)]

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Return the index of the best choice of each example; the first one of equal scores."""
        predictions = [""] * examples.num_rows
        for scores, row in zip(outputs, rows, strict=True):
            predictions[row["example"]] = str(int(np.argmax(scores)))
        return predictions

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Yield (example id, problem) for predictions that are not the index of a choice."""
        counts = map(len, examples.column("choices").to_pylist())
        for identifier, prediction, count in zip(cls.scored_ids(examples), predictions, counts, strict=True):
            if prediction not in map(str, range(count)):
                yield identifier, f"'{prediction}' is not the index of a choice; there are {count}, counted from 0."

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield each gold label for all examples; it is wrong for examples with fewer choices."""
        gold = set(examples.column("label").to_pylist())
        return ([str(label)] * examples.num_rows for label in sorted(gold))

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score by accuracy."""
        gold = [str(label) for label in examples.column("label").to_pylist()]
        scores = [100.0 * (g == p) for g, p in zip(gold, predictions, strict=True)]
        return Scored({"accuracy": sum(scores) / len(scores)}, gold, list(scores))
