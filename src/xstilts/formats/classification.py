"""Sentence and sentence-pair classification: XNLI, PAWS-X, ANLI+, MNLI, QQP.

Input ``<s> premise </s></s> hypothesis </s>``, truncated at the end, longer segment first; the head reads the encoder's
pooled output, as in jiant's ``ClassificationHead``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.catalogue.tasks import Task
from xstilts.formats.base import Batch, Format, Row, Scored, Tokens, inputs_of, pad_inputs, run_encoder

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Classification(Format):
    """Examples with a ``premise``, a ``hypothesis`` and a ``label``; for paraphrases, the two sentences."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("premise", pa.string(), nullable=False),
            pa.field("hypothesis", pa.string(), nullable=False),
            pa.field("label", pa.string()),
        ]
    )
    gold_column: ClassVar[str] = "label"
    text_columns: ClassVar[tuple[str, ...]] = ("premise", "hypothesis")

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        for row, label in enumerate(table.column("label").to_pylist()):
            if label not in task.labels:
                yield row, f"label '{label}' is none of {task.title}'s: {', '.join(task.labels)}."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        encoded = tokenizer(
            examples.column("premise").to_pylist(),
            examples.column("hypothesis").to_pylist(),
            truncation="longest_first",
            max_length=self.encoding.max_length,
        )
        labels = [self.labels.index(label) for label in examples.column("label").to_pylist()]
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **inputs_of(encoded),
                "label": pa.array(labels, pa.int32()),
            }
        )

    def collate(self, rows: Sequence[Row], tokens: Tokens) -> Batch:
        import torch

        return {**pad_inputs(rows, tokens), "labels": torch.tensor([int(row["label"]) for row in rows])}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        from xstilts.formats.heads import SentenceHead

        return SentenceHead(config, len(self.labels), sentence_vector)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """(batch, labels)."""
        logits: torch.Tensor = head(run_encoder(encoder, batch))
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), batch["labels"])

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        return list(logits.argmax(dim=-1).cpu().numpy())

    def decode(self, outputs: Sequence[Any], rows: Sequence[Row], examples: pa.Table) -> list[str]:
        predictions = [""] * examples.num_rows
        for output, row in zip(outputs, rows, strict=True):
            predictions[row["example"]] = self.labels[output]
        return predictions

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        gold = examples.column("label").to_pylist()
        parts: list[float | None] = [100.0 * (g == p) for g, p in zip(gold, predictions, strict=True)]
        metrics = {"accuracy": 100.0 * sum(g == p for g, p in zip(gold, predictions, strict=True)) / len(gold)}
        if "f1" in task.headline:  # of the positive class, as GLUE scores QQP
            metrics["f1"] = _f1(task.labels[1], gold, predictions)
        return Scored(metrics, gold, parts)


def _f1(positive: str, gold: Sequence[str], predictions: Sequence[str]) -> float:
    """F1 of one class in points; 0 where neither side has it."""
    hits = sum(g == p == positive for g, p in zip(gold, predictions, strict=True))
    total = list(gold).count(positive) + list(predictions).count(positive)
    return 200.0 * hits / total if total else 0.0
