"""Tagging of words: UDPOS, PAN-X, CCG.

Every word is tokenised by itself and labelled on its first sub-token. A sentence that is too long becomes several
windows, cut between words; decoding joins them again, so that every word has a prediction. As in XTREME's
preprocessing, words without any token, and words too long for a window, stand as the unknown token.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.catalogue.tasks import Task
from xstilts.errors import UserError, nearest
from xstilts.formats.base import IGNORED, Batch, Format, Row, Scored, Tokens, pad, pad_inputs, run_encoder

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Tagging(Format):
    """Sentences of ``tokens`` (the words) with one of the ``tags`` each."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("tokens", pa.list_(pa.string()), nullable=False),
            pa.field("tags", pa.list_(pa.string())),
        ]
    )
    gold_column: ClassVar[str] = "tags"
    text_columns: ClassVar[tuple[str, ...]] = ("tokens",)

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        sentences = zip(table.column("tokens").to_pylist(), table.column("tags").to_pylist(), strict=True)
        for row, (words, tags) in enumerate(sentences):
            if len(words) != len(tags):
                yield row, f"the sentence has {len(words)} words but {len(tags)} tags; every word needs one."
            elif not words:
                yield row, "the sentence has no words."
            else:
                yield from ((row, problem) for problem in _wrong_tags(task, words, tags))

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """One row per window.

        Columns: ``first_tokens`` and ``label_ids`` have an entry per word, the position of its first sub-token in
        ``input_ids`` and the id of its gold tag, ``IGNORED`` where the tag is none of ``labels`` (a CCG category that
        training never saw); ``word_start`` is the index of the window's first word in its sentence.
        """
        room = self.encoding.max_length - 2
        if room < 1:
            raise UserError(f"encoding.max_length is {self.encoding.max_length}; tagging needs at least 3.")
        sentences, tags = examples.column("tokens").to_pylist(), examples.column("tags").to_pylist()
        pieces = _pieces(sentences, tokenizer, room)
        ids = {label: index for index, label in enumerate(self.labels)}
        rows = []
        for example, words in enumerate(sentences):
            lengths = [len(pieces[word]) for word in words]
            for start, stop in windows(lengths, room):
                inside = chain.from_iterable(pieces[word] for word in words[start:stop])
                rows.append(
                    {
                        "example": first + example,
                        "input_ids": [tokenizer.cls_token_id, *inside, tokenizer.sep_token_id],
                        "first_tokens": list(accumulate(lengths[start : stop - 1], initial=1)),
                        "word_start": start,
                        "label_ids": [ids.get(tag, IGNORED) for tag in tags[example][start:stop]],
                    }
                )
        return pa.Table.from_pylist(rows, _ENCODED)

    def collate(self, rows: Sequence[Row], tokens: Tokens) -> Batch:
        """Adds ``labels`` (batch, length), ``IGNORED`` but on first sub-tokens, and ``first_tokens`` (batch, words),
        filled up with -1."""
        import torch

        batch = pad_inputs(rows, tokens)
        batch["labels"] = torch.full_like(batch["input_ids"], IGNORED)
        batch["first_tokens"] = pad([row["first_tokens"] for row in rows], -1)
        is_word = batch["first_tokens"] >= 0
        sentence, _ = is_word.nonzero(as_tuple=True)
        label_ids = pad([row["label_ids"] for row in rows], IGNORED)
        batch["labels"][sentence, batch["first_tokens"][is_word]] = label_ids[is_word]
        return batch

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        from torch import nn

        from xstilts.formats.heads import initialise

        head = nn.Sequential(nn.Dropout(config.hidden_dropout_prob), nn.Linear(config.hidden_size, len(self.labels)))
        initialise(head, config)
        return head

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """(batch, length, labels)."""
        logits: torch.Tensor = head(run_encoder(encoder, batch).last_hidden_state)
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        total = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return total / (labels != IGNORED).sum().clamp(min=1)  # a tiny batch may have unseen tags only: 0, not 0/0

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Per row, the label id of each of its words."""
        predicted = logits.argmax(dim=-1).cpu().numpy()
        first_tokens = batch["first_tokens"].cpu().numpy()
        return [ids[first[first >= 0]] for ids, first in zip(predicted, first_tokens, strict=True)]

    def decode(self, outputs: Sequence[Any], rows: Sequence[Row], examples: pa.Table) -> list[str]:
        """The tags of each sentence, joined by blanks, one for every word."""
        tags = [[""] * len(words) for words in examples.column("tokens").to_pylist()]
        for label_ids, row in zip(outputs, rows, strict=True):
            start = row["word_start"]
            tags[row["example"]][start : start + len(label_ids)] = [self.labels[label] for label in label_ids]
        return [" ".join(sentence) for sentence in tags]

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Accuracy over words and, where it is the task's headline, the F1 of spans; for UDPOS too, as XTREME does."""
        gold: list[list[str]] = examples.column("tags").to_pylist()
        predicted = [prediction.split(" ") for prediction in predictions]
        right = [
            sum(g == p for g, p in zip(golds, tags, strict=True)) for golds, tags in zip(gold, predicted, strict=True)
        ]
        metrics = {"accuracy": 100.0 * sum(right) / sum(map(len, gold))}
        if "f1" in task.headline:
            metrics["f1"] = span_f1(gold, predicted)
        parts: list[float | None] = [100.0 * hits / len(tags) for hits, tags in zip(right, gold, strict=True)]
        return Scored(metrics, [" ".join(tags) for tags in gold], parts)


_ENCODED = pa.schema(
    [
        ("example", pa.int32()),
        ("input_ids", pa.list_(pa.int32())),
        ("first_tokens", pa.list_(pa.int32())),
        ("word_start", pa.int32()),
        ("label_ids", pa.list_(pa.int32())),
    ]
)


def windows(lengths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """(first word, word after the last) of consecutive windows that each hold as many words as fit.

    ``lengths`` are the words' numbers of tokens, none of them above ``room``.
    """
    start, filled = 0, 0
    for word, length in enumerate(lengths):
        if filled + length > room:
            yield start, word
            start, filled = word, 0
        filled += length
    yield start, len(lengths)


def span_f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    """seqeval's micro F1 in points.

    On part-of-speech tags, which have no B- and I-, seqeval reads a run of equal tags as one span.
    """
    from seqeval.metrics import f1_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about tags without B- and I-, and predictions without any span
        return 100.0 * float(f1_score(gold, predicted))


def _wrong_tags(task: Task, words: list[str], tags: list[str]) -> Iterator[str]:
    for index, (word, tag) in enumerate(zip(words, tags, strict=True)):
        if not tag or len(tag.split()) != 1:
            yield f"tag '{tag}' of word {index + 1} ('{word}') must be one word without blanks."
        elif task.labels and tag not in task.labels:
            yield f"tag '{tag}' of word {index + 1} ('{word}') is none of {task.title}'s. {nearest(tag, task.labels)}"


def _pieces(sentences: list[list[str]], tokenizer: PreTrainedTokenizerFast, room: int) -> dict[str, list[int]]:
    """The token ids of every different word, tokenised by itself so that it gets a word-start piece of its own."""
    words = list(dict.fromkeys(chain.from_iterable(sentences)))
    encoded = tokenizer(words, add_special_tokens=False, verbose=False)
    unknown = [tokenizer.unk_token_id]
    return {
        word: ids if 0 < len(ids) <= room else unknown for word, ids in zip(words, encoded["input_ids"], strict=True)
    }
