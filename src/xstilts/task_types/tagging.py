"""Tagging of words: UDPOS, PAN-X, CCG.

Each word is tokenised by itself and labelled on its first sub-token. Words without any sub-token, and words that are
too long, are replaced by the unknown token. ``encoding.long_sentences`` decides about sentences that are too long:

* ``split``, as in XTREME's preprocessing: several windows, split between words; decoding joins them again.
* ``truncate``, as in jiant: one window; the remaining words are not trained on and are all predicted the same tag.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.errors import UserError, did_you_mean
from xstilts.task_types.base import IGNORED, Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import pad, pad_inputs, run_encoder
from xstilts.task_types.tag_scores import span_metrics
from xstilts.task_types.tag_windows import frame, tokenise_words, word_windows, words_within
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Tagging(TaskType):
    """Sentences: the words are ``tokens``, their tags ``tags``."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("tokens", pa.list_(pa.string()), nullable=False),
            pa.field("tags", pa.list_(pa.string())),
        ]
    )
    gold_column: ClassVar[str] = "tags"
    text_columns: ClassVar[tuple[str, ...]] = ("tokens",)
    settings: ClassVar[tuple[str, ...]] = ("max_length", "long_sentences")

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for empty sentences, missing tags and unknown tags."""
        sentences = zip(table.column("tokens").to_pylist(), table.column("tags").to_pylist(), strict=True)
        for row, (words, tags) in enumerate(sentences):
            if not words:
                yield row, "the sentence has no words."
            elif tags is not None:
                yield from ((row, problem) for problem in _wrong_tags(task, words, tags))

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per window.

        Columns:

        * ``first_tokens``: per word, the position of its first sub-token in ``input_ids``;
        * ``label_ids``: per word, the id of its gold tag; ``IGNORED`` if there is no gold or the tag is not in
          ``labels`` (a CCG category that does not occur in the training data);
        * ``word_start``: the index of the window's first word in its sentence.

        Raises:
            UserError: if ``max_length`` leaves no room for a word.
        """
        sentences, tags = examples.column("tokens").to_pylist(), examples.column("tags").to_pylist()
        truncate, (before, after) = self.encoding.long_sentences == "truncate", frame(tokenizer)
        room = self._room(tokenizer, len(before) + len(after))
        pieces = tokenise_words(sentences, tokenizer, _LONGEST_WORD if truncate else room)
        ids = {label: index for index, label in enumerate(self.labels)}
        rows = []
        for example, (words, gold) in enumerate(zip(sentences, tags, strict=True)):
            lengths = [len(pieces[word]) for word in words]
            for start, stop in [(0, words_within(lengths, room))] if truncate else word_windows(lengths, room):
                sub_tokens = chain.from_iterable(pieces[word] for word in words[start : None if truncate else stop])
                inside = islice(sub_tokens, self.encoding.max_length - len(before) - len(after))
                rows.append(
                    {
                        "example": first + example,
                        "input_ids": [*before, *inside, *after],
                        "first_tokens": list(accumulate(lengths[start : stop - 1], initial=len(before))),
                        "word_start": start,
                        "label_ids": [ids.get(tag, IGNORED) for tag in (gold or [None] * len(words))[start:stop]],
                    }
                )
        return pa.Table.from_pylist(rows, _ENCODED)

    def _room(self, tokenizer: PreTrainedTokenizerFast, taken: int) -> int:
        """Return the number of sub-tokens of a sentence within which words are labelled.

        As in XTREME's ``utils_preprocess.py`` and jiant's ``udpos.py``, 3 positions are reserved for tokenizers that
        put two separators between the texts of a pair (XLM-R) and 2 for others, although ``<s>`` and ``</s>`` take
        only 2; never fewer than the special tokens of one text take.
        """
        reserved = max(tokenizer.num_special_tokens_to_add(pair=True) - 1, taken)
        if self.encoding.max_length <= reserved:
            needed = f"tagging needs at least {reserved + 1}."
            raise UserError(f"encoding.max_length is {self.encoding.max_length}; {needed}")
        return self.encoding.max_length - reserved

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Build the tensors of one batch.

        Returns:
            The padded inputs; ``labels``, (batch, length) int64, ``IGNORED`` everywhere but on first sub-tokens; and
            ``first_tokens``, (batch, words) int64, padded with -1.
        """
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
        """Build dropout and a linear layer with one output per label, for each token."""
        from torch import nn

        from xstilts.encoders.capabilities import dropout, hidden_size
        from xstilts.task_types.heads import initialise

        head = nn.Sequential(nn.Dropout(dropout(config)), nn.Linear(hidden_size(config), len(self.labels)))
        initialise(head, config)
        return head

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits of shape (batch, length, labels)."""
        logits: torch.Tensor = head(run_encoder(encoder, batch).last_hidden_state)
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the labelled words of the batch, a float32 scalar."""
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        total = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return total / (labels != IGNORED).sum().clamp(min=1)  # 0 and not 0/0 if all tags are unseen

    def loss_terms(self, batch: Batch, rows: int) -> torch.Tensor:
        """Return the number of labelled words."""
        terms: torch.Tensor = (batch["labels"] != IGNORED).sum()
        return terms

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return per row the most probable label id of each word, (words,) int64."""
        predicted = logits.argmax(dim=-1).cpu().numpy()
        first_tokens = batch["first_tokens"].cpu().numpy()
        return [ids[first[first >= 0]] for ids, first in zip(predicted, first_tokens, strict=True)]

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Return the tags of each sentence, one per word, separated by spaces.

        Words that were cut off by truncation get the alphabetically last tag, X in UDPOS and O in PAN-X: that is the
        tag which jiant's ``xtreme_submission.py`` intends, although the files it writes have the word in its place.
        """
        fill = max(self.labels)
        tags = [[fill] * len(words) for words in examples.column("tokens").to_pylist()]
        for label_ids, row in zip(outputs, rows, strict=True):
            start = row["word_start"]
            tags[row["example"]][start : start + len(label_ids)] = [self.labels[label] for label in label_ids]
        return [" ".join(sentence) for sentence in tags]

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Yield (example id, first problem) for invalid predictions; in open tag sets only the number is checked."""
        sentences = examples.column("tokens").to_pylist()
        for identifier, prediction, words in zip(cls.scored_ids(examples), predictions, sentences, strict=True):
            problem = next(_wrong_tags(task, words, prediction.split()), None)
            if problem:
                yield identifier, problem

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield the most frequent gold tag for every word."""
        sentences = examples.column("tags").to_pylist()
        tag, _ = Counter(chain.from_iterable(sentences)).most_common(1)[0]
        yield [" ".join([tag] * len(tags)) for tags in sentences]

    @classmethod
    def is_constant_prediction(cls, predictions: Sequence[str]) -> bool:
        """Return whether all words have the same predicted tag."""
        return len(set(chain.from_iterable(map(str.split, predictions)))) == 1

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score by accuracy over words and, if F1 is a primary metric, by F1 of spans.

        See :func:`xstilts.task_types.tag_scores.span_metrics`. An example's score is the accuracy over its words.
        """
        gold: list[list[str]] = examples.column("tags").to_pylist()
        predicted = [prediction.split() for prediction in predictions]
        correct = [
            sum(g == p for g, p in zip(golds, tags, strict=True)) for golds, tags in zip(gold, predicted, strict=True)
        ]
        metrics = {"accuracy": 100.0 * sum(correct) / sum(map(len, gold))}
        if "f1" in task.primary_metrics:
            metrics |= span_metrics(gold, predicted, task.labels)
        accuracies: list[float | None] = [100.0 * hits / len(tags) for hits, tags in zip(correct, gold, strict=True)]
        return Scored(metrics, [" ".join(tags) for tags in gold], accuracies)


_LONGEST_WORD = 100  # sub-tokens; longer words are noise, as in jiant
_ENCODED = pa.schema(
    [
        ("example", pa.int32()),
        ("input_ids", pa.list_(pa.int32())),
        ("first_tokens", pa.list_(pa.int32())),
        ("word_start", pa.int32()),
        ("label_ids", pa.list_(pa.int32())),
    ]
)


def _wrong_tags(task: Task, words: list[str], tags: list[str]) -> Iterator[str]:
    if len(words) != len(tags):
        yield f"the sentence has {len(words)} words but {len(tags)} tags; every word needs one."
        return
    for index, (word, tag) in enumerate(zip(words, tags, strict=True)):
        subject = f"tag '{tag}' of word {index + 1} ('{word}')"
        if not tag or len(tag.split()) != 1:
            yield f"{subject} must be one word without spaces."
        elif task.labels and tag not in task.labels:
            yield f"{subject} is not one of {task.title}'s. {did_you_mean(tag, task.labels)}"
