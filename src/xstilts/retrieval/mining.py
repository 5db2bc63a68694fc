"""Nearest neighbours and bitext mining: exact, by blocked matrix products, on CPU and GPU alike.

Mining follows Artetxe & Schwenk 2019 (arXiv 1811.01136) in the form of XTREME's ``utils_retrieve.mine_bitext``: ratio
margin, ``retrieval="max"``. All embeddings are (n, hidden) and of unit length, so that products are cosines. They lie
in the main memory; only blocks of them, and of their products, go to the device that multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
import torch

_BLOCK = 8192  # similarities are computed in blocks of this side: 256 MiB


class Candidate(NamedTuple):
    """A mined pair: positions in the two pools, and its margin."""

    foreign: int
    english: int
    score: float


def nearest(
    queries: torch.Tensor, index: torch.Tensor, k: int, device: torch.device | str = "cpu", block: int = _BLOCK
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, k) similarities and (n, k) positions in ``index`` of each query's neighbours, best first, on the CPU.

    Equal similarities go to the lower position. An index smaller than ``k`` gives as many neighbours as it has.
    """
    parts = [_nearest(part.to(device), index, k, block) for part in queries.split(block)]
    similarities, positions = zip(*((found.cpu(), where.cpu()) for found, where in parts), strict=True)
    return torch.cat(similarities), torch.cat(positions)


def _nearest(queries: torch.Tensor, index: torch.Tensor, k: int, block: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The neighbours of one block of queries, kept up to date while going over the index block by block."""
    similarities = queries.new_empty(len(queries), 0)
    positions = torch.empty(len(queries), 0, dtype=torch.long, device=queries.device)
    for start in range(0, len(index), block):
        found, where = _top(queries @ index[start : start + block].to(queries.device).T, k)
        similarities = torch.cat([similarities, found], dim=1)
        positions = torch.cat([positions, where + start], dim=1)
        similarities, kept = _top(similarities, k)
        positions = positions.gather(1, kept)
    return similarities, positions


def _top(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Like ``torch.topk``, which leaves open which of equal scores it takes; this takes the first. Overwrites."""
    values, positions = [], []
    for _ in range(min(k, scores.shape[1])):
        value, position = scores.max(dim=1, keepdim=True)
        scores.scatter_(1, position, float("-inf"))
        values.append(value)
        positions.append(position)
    return torch.cat(values, dim=1), torch.cat(positions, dim=1)


def mine(
    foreign: torch.Tensor,
    english: torch.Tensor,
    neighbours: int,
    device: torch.device | str = "cpu",
    block: int = _BLOCK,
) -> list[Candidate]:
    """One-to-one pairs by falling margin: of every sentence, in both directions, the neighbour with the best margin;
    of these, the best pair first, and then only pairs of sentences that are still free.

    margin(x, y) = cos(x, y) / ((mean_k(x) + mean_k(y)) / 2), with mean_k the mean cosine of a sentence to its k
    nearest neighbours on the other side, k = ``neighbours`` or the size of a smaller pool. Pairs whose margin is not
    positive are left out, as in XTREME.
    """
    if not len(foreign) or not len(english):
        return []
    forward, to_english = nearest(foreign, english, neighbours, device, block)
    backward, to_foreign = nearest(english, foreign, neighbours, device, block)
    foreign_mean, english_mean = forward.mean(dim=1), backward.mean(dim=1)
    forward_scores, forward_best = _best_margin(forward, to_english, foreign_mean, english_mean)
    backward_scores, backward_best = _best_margin(backward, to_foreign, english_mean, foreign_mean)
    return _one_to_one(
        np.concatenate([np.arange(len(foreign)), backward_best]),
        np.concatenate([forward_best, np.arange(len(english))]),
        np.concatenate([forward_scores, backward_scores]),
    )


def _best_margin(
    similarities: torch.Tensor, positions: torch.Tensor, own_mean: torch.Tensor, other_mean: torch.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the best margin among each sentence's neighbours, and (n,) the neighbour's position."""
    margins = similarities / ((own_mean[:, None] + other_mean[positions]) / 2)
    scores, best = margins.max(dim=1, keepdim=True)
    return scores[:, 0].numpy(), positions.gather(1, best)[:, 0].numpy()


def _one_to_one(foreign: np.ndarray, english: np.ndarray, scores: np.ndarray) -> list[Candidate]:
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > 0]
    taken_foreign: set[int] = set()
    taken_english: set[int] = set()
    candidates = []
    for pair in zip(foreign[order].tolist(), english[order].tolist(), scores[order].tolist(), strict=True):
        candidate = Candidate(*pair)
        if candidate.foreign not in taken_foreign and candidate.english not in taken_english:
            taken_foreign.add(candidate.foreign)
            taken_english.add(candidate.english)
            candidates.append(candidate)
    return candidates


def best_threshold(candidates: Sequence[Candidate], gold: Set[tuple[int, int]]) -> float:
    """The score from which on (>=) keeping candidates gives the best F1; of several, the highest.

    It lies half-way to the next lower score, as in XTREME's ``bucc_optimize``, and at the last candidate, where that
    function fails, on its score. Candidates of equal score, which a threshold cannot part, count together; there they
    count one by one. 0, which keeps all, where no candidate is in ``gold``.
    """
    ranked = sorted(candidates, key=lambda candidate: -candidate.score)
    hits = np.cumsum([(candidate.foreign, candidate.english) in gold for candidate in ranked])
    if not len(ranked) or hits[-1] == 0:
        return 0.0
    scores = np.array([candidate.score for candidate in ranked])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + len(gold))
    ends = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))
    best = int(ends[np.argmax(f1[ends])])
    if best + 1 == len(ranked):
        return float(scores[best])
    return _between(float(scores[best + 1]), float(scores[best]))


def _between(low: float, high: float) -> float:
    """Half-way, but above ``low`` even where no number lies between."""
    middle = (low + high) / 2
    return middle if middle > low else high
