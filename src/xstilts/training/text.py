"""Masked language modelling on text in several languages, beside the tasks of a training or alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from xstilts.data.encoding import EncodedRows
from xstilts.encoders.languages import use_language
from xstilts.task_types.base import IGNORED, EncodedRow, SpecialTokens, TaskType
from xstilts.training import ranks
from xstilts.training.batches import language_batches, ordered_batches
from xstilts.training.device import Device
from xstilts.training.selection import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: The entry of the learning curve with the loss on held-out text.
HELD_OUT = "masked_lm_loss"
_MASKS = 0  # seed of the masks of held-out text, the same in every evaluation of every run


@dataclass(frozen=True)
class TextData:
    """A text in a training run.

    Attributes:
        task_type: Masked language modelling.
        train: The rows to train on by language.
        held_out: Rows that are not trained on, by language.
        exponent: A row's language is drawn in proportion to this power of its number of rows.
        share: The share of the steps that are on text; 1 where there are no tasks.
        head: The weights of the language-model head to start from; None: new ones.
    """

    task_type: TaskType
    train: Mapping[str, EncodedRows]
    held_out: Mapping[str, EncodedRows]
    exponent: float
    share: float = 1.0
    head: Weights | None = None

    @property
    def name(self) -> str:
        """The name of the text's files."""
        return self.task_type.task.name

    @property
    def language(self) -> str | None:
        """The language of every batch; None where batches mix languages."""
        return next(iter(self.train)) if len(self.train) == 1 else None

    @property
    def rows(self) -> int:
        """Rows to train on, in all languages."""
        return sum(map(len, self.train.values()))

    def batches(
        self, batch_size: int, rng: np.random.Generator, batch_tokens: int | None = None
    ) -> Iterator[list[EncodedRow]]:
        """Yield batches without end, of so many rows or tokens."""
        languages = list(self.train.values())
        lengths = [rows.lengths for rows in languages]
        for batch in language_batches(lengths, batch_size, self.exponent, rng, batch_tokens):
            yield [languages[language][[row]][0] for language, row in batch]

    def turns(self, rng: np.random.Generator) -> Iterator[bool]:
        """Yield of each step whether it is on text, without end."""
        while True:
            yield from (rng.random(1000) < self.share).tolist()


def steps_with_text(steps: int, text: TextData | None) -> int:
    """The steps of which so many are on tasks on average; all of them if no step is on text."""
    return steps if text is None or text.share == 1 else math.ceil(steps / (1 - text.share))


def held_out_loss(
    text: TextData, encoder: PreTrainedModel, head: nn.Module, tokens: SpecialTokens, batch_size: int, device: Device
) -> float:
    """The mean loss on held-out text in nats per predicted token, over all languages; masks are always the same.

    Several processes share the batches. Leaves encoder and head in evaluation mode.
    """
    encoder.eval()
    head.eval()
    use_language(encoder, text.language)
    masks = replace(tokens, generator=torch.Generator().manual_seed(_MASKS))
    batches = (
        text.task_type.collate(rows[indices], masks)
        for rows in text.held_out.values()
        for indices in ordered_batches(rows.lengths, batch_size)
    )
    total, count = 0.0, 0
    with ranks.inference():
        for of_turn, is_own in ranks.turns(batches):
            batch = device.move(of_turn)
            with device.autocast():
                logits = text.task_type.logits(encoder, head, batch)
            predicted = int((batch["labels"] != IGNORED).sum()) * is_own
            total += float(text.task_type.loss(logits, batch)) * predicted
            count += predicted
    totals, counts = zip(*ranks.gathered((total, count)), strict=True)
    return sum(totals) / max(1, sum(counts))
