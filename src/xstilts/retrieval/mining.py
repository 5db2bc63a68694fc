"""Bitext mining with exact nearest neighbours, on CPU or GPU.

Mining follows Artetxe & Schwenk 2019 (arXiv 1811.01136) in the form of XTREME's ``utils_retrieve.mine_bitext``: ratio
margin, ``retrieval="max"``. All embeddings are (n, hidden) and of unit length, so that products are cosines. They stay
in main memory; only blocks of them and of their products are on the device that multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
import torch

from xstilts.task_types.neighbours import Neighbours, neighbours_of_both


class MinedPair(NamedTuple):
    """A mined pair of sentences.

    Attributes:
        foreign: Position of the foreign sentence.
        english: Position of the English sentence.
        margin: See :func:`mine`.
    """

    foreign: int
    english: int
    margin: float


def mine(
    foreign: torch.Tensor,
    english: torch.Tensor,
    neighbours: int,
    device: torch.device | str = "cpu",
    block: int | None = None,
) -> list[MinedPair]:
    """Mine one-to-one pairs of sentences.

    margin(x, y) = cos(x, y) / ((mean_k(x) + mean_k(y)) / 2), with mean_k the mean cosine of a sentence to its k
    nearest neighbours on the other side, k = ``neighbours`` or the size of a smaller pool. Of every sentence on either
    side, the neighbour with the best margin makes a candidate pair. Going through these by decreasing margin, a pair is
    kept if both of its sentences are unpaired. Pairs whose margin is not positive are dropped, as in XTREME.

    Args:
        foreign: (n, hidden) embeddings.
        english: (m, hidden) embeddings.
        neighbours: K in the formula.
        device: Multiplies the embeddings.
        block: Rows of either side that are multiplied at a time; None: what suits the device.

    Returns:
        The pairs by decreasing margin.
    """
    if not len(foreign) or not len(english):
        return []
    return one_to_one(*neighbours_of_both(foreign, english, neighbours, device, block))


def one_to_one(of_foreign: Neighbours, of_english: Neighbours) -> list[MinedPair]:
    """Mine pairs among the nearest neighbours of every sentence; see :func:`mine`.

    Args:
        of_foreign: The neighbours of the foreign sentences.
        of_english: The neighbours of the English sentences.
    """
    (forward, to_english), (backward, to_foreign) = of_foreign, of_english
    foreign_mean, english_mean = forward.mean(dim=1), backward.mean(dim=1)
    forward_margins, forward_best = _best_margin(forward, to_english, foreign_mean, english_mean)
    backward_margins, backward_best = _best_margin(backward, to_foreign, english_mean, foreign_mean)
    return _by_margin(
        np.concatenate([np.arange(len(forward)), backward_best]),
        np.concatenate([forward_best, np.arange(len(backward))]),
        np.concatenate([forward_margins, backward_margins]),
    )


def _best_margin(
    similarities: torch.Tensor, positions: torch.Tensor, own_mean: torch.Tensor, other_mean: torch.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the best margin among each sentence's neighbours, and (n,) the position of that neighbour."""
    margins = similarities / ((own_mean[:, None] + other_mean[positions]) / 2)
    best_margins, best = margins.max(dim=1, keepdim=True)
    return best_margins[:, 0].numpy(), positions.gather(1, best)[:, 0].numpy()


def _by_margin(foreign: np.ndarray, english: np.ndarray, margins: np.ndarray) -> list[MinedPair]:
    """Candidate pairs, best first, without those that share a sentence with a better pair."""
    order = np.argsort(-margins, kind="stable")
    order = order[margins[order] > 0]
    taken_foreign: set[int] = set()
    taken_english: set[int] = set()
    pairs = []
    for values in zip(foreign[order].tolist(), english[order].tolist(), margins[order].tolist(), strict=True):
        pair = MinedPair(*values)
        if pair.foreign not in taken_foreign and pair.english not in taken_english:
            taken_foreign.add(pair.foreign)
            taken_english.add(pair.english)
            pairs.append(pair)
    return pairs


def best_threshold(pairs: Sequence[MinedPair], gold: Set[tuple[int, int]]) -> float:
    """Find the margin threshold (>=) with the best F1; of several, the highest.

    The threshold is half-way to the next lower margin, as in XTREME's ``bucc_optimize``. Unlike there, it is the last
    pair's margin where keeping all pairs is best (that function fails), and pairs of equal margin, which no threshold
    can separate, are kept or dropped together.

    Args:
        pairs: Mined pairs in any order.
        gold: (foreign, English) positions of the true pairs.

    Returns:
        The threshold; 0, which keeps all pairs, if none of them is in ``gold``.
    """
    ranked = sorted(pairs, key=lambda pair: -pair.margin)
    hits = np.cumsum([(pair.foreign, pair.english) in gold for pair in ranked])
    if not len(ranked) or hits[-1] == 0:
        return 0.0
    margins = np.array([pair.margin for pair in ranked])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + len(gold))
    ends = np.flatnonzero(np.append(margins[1:] < margins[:-1], True))
    best = int(ends[np.argmax(f1[ends])])
    if best + 1 == len(ranked):
        return float(margins[best])
    return _between(float(margins[best + 1]), float(margins[best]))


def _between(low: float, high: float) -> float:
    """The midpoint; ``high`` where rounding would make it ``low``."""
    middle = (low + high) / 2
    return middle if middle > low else high
