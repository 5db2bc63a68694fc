"""Sentence and sentence-pair classification: XNLI, PAWS-X, ANLI+, MNLI, QQP.

The input is ``<s> premise </s></s> hypothesis </s>``, or ``<s> premise </s>`` in single-sentence tasks. Inputs that are
too long lose tokens at the end, the longer segment first. The head is that of jiant's ``ClassificationHead``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.task_types.base import IGNORED, Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import inputs_of, pad_inputs, run_encoder
from xstilts.task_types.pairs import encode_pairs
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Classification(TaskType):
    """Examples with a ``premise``, a ``hypothesis`` and a ``label``.

    In paraphrase tasks, ``premise`` and ``hypothesis`` are the two sentences. In single-sentence tasks, ``hypothesis``
    is empty.
    """

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
    first_text: ClassVar[str] = "premise"

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for unknown labels, and for second sentences in single-sentence tasks."""
        columns = (table.column(name).to_pylist() for name in ("hypothesis", "label"))
        for row, (hypothesis, label) in enumerate(zip(*columns, strict=True)):
            if task.single_sentence and hypothesis:
                yield row, f"has a second sentence, '{hypothesis}'; in {task.title} every example is one sentence."
            if label is not None and label not in task.labels:
                yield row, _unknown(task, label)

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """Yield premises, then hypotheses; the empty hypotheses of single-sentence tasks are left out."""
        return filter(None, super().texts(table, file_language, language))

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per example; ``label`` is an index into ``labels``, ``IGNORED`` without gold."""
        premises, length = examples.column("premise").to_pylist(), self.encoding.max_length
        if self.task.single_sentence:
            inputs = inputs_of(tokenizer(premises, truncation=True, max_length=length))
        else:
            hypotheses = examples.column("hypothesis").to_pylist()
            inputs = encode_pairs(tokenizer, premises, hypotheses, length, tokenizer.truncation_side)
        gold = examples.column("label").to_pylist()
        labels = [IGNORED if label is None else self.labels.index(label) for label in gold]
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **inputs,
                "label": pa.array(labels, pa.int32()),
            }
        )

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Add ``labels`` (batch,) int64 to the padded inputs."""
        import torch

        return {**pad_inputs(rows, tokens), "labels": torch.tensor([int(row["label"]) for row in rows])}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build a sentence head with one output per label."""
        from xstilts.task_types.heads import SentenceHead

        return SentenceHead(config, len(self.labels), sentence_vector)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits of shape (batch, labels)."""
        logits: torch.Tensor = head(run_encoder(encoder, batch), batch["attention_mask"])
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the batch, a float32 scalar."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), batch["labels"])

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return the most probable label id of each row."""
        return list(logits.argmax(dim=-1).cpu().numpy())

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Return the predicted label of each example."""
        predictions = [""] * examples.num_rows
        for output, row in zip(outputs, rows, strict=True):
            predictions[row["example"]] = self.labels[output]
        return predictions

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Yield (example id, problem) for predictions that are none of the task's labels."""
        for identifier, label in zip(cls.scored_ids(examples), predictions, strict=True):
            if label not in task.labels:
                yield identifier, _unknown(task, label)

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield each label for all examples; the most frequent one need not have the best F1."""
        return ([label] * examples.num_rows for label in task.labels)

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score by accuracy.

        Where ``f1`` is a primary metric, it is the F1 of the second label: in QQP duplicates, as in GLUE. Tasks that
        are scored by part also get ``accuracy_{part}``; the parts of ANLI+ are R1, R2, R3, mnli and snli.
        """
        gold = examples.column("label").to_pylist()
        correct = [g == p for g, p in zip(gold, predictions, strict=True)]
        metrics = {"accuracy": _accuracy(correct)}
        if "f1" in task.primary_metrics:
            metrics["f1"] = _f1(task.labels[1], gold, predictions)
        if task.scored_by_part:
            by_part = _by_part(cls.scored_ids(examples), correct)
            metrics |= {f"accuracy_{part}": _accuracy(correct_in_part) for part, correct_in_part in by_part.items()}
        return Scored(metrics, gold, [100.0 * hit for hit in correct])


def _unknown(task: Task, label: str) -> str:
    return f"label '{label}' is not one of {task.title}'s: {', '.join(task.labels)}."


def _accuracy(correct: Sequence[bool]) -> float:
    return 100.0 * sum(correct) / len(correct)


def _by_part(ids: Sequence[str], correct: Sequence[bool]) -> dict[str, list[bool]]:
    """Group by part, the text before the first slash of an id; ids without a slash belong to none."""
    parts: defaultdict[str, list[bool]] = defaultdict(list)
    for identifier, hit in zip(ids, correct, strict=True):
        part, slash, _ = identifier.partition("/")
        if slash:
            parts[part].append(hit)
    return parts


def _f1(positive: str, gold: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the F1 of one class in points; 0 if neither gold labels nor predictions have it."""
    hits = sum(g == p == positive for g, p in zip(gold, predictions, strict=True))
    total = list(gold).count(positive) + list(predictions).count(positive)
    return 200.0 * hits / total if total else 0.0
