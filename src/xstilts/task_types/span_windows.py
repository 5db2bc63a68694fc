"""Windows of a context beside its question, and where the answer lies in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def window_starts(length: int, room: int, doc_stride: int) -> range:
    """The first context token of each window of ``room`` tokens; strides longer than the room would leave gaps."""
    stride = min(doc_stride, room)
    return range(0, max(length - room, 0) + stride, stride)


def max_context_windows(length: int, room: int, starts: Sequence[int]) -> np.ndarray:
    """(length,) the window in which each token of a context has the most context, where alone an answer may start.

    That is where min(tokens to its left, tokens to its right) + 0.01 * tokens in the window is highest; of several
    windows, the first. Devlin et al. 2019, in the form of transformers' ``_new_check_is_max_context``.
    """
    best, windows = np.full(length, -np.inf), np.zeros(length, dtype=np.int64)
    for window, start in enumerate(starts):
        inside = slice(start, min(start + room, length))
        size = inside.stop - start
        left = np.arange(size)
        scores = np.minimum(left, size - 1 - left) + 0.01 * size
        windows[inside] = np.where(scores > best[inside], window, windows[inside])
        best[inside] = np.maximum(scores, best[inside])
    return windows


@dataclass(frozen=True)
class Context:
    """The tokens of a context or of a window of it: ids, and the characters they cover."""

    ids: np.ndarray
    char_starts: np.ndarray
    char_ends: np.ndarray

    def window(self, start: int, length: int) -> Context:
        """Up to ``length`` of its tokens from token ``start`` on."""
        part = slice(start, start + length)
        return Context(self.ids[part], self.char_starts[part], self.char_ends[part])

    def span(self, answers: Sequence[str] | None, starts: Sequence[int] | None) -> tuple[int, int] | None:
        """First and last token of the first answer; None where there is no answer or none of it became a token."""
        if not answers or not starts:
            return None
        first = int(np.searchsorted(self.char_ends, starts[0], side="right"))
        last = int(np.searchsorted(self.char_starts, starts[0] + len(answers[0]), side="left")) - 1
        return (first, last) if first <= last else None


@dataclass(frozen=True)
class PairLayout:
    """Where a tokenizer puts its special tokens around a pair of texts, and which segment ids it gives the two."""

    before: list[int]
    between: list[int]
    after: list[int]
    segments: tuple[int, int] | None

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> PairLayout:
        """Read off an encoded pair; the unknown token serves as text because it is one token everywhere."""
        pair = tokenizer(tokenizer.unk_token, tokenizer.unk_token, return_token_type_ids=True)
        ids, sides, segments = pair["input_ids"], pair.sequence_ids(0), pair["token_type_ids"]
        first, second = sides.index(0), sides.index(1)
        has_segments = "token_type_ids" in tokenizer.model_input_names
        return cls(
            before=ids[:first],
            between=ids[first + sides.count(0) : second],
            after=ids[second + sides.count(1) :],
            segments=(segments[first], segments[second]) if has_segments else None,
        )

    @property
    def n_special(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def row(self, question: list[int], window: Context, span: tuple[int, int] | None, offset: int) -> dict[str, Any]:
        """The encoded row of a window that begins at token ``offset`` of the context; ``span`` counts from there."""
        head = [*self.before, *question, *self.between]
        tail = [*window.ids.tolist(), *self.after]
        row = {
            "input_ids": head + tail,
            "context_start": len(head),
            "char_starts": window.char_starts,
            "char_ends": window.char_ends,
            "start": 0,
            "end": 0,
        }
        if span and offset <= span[0] and span[1] < offset + len(window.ids):
            row |= {"start": len(head) + span[0] - offset, "end": len(head) + span[1] - offset}
        if self.segments:
            row["token_type_ids"] = [self.segments[0]] * len(head) + [self.segments[1]] * len(tail)
        return row


def tokenise(texts: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> dict[str, Context]:
    """Every different text once: several questions share a context."""
    different = list(dict.fromkeys(texts))
    encoded = tokenizer(different, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    contexts = {}
    for text, ids, offsets in zip(different, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        char_starts, char_ends = np.array(offsets, dtype=np.int32).reshape(-1, 2).T
        _close_gaps(text, char_starts, char_ends)
        contexts[text] = Context(np.array(ids, dtype=np.int32), char_starts, char_ends)
    return contexts


def _close_gaps(text: str, char_starts: np.ndarray, char_ends: np.ndarray) -> None:
    """Give characters that no token covers to the token before them, up to the next blank.

    Normalisation composes accents with their letter or drops them, and tokens then cover the letter alone.
    """
    following = np.append(char_starts[1:], len(text))
    for token in np.flatnonzero(char_ends < following):
        gap = text[char_ends[token] : following[token]]
        char_ends[token] += next((i for i, character in enumerate(gap) if character.isspace()), len(gap))
