"""Sub-tokens of the words of a sentence, and windows that are split between words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def tokenise_words(
    sentences: list[list[str]], tokenizer: PreTrainedTokenizerFast, longest: int
) -> dict[str, list[int]]:
    """Return the sub-token ids of each distinct word.

    Each word is tokenised by itself, so that its first sub-token is one that starts a word, as in the middle of a
    sentence: by tokenizers that take the space before a word for a part of it, with a space. Words without any
    sub-token, or with more than ``longest``, become the unknown token.
    """
    words, space = list(dict.fromkeys(chain.from_iterable(sentences))), _space(tokenizer)
    encoded = tokenizer([space + word for word in words], add_special_tokens=False, verbose=False)
    unknown = [tokenizer.unk_token_id]
    return {
        word: ids if 0 < len(ids) <= longest else unknown for word, ids in zip(words, encoded["input_ids"], strict=True)
    }


def _space(tokenizer: PreTrainedTokenizerFast) -> str:
    """What has to stand before a word for it to be tokenised as in a sentence: a space, or nothing."""
    alone, spaced, twice = tokenizer(["a", " a", "a a"], add_special_tokens=False)["input_ids"]
    in_sentence = twice[len(alone) :]
    return " " if in_sentence == spaced != alone else ""


def frame(tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    encoded = tokenizer("a")
    ids, sides = encoded["input_ids"], encoded.sequence_ids(0)
    start = sides.index(0)
    return ids[:start], ids[start + sides.count(0) :]


def word_windows(lengths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Split a sentence into consecutive windows that each hold as many words as fit.

    Args:
        lengths: The number of sub-tokens of each word, at most ``room``.
        room: The number of sub-tokens that fit into a window.

    Yields:
        The first word of a window and the word after its last.
    """
    start, filled = 0, 0
    for word, length in enumerate(lengths):
        if filled + length > room:
            yield start, word
            start, filled = word, 0
        filled += length
    yield start, len(lengths)


def words_within(lengths: Sequence[int], room: int) -> int:
    """Count the words that begin within the first ``room`` sub-tokens of a sentence.

    Args:
        lengths: The number of sub-tokens of each word.
        room: A number of sub-tokens.
    """
    return bisect_left(list(accumulate(lengths[:-1], initial=0)), room)
