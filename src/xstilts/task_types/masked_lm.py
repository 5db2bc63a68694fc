"""Masked language modelling on unlabelled text, for pretraining.

Each token is selected for prediction with probability ``mask_probability``, anew in every batch. Of the selected
tokens, 80 % are masked, 10 % replaced by a random token and 10 % left unchanged (Devlin et al. 2019). Special tokens
and padding are never selected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from xstilts.task_types.base import IGNORED, Batch, EncodedRow, SpecialTokens, TaskType
from xstilts.task_types.inputs import pad_inputs, run_encoder
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class MaskedLM(TaskType):
    """Passages of ``text``; long ones are split into several rows."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)]
    )
    text_columns: ClassVar[tuple[str, ...]] = ("text",)
    settings: ClassVar[tuple[str, ...]] = ("max_length", "mask_probability")
    draws: ClassVar[bool] = True

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for empty passages."""
        for row, text in enumerate(table.column("text").to_pylist()):
            if not text.strip():
                yield row, "the passage is empty."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode each passage as consecutive rows of at most ``max_length`` tokens, without overlap."""
        texts = examples.column("text").to_pylist()
        encoded = tokenizer(texts, truncation=True, max_length=self.encoding.max_length, return_overflowing_tokens=True)
        return pa.table(
            {
                "example": pa.array([first + i for i in encoded["overflow_to_sample_mapping"]], pa.int32()),
                "input_ids": pa.array(encoded["input_ids"], pa.list_(pa.int32())),
            }
        )

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Corrupt ``input_ids`` and add ``labels`` (batch, length) int64.

        A label is the original token where one is to be predicted, else ``IGNORED``.
        """
        import torch

        assert tokens.mask is not None, "tokenizers that the workflow trains have a mask token"
        batch = pad_inputs(rows, tokens)
        original = batch["input_ids"]
        selection = torch.rand(original.shape, generator=tokens.generator)
        replacement = torch.rand(original.shape, generator=tokens.generator)
        random_tokens = torch.randint(tokens.vocabulary, original.shape, generator=tokens.generator)
        special = torch.isin(original, torch.tensor(tokens.special))
        selected = (selection < self.encoding.mask_probability) & ~special & batch["attention_mask"].bool()
        corrupted = torch.where(selected & (replacement < 0.8), tokens.mask, original)
        corrupted = torch.where(selected & (replacement >= 0.9), random_tokens, corrupted)
        return {**batch, "input_ids": corrupted, "labels": original.masked_fill(~selected, IGNORED)}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build RoBERTa's masked-LM head."""
        from xstilts.task_types.heads import MaskedLMHead

        return MaskedLMHead(config)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits of shape (tokens to predict, vocabulary).

        Other positions are left out: over the whole vocabulary they would be too expensive.
        """
        hidden = run_encoder(encoder, batch).last_hidden_state[batch["labels"] != IGNORED]
        logits: torch.Tensor = head(hidden, encoder.get_input_embeddings().weight)
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the tokens to predict, a float32 scalar."""
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        total = cross_entropy(logits.float(), labels[labels != IGNORED], reduction="sum")
        return total / max(1, len(logits))  # 0 and not 0/0 for a tiny batch with nothing to predict

    def loss_terms(self, batch: Batch, rows: int) -> torch.Tensor:
        """Return the number of tokens to predict."""
        terms: torch.Tensor = (batch["labels"] != IGNORED).sum()
        return terms
