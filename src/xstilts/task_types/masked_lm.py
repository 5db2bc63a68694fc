"""Masked language modelling on unlabelled text: pretraining.

Of the tokens, ``mask_probability`` are to be predicted; 80 % of those are masked, 10 % replaced by a random token, 10 %
left (Devlin et al. 2019), drawn anew for every batch. Special tokens and padding are never predicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from xstilts.task_types.base import IGNORED, Batch, Row, SpecialTokens, TaskType, pad_inputs, run_encoder
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class MaskedLM(TaskType):
    """Passages of ``text``; long ones become several rows."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)]
    )
    text_columns: ClassVar[tuple[str, ...]] = ("text",)
    settings: ClassVar[tuple[str, ...]] = ("max_length", "mask_probability")

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        for row, text in enumerate(table.column("text").to_pylist()):
            if not text.strip():
                yield row, "the passage is empty."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        texts = examples.column("text").to_pylist()
        encoded = tokenizer(texts, truncation=True, max_length=self.encoding.max_length, return_overflowing_tokens=True)
        return pa.table(
            {
                "example": pa.array([first + i for i in encoded["overflow_to_sample_mapping"]], pa.int32()),
                "input_ids": pa.array(encoded["input_ids"], pa.list_(pa.int32())),
            }
        )

    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
        """Adds ``labels``: the original token where one is to be predicted, else ``IGNORED``."""
        import torch

        batch = pad_inputs(rows, tokens)
        original = batch["input_ids"]
        chance = torch.rand(original.shape, generator=tokens.generator)
        fate = torch.rand(original.shape, generator=tokens.generator)
        noise = torch.randint(tokens.vocabulary, original.shape, generator=tokens.generator)
        special = torch.isin(original, torch.tensor(tokens.special))
        chosen = (chance < self.encoding.mask_probability) & ~special & batch["attention_mask"].bool()
        corrupted = torch.where(chosen & (fate < 0.8), tokens.mask, original)
        corrupted = torch.where(chosen & (fate >= 0.9), noise, corrupted)
        return {**batch, "input_ids": corrupted, "labels": original.masked_fill(~chosen, IGNORED)}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        from xstilts.task_types.heads import MaskedLMHead

        return MaskedLMHead(config)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """(tokens to predict, vocabulary): the vocabulary's width makes all other positions too dear to compute."""
        hidden = run_encoder(encoder, batch).last_hidden_state[batch["labels"] != IGNORED]
        logits: torch.Tensor = head(hidden, encoder.get_input_embeddings().weight)
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        total = cross_entropy(logits.float(), labels[labels != IGNORED], reduction="sum")
        return total / max(1, len(logits))  # a tiny batch may have nothing to predict: loss 0, not 0/0
