"""Sentence and sentence-pair classification: XNLI, PAWS-X, ANLI+, MNLI, QQP.

Input ``<s> premise </s></s> hypothesis </s>``, truncated at the end, longer segment first; the head reads the encoder's
pooled output, as in jiant's ``ClassificationHead``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.task_types.base import (
    IGNORED,
    Batch,
    Row,
    Scored,
    SpecialTokens,
    TaskType,
    inputs_of,
    pad_inputs,
    run_encoder,
)
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Classification(TaskType):
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
            if label is not None and label not in task.labels:
                yield row, _unknown(task, label)

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """One row per example; its ``label`` is an index into ``labels``, ``IGNORED`` where there is no gold."""
        encoded = tokenizer(
            examples.column("premise").to_pylist(),
            examples.column("hypothesis").to_pylist(),
            truncation="longest_first",
            max_length=self.encoding.max_length,
        )
        gold = examples.column("label").to_pylist()
        labels = [IGNORED if label is None else self.labels.index(label) for label in gold]
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **inputs_of(encoded),
                "label": pa.array(labels, pa.int32()),
            }
        )

    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
        import torch

        return {**pad_inputs(rows, tokens), "labels": torch.tensor([int(row["label"]) for row in rows])}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        from xstilts.task_types.heads import SentenceHead

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
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        for identifier, label in zip(cls.scored_ids(examples), predictions, strict=True):
            if label not in task.labels:
                yield identifier, _unknown(task, label)

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Each label for every example: the most frequent one is best in accuracy, but not always in QQP's F1."""
        return ([label] * examples.num_rows for label in task.labels)

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Accuracy; for QQP also the F1 of duplicates, as GLUE has it; for ANLI+ also ``accuracy_{part}``, the parts
        being R1, R2, R3, mnli and snli."""
        gold = examples.column("label").to_pylist()
        right = [g == p for g, p in zip(gold, predictions, strict=True)]
        metrics = {"accuracy": _share(right)}
        if "f1" in task.primary_metrics:
            metrics["f1"] = _f1(task.labels[1], gold, predictions)
        if task.name == "anli":
            metrics |= {f"accuracy_{part}": _share(own) for part, own in _by_part(cls.scored_ids(examples), right)}
        return Scored(metrics, gold, [100.0 * hit for hit in right])


def _unknown(task: Task, label: str) -> str:
    return f"label '{label}' is none of {task.title}'s: {', '.join(task.labels)}."


def _share(right: Sequence[bool]) -> float:
    return 100.0 * sum(right) / len(right)


def _by_part(ids: Sequence[str], right: Sequence[bool]) -> Iterator[tuple[str, list[bool]]]:
    """ANLI+'s parts, by what stands before the first slash of the ids that have one."""
    parts: defaultdict[str, list[bool]] = defaultdict(list)
    for identifier, hit in zip(ids, right, strict=True):
        part, slash, _ = identifier.partition("/")
        if slash:
            parts[part].append(hit)
    yield from parts.items()


def _f1(positive: str, gold: Sequence[str], predictions: Sequence[str]) -> float:
    """F1 of one class in points; 0 where neither side has it."""
    hits = sum(g == p == positive for g, p in zip(gold, predictions, strict=True))
    total = list(gold).count(positive) + list(predictions).count(positive)
    return 200.0 * hits / total if total else 0.0
