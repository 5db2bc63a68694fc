"""Exact nearest neighbours by blocked matrix products, on CPU or GPU.

Embeddings are (n, hidden) and of unit length, so that products are cosines. They stay in main memory; only blocks of
them and of their products are on the device that multiplies.
"""

from __future__ import annotations

import torch

BLOCK = 8192  # rows and columns of a block of similarities: 256 MiB in float32


def nearest_neighbours(
    queries: torch.Tensor, index: torch.Tensor, k: int, device: torch.device | str = "cpu", block: int = BLOCK
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the ``k`` nearest neighbours of each query by cosine; ties go to the lower position.

    Args:
        queries: (n, hidden) embeddings.
        index: (m, hidden) embeddings to search.
        k: Neighbours per query; all of them where ``index`` has fewer.
        device: Multiplies the embeddings.
        block: Queries and index rows that are multiplied at a time.

    Returns:
        (n, k) similarities and (n, k) positions in ``index``, nearest first, on the CPU.
    """
    parts = [_neighbours_of_block(part.to(device), index, k, block) for part in queries.split(block)]
    similarities, positions = zip(*((values.cpu(), places.cpu()) for values, places in parts), strict=True)
    return torch.cat(similarities), torch.cat(positions)


def _neighbours_of_block(
    queries: torch.Tensor, index: torch.Tensor, k: int, block: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The neighbours of one block of queries; the best so far are updated with each block of the index."""
    similarities = queries.new_empty(len(queries), 0)
    positions = torch.empty(len(queries), 0, dtype=torch.long, device=queries.device)
    for start in range(0, len(index), block):
        block_similarities, places = _top(queries @ index[start : start + block].to(queries.device).T, k)
        similarities = torch.cat([similarities, block_similarities], dim=1)
        positions = torch.cat([positions, places + start], dim=1)
        similarities, kept = _top(similarities, k)
        positions = positions.gather(1, kept)
    return similarities, positions


def _top(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Like ``torch.topk``, but of equal scores the first comes first. Overwrites ``scores``."""
    values, positions = [], []
    for _ in range(min(k, scores.shape[1])):
        value, position = scores.max(dim=1, keepdim=True)
        scores.scatter_(1, position, float("-inf"))
        values.append(value)
        positions.append(position)
    return torch.cat(values, dim=1), torch.cat(positions, dim=1)


class Nearest:
    """The nearest neighbours of queries in an index that comes in blocks, so that it is never in memory whole.

    Args:
        queries: (n, hidden) embeddings.
        k: Neighbours per query.
        device: Multiplies the embeddings.
    """

    def __init__(self, queries: torch.Tensor, k: int, device: torch.device | str = "cpu") -> None:
        self._queries, self._k, self._device = queries, k, device
        self._searched = 0
        self._similarities = queries.new_empty(len(queries), 0)
        #: (n, k) positions in the index, nearest first; fewer where so many have not been searched.
        self.positions = torch.empty(len(queries), 0, dtype=torch.long)

    def search(self, block: torch.Tensor) -> None:
        """Go on with the next (m, hidden) embeddings of the index."""
        similarities, places = nearest_neighbours(self._queries, block, self._k, self._device)
        similarities = torch.cat([self._similarities, similarities], dim=1)
        positions = torch.cat([self.positions, places + self._searched], dim=1)
        self._similarities, kept = _top(similarities, self._k)
        self.positions = positions.gather(1, kept)
        self._searched += len(block)
