"""Pairs of texts as token ids: what a tokenizer makes of them, but with every distinct text tokenised once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from xstilts.task_types.inputs import offsets_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def encode_pairs(
    tokenizer: PreTrainedTokenizerFast, firsts: Sequence[str], seconds: Sequence[str], max_length: int, side: str
) -> dict[str, pa.Array]:
    """Encode pairs of texts; pairs that are too long lose tokens, the longer text first.

    Args:
        tokenizer: The tokenizer.
        firsts: The first text of each pair.
        seconds: The second text of each pair.
        max_length: Longest pair in tokens, special ones included.
        side: Where a text loses tokens: "left" or "right".

    Returns:
        The encoder's inputs as columns of encoded rows: ``input_ids``, and ``token_type_ids`` for tokenizers that make
        them.
    """
    pieces = _pieces(tokenizer)
    special = [piece.token for piece in pieces if piece.text is None]
    texts = {text: place for place, text in enumerate(dict.fromkeys([*firsts, *seconds]))}
    encoded = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
    tokens = pa.array([special, *encoded["input_ids"]], pa.list_(pa.int32()))
    ends = tokens.offsets.to_numpy()[1:].astype(np.int64)
    of_texts = np.array([[texts[text] for text in column] for column in (firsts, seconds)]).T
    found = np.diff(ends)[of_texts]
    kept = kept_tokens(found, max_length - len(special))
    begins = ends[of_texts] + (found - kept if side == "left" else 0)

    starts, sizes = np.zeros((len(firsts), len(pieces)), np.int64), np.ones((len(firsts), len(pieces)), np.int64)
    starts[:, [piece.text is None for piece in pieces]] = np.arange(len(special))
    for text in range(2):
        (column,) = (place for place, piece in enumerate(pieces) if piece.text == text)
        starts[:, column], sizes[:, column] = begins[:, text], kept[:, text]
    offsets, flat = offsets_of(sizes.sum(axis=1)), sizes.ravel()
    taken = np.repeat(starts.ravel() - (np.cumsum(flat) - flat), flat) + np.arange(flat.sum())
    columns = {"input_ids": tokens.values.to_numpy()[taken]}
    if "token_type_ids" in tokenizer.model_input_names:
        columns["token_type_ids"] = np.repeat(np.tile([piece.type for piece in pieces], len(firsts)), flat)
    return {name: pa.ListArray.from_arrays(offsets, pa.array(ids, pa.int32())) for name, ids in columns.items()}


class _Piece(NamedTuple):
    """A part of an encoded pair: a special token, or all tokens of a text.

    Attributes:
        text: 0 or 1 for a text; None for a special token.
        token: The special token's id.
        type: What it has as ``token_type_ids``.
    """

    text: int | None
    token: int
    type: int


def _pieces(tokenizer: PreTrainedTokenizerFast) -> list[_Piece]:
    """What a tokenizer makes a pair of, read off an encoded one."""
    pair = tokenizer("a", "a", return_token_type_ids=True)
    pieces = list(map(_Piece, pair.sequence_ids(0), pair["input_ids"], pair["token_type_ids"]))
    firsts = [next(piece for piece in pieces if piece.text == text) for text in range(2)]
    return [piece for piece in pieces if piece.text is None or piece is firsts[piece.text]]


def kept_tokens(sizes: np.ndarray, room: int) -> np.ndarray:
    """Return how many tokens the texts of pairs keep, as tokenizers truncate "longest first".

    The shorter text is kept whole where the other one can be cut to fit. Otherwise each gets half of the room, and the
    longer one what is left over.

    Args:
        sizes: (pairs, 2) tokens of the texts.
        room: The most tokens of both together.
    """
    shorter = sizes.min(axis=1)
    longer = np.minimum(sizes.max(axis=1), np.maximum(shorter, room - shorter))
    halved = shorter + longer > room
    shorter, longer = np.where(halved, room // 2, shorter), np.where(halved, room - room // 2, longer)
    by_length = np.stack([shorter, longer], axis=1)
    return np.where(sizes[:, :1] > sizes[:, 1:], by_length[:, ::-1], by_length)
