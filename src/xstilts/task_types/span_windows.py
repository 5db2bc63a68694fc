"""Windows of a context next to its question, and the position of the answer in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def window_starts(length: int, room: int, doc_stride: int) -> range:
    """Return the first context token of each window.

    Args:
        length: The number of tokens of the context.
        room: The number of context tokens that fit into a window.
        doc_stride: The distance between the starts of windows; lowered to ``room`` if it is longer, which would leave
            gaps.
    """
    stride = min(doc_stride, room)
    return range(0, max(length - room, 0) + stride, stride)


def max_context_windows(length: int, room: int, starts: Sequence[int]) -> np.ndarray:
    """Find the window in which each token has the most context; an answer may start there only.

    That is the window in which min(tokens to its left, tokens to its right) + 0.01 * tokens in the window is highest,
    and the first one of several (Devlin et al. 2019; ``_new_check_is_max_context`` in transformers).

    Args:
        length: The number of tokens of the context.
        room: The number of context tokens that fit into a window.
        starts: The first token of each window.

    Returns:
        Window indices, (length,) int64.
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
class TokenisedContext:
    """The tokens of a context, or of a window of it.

    Attributes:
        ids: Token ids, (tokens,) int32.
        char_starts: The first character that each token covers, (tokens,) int32.
        char_ends: The character after the last one that each token covers, (tokens,) int32.
    """

    ids: np.ndarray
    char_starts: np.ndarray
    char_ends: np.ndarray

    def window(self, start: int, length: int) -> TokenisedContext:
        """Return up to ``length`` tokens, beginning with token ``start``."""
        tokens = slice(start, start + length)
        return TokenisedContext(self.ids[tokens], self.char_starts[tokens], self.char_ends[tokens])

    def span(self, answers: Sequence[str] | None, starts: Sequence[int] | None) -> tuple[int, int] | None:
        """Find the first answer.

        Args:
            answers: The gold answers.
            starts: The character of the context at which each answer starts.

        Returns:
            First and last token of the first answer; None if there is no answer or it has no tokens.
        """
        if not answers or not starts:
            return None
        first = int(np.searchsorted(self.char_ends, starts[0], side="right"))
        last = int(np.searchsorted(self.char_starts, starts[0] + len(answers[0]), side="left")) - 1
        return (first, last) if first <= last else None


@dataclass(frozen=True)
class PairLayout:
    """How a tokenizer encodes a pair of texts.

    Attributes:
        before: The special tokens before the first text.
        between: The special tokens between the texts.
        after: The special tokens after the second text.
        segments: The segment ids of the two texts; None for tokenizers without segment ids.
    """

    before: list[int]
    between: list[int]
    after: list[int]
    segments: tuple[int, int] | None

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> PairLayout:
        """Read the layout off an encoded pair of unknown tokens: that text is one token in every tokenizer."""
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
        """The number of special tokens."""
        return len(self.before) + len(self.between) + len(self.after)

    def row(
        self, question: list[int], window: TokenisedContext, span: tuple[int, int] | None, offset: int
    ) -> dict[str, Any]:
        """Build the encoded row of a window.

        Args:
            question: The question's token ids.
            window: The window's context tokens.
            span: First and last token of the answer, counted from the start of the whole context.
            offset: The context token that the window begins with.
        """
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


def tokenise_contexts(texts: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> dict[str, TokenisedContext]:
    """Tokenise each distinct context once, as several questions share a context; returns them by text."""
    distinct = list(dict.fromkeys(texts))
    encoded = tokenizer(distinct, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    contexts = {}
    for text, ids, offsets in zip(distinct, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        char_starts, char_ends = np.array(offsets, dtype=np.int32).reshape(-1, 2).T
        _close_gaps(text, char_starts, char_ends)
        contexts[text] = TokenisedContext(np.array(ids, dtype=np.int32), char_starts, char_ends)
    return contexts


def _close_gaps(text: str, char_starts: np.ndarray, char_ends: np.ndarray) -> None:
    """Assign characters that no token covers to the token before them, up to the next whitespace.

    Normalisation composes combining accents with their letter or drops them; the token then covers the letter only.
    """
    following = np.append(char_starts[1:], len(text))
    for token in np.flatnonzero(char_ends < following):
        gap = text[char_ends[token] : following[token]]
        char_ends[token] += next((i for i, character in enumerate(gap) if character.isspace()), len(gap))
