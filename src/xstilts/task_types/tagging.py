"""Tagging of words: UDPOS, PAN-X, CCG.

Every word is tokenised by itself and labelled on its first sub-token; words without any sub-token, and overlong ones,
stand as the unknown token. What becomes of a sentence that is too long is for ``encoding.long_sentences`` to say:

``split``, as in XTREME's preprocessing: several windows, cut between words, which decoding joins again.
``truncate``, as in jiant: one window; the words beyond are not learnt from, and all get the same tag.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from xstilts.errors import UserError, nearest
from xstilts.task_types.base import IGNORED, Batch, Row, Scored, SpecialTokens, TaskType, pad, pad_inputs, run_encoder
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class Tagging(TaskType):
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
    settings: ClassVar[tuple[str, ...]] = ("max_length", "long_sentences")

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        sentences = zip(table.column("tokens").to_pylist(), table.column("tags").to_pylist(), strict=True)
        for row, (words, tags) in enumerate(sentences):
            if not words:
                yield row, "the sentence has no words."
            elif tags is not None:
                yield from ((row, problem) for problem in _wrong_tags(task, words, tags))

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """One row per window.

        Columns: ``first_tokens`` and ``label_ids`` have an entry per word, the position of its first sub-token in
        ``input_ids`` and the id of its gold tag, ``IGNORED`` where the tag is none of ``labels`` (a CCG category that
        training never saw) or there is no gold; ``word_start`` is the index of the window's first word in its sentence.
        """
        sentences, tags = examples.column("tokens").to_pylist(), examples.column("tags").to_pylist()
        truncates, room = self.encoding.long_sentences == "truncate", self._room(tokenizer)
        pieces = _pieces(sentences, tokenizer, _LONGEST_WORD if truncates else room)
        ids = {label: index for index, label in enumerate(self.labels)}
        rows = []
        for example, (words, gold) in enumerate(zip(sentences, tags, strict=True)):
            lengths = [len(pieces[word]) for word in words]
            for start, stop in [(0, begun(lengths, room))] if truncates else windows(lengths, room):
                own = chain.from_iterable(pieces[word] for word in words[start : None if truncates else stop])
                inside = islice(own, self.encoding.max_length - 2)
                rows.append(
                    {
                        "example": first + example,
                        "input_ids": [tokenizer.cls_token_id, *inside, tokenizer.sep_token_id],
                        "first_tokens": list(accumulate(lengths[start : stop - 1], initial=1)),
                        "word_start": start,
                        "label_ids": [ids.get(tag, IGNORED) for tag in (gold or [None] * len(words))[start:stop]],
                    }
                )
        return pa.Table.from_pylist(rows, _ENCODED)

    def _room(self, tokenizer: PreTrainedTokenizerFast) -> int:
        """How many sub-tokens of a sentence are labelled at most.

        As in XTREME's ``utils_preprocess.py`` and jiant's ``udpos.py``, 3 positions are kept free for tokenizers that
        put two separators between the texts of a pair (XLM-R), 2 for others, though ``<s>`` and ``</s>`` fill but 2.
        """
        kept_free = tokenizer.num_special_tokens_to_add(pair=True) - 1
        if self.encoding.max_length <= kept_free:
            needed = f"tagging needs at least {kept_free + 1}."
            raise UserError(f"encoding.max_length is {self.encoding.max_length}; {needed}")
        return self.encoding.max_length - kept_free

    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
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

        from xstilts.task_types.heads import initialise

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
        """The tags of each sentence, joined by blanks, one for every word.

        Words beyond a truncated sentence get the tag that comes last in the alphabet, X in UDPOS and O in PAN-X, with
        which jiant's ``xtreme_submission.py`` means to fill up; the files it writes have the word in the tag's place.
        """
        beyond = max(self.labels)
        tags = [[beyond] * len(words) for words in examples.column("tokens").to_pylist()]
        for label_ids, row in zip(outputs, rows, strict=True):
            start = row["word_start"]
            tags[row["example"]][start : start + len(label_ids)] = [self.labels[label] for label in label_ids]
        return [" ".join(sentence) for sentence in tags]

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """The first thing wrong with each prediction. Of an open set's tags only the number is checked."""
        sentences = examples.column("tokens").to_pylist()
        for identifier, prediction, words in zip(cls.scored_ids(examples), predictions, sentences, strict=True):
            problem = next(_wrong_tags(task, words, prediction.split()), None)
            if problem:
                yield identifier, problem

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """The most frequent tag for every word."""
        sentences = examples.column("tags").to_pylist()
        tag, _ = Counter(chain.from_iterable(sentences)).most_common(1)[0]
        yield [" ".join([tag] * len(tags)) for tags in sentences]

    @classmethod
    def is_constant_prediction(cls, predictions: Sequence[str]) -> bool:
        return len(set(chain.from_iterable(map(str.split, predictions)))) == 1

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Accuracy over words and, where F1 is the task's primary score, F1, precision and recall of spans.

        These are seqeval's, as in XTREME's ``evaluate.py``, also on parts of speech, which have no B- and I-: there it
        reads a run of equal tags as one span, though every tag with an S at its front as a span of its own. From its
        version 1.0 on it leaves a tag's first letter out of the span's type, so takes CCONJ and SCONJ for one type, and
        does not count an X at the end of a sentence. XTREME asks for no particular version; ``f1_whole_tags`` is the
        F1 of the versions before, which were current when its baselines were published.
        """
        gold: list[list[str]] = examples.column("tags").to_pylist()
        predicted = [prediction.split() for prediction in predictions]
        right = [
            sum(g == p for g, p in zip(golds, tags, strict=True)) for golds, tags in zip(gold, predicted, strict=True)
        ]
        metrics = {"accuracy": 100.0 * sum(right) / sum(map(len, gold))}
        if "f1" in task.primary_metrics:
            metrics |= span_scores(gold, predicted)
            if _unprefixed(task.labels):
                metrics["f1_whole_tags"] = span_scores(_whole(gold), _whole(predicted))["f1"]
        parts: list[float | None] = [100.0 * hits / len(tags) for hits, tags in zip(right, gold, strict=True)]
        return Scored(metrics, [" ".join(tags) for tags in gold], parts)


_LONGEST_WORD = 100  # sub-tokens; jiant takes longer words for noise
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


def begun(lengths: Sequence[int], room: int) -> int:
    """How many words begin within the first ``room`` sub-tokens of their sentence."""
    return bisect_left(list(accumulate(lengths[:-1], initial=0)), room)


def span_scores(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    """seqeval's micro-averaged ``f1``, ``precision`` and ``recall`` in points; 0 where there is nothing to count."""
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about tags without B- and I-
        precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    return {"f1": 100.0 * float(f1), "precision": 100.0 * float(precision), "recall": 100.0 * float(recall)}


def _unprefixed(labels: Sequence[str]) -> bool:
    """Whether tags are whole, as parts of speech are, and not marked as a span's beginning or inside."""
    return bool(labels) and not any(label.startswith(("B-", "I-")) for label in labels)


def _whole(sentences: list[list[str]]) -> list[list[str]]:
    """Tags such that their first letter still decides where spans begin and end, and the whole tag is the type."""
    return [[f"{tag[0]}-{tag}" for tag in tags] for tags in sentences]


def _wrong_tags(task: Task, words: list[str], tags: list[str]) -> Iterator[str]:
    if len(words) != len(tags):
        yield f"the sentence has {len(words)} words but {len(tags)} tags; every word needs one."
        return
    for index, (word, tag) in enumerate(zip(words, tags, strict=True)):
        if not tag or len(tag.split()) != 1:
            yield f"tag '{tag}' of word {index + 1} ('{word}') must be one word without blanks."
        elif task.labels and tag not in task.labels:
            yield f"tag '{tag}' of word {index + 1} ('{word}') is none of {task.title}'s. {nearest(tag, task.labels)}"


def _pieces(sentences: list[list[str]], tokenizer: PreTrainedTokenizerFast, longest: int) -> dict[str, list[int]]:
    """The token ids of every different word, tokenised by itself so that it gets a word-start piece of its own; the
    unknown token for words without any, or with more than ``longest``."""
    words = list(dict.fromkeys(chain.from_iterable(sentences)))
    encoded = tokenizer(words, add_special_tokens=False, verbose=False)
    unknown = [tokenizer.unk_token_id]
    return {
        word: ids if 0 < len(ids) <= longest else unknown for word, ids in zip(words, encoded["input_ids"], strict=True)
    }
