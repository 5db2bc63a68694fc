"""Exact nearest neighbours by blocked matrix products, on CPU or GPU.

Embeddings are (n, hidden) and of unit length, so that products are cosines. They stay in main memory; only blocks of
them and of their products are on the device that multiplies, so that memory is bounded by the block.

From a block of products little has to be selected: only what is higher than the ``k`` highest so far. The maxima of
groups of products, which are quickly computed, show where that is.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

#: Rows and columns of a block of products by the kind of device: 64 and 256 MiB in float32.
_BLOCK = {"cpu": 4096, "cuda": 8192}
_GROUP = 32  # neighbouring products of which the highest is looked at first

#: (n, k) similarities and (n, k) positions in what was searched, nearest first, on the CPU.
Neighbours = tuple[torch.Tensor, torch.Tensor]


def nearest_neighbours(
    queries: torch.Tensor, index: torch.Tensor, k: int, device: torch.device | str = "cpu", block: int | None = None
) -> Neighbours:
    """Find the ``k`` nearest neighbours of each query by cosine; ties go to the lower position.

    Args:
        queries: (n, hidden) embeddings.
        index: (m, hidden) embeddings to search.
        k: Neighbours per query; all of them where ``index`` has fewer.
        device: Multiplies the embeddings.
        block: Queries and index rows that are multiplied at a time; None: what suits the device.

    Returns:
        The neighbours of the queries; positions are those in ``index``.
    """
    found = _Best(len(queries), min(k, len(index)), device)
    for rows, columns, products in _products(queries, index, device, block):
        found.update(rows, products, columns.start)
    return found.neighbours()


def neighbours_of_both(
    left: torch.Tensor, right: torch.Tensor, k: int, device: torch.device | str = "cpu", block: int | None = None
) -> tuple[Neighbours, Neighbours]:
    """Find the nearest neighbours of two sets of embeddings in each other; every product is computed once.

    Args:
        left: (n, hidden) embeddings.
        right: (m, hidden) embeddings.
        k: Neighbours of each; all of the other side where it has fewer.
        device: Multiplies the embeddings.
        block: Rows of either side that are multiplied at a time; None: what suits the device.

    Returns:
        What ``nearest_neighbours(left, right)`` and ``nearest_neighbours(right, left)`` return.
    """
    of_left = _Best(len(left), min(k, len(right)), device)
    of_right = _Best(len(right), min(k, len(left)), device)
    for rows, columns, products in _products(left, right, device, block):
        of_left.update(rows, products, columns.start)
        of_right.update_columns(columns, products, rows.start)
    return of_left.neighbours(), of_right.neighbours()


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
        self._best = _Best(len(queries), k, device)

    def search(self, block: torch.Tensor) -> None:
        """Go on with the next (m, hidden) embeddings of the index."""
        for rows, columns, products in _products(self._queries, block, self._device):
            self._best.update(rows, products, self._searched + columns.start)
        self._searched += len(block)

    @property
    def positions(self) -> torch.Tensor:
        """(n, k) positions in the index, nearest first; fewer where so many have not been searched."""
        return self._best.neighbours()[1][:, : self._searched]


def _products(
    queries: torch.Tensor, index: torch.Tensor, device: torch.device | str, block: int | None = None
) -> Iterator[tuple[slice, slice, torch.Tensor]]:
    """Yield rows, columns, and their products on the device, which the next step overwrites.

    Rows and columns of products are filled up with -inf to whole groups.
    """
    size = block or _BLOCK[torch.device(device).type]
    shape = [_whole_groups(min(size, len(side))) for side in (queries, index)]
    buffer = torch.empty(shape, dtype=queries.dtype, device=device)
    for top in range(0, len(queries), size):
        some = queries[top : top + size].to(device).nan_to_num()  # of encoders that have diverged
        for left in range(0, len(index), size):
            others = index[left : left + size].to(device).nan_to_num()
            products = buffer[: _whole_groups(len(some)), : _whole_groups(len(others))]
            torch.mm(some, others.T, out=products[: len(some), : len(others)])
            products[len(some) :] = products[:, len(others) :] = float("-inf")
            yield slice(top, top + len(some)), slice(left, left + len(others)), products


def _whole_groups(length: int) -> int:
    return -(-length // _GROUP) * _GROUP


class _Best:
    """The ``k`` highest scores so far of each of ``n`` rows, with their positions."""

    def __init__(self, n: int, k: int, device: torch.device | str) -> None:
        self._k = k
        self._scores = torch.full((n, k), float("-inf"), device=device)
        self._positions = torch.zeros(n, k, dtype=torch.long, device=device)

    def update(self, rows: slice, products: torch.Tensor, first: int) -> None:
        """Go on with more scores of some rows: the products' rows, of whole groups of columns.

        ``first`` is the position that the first column stands for; it is higher than all before.
        """
        grouped = products.unflatten(1, (-1, _GROUP))
        self._update(rows, grouped, grouped.amax(dim=2), first)

    def update_columns(self, columns: slice, products: torch.Tensor, first: int) -> None:
        """As :meth:`update`, of the products' columns."""
        grouped = products.unflatten(0, (-1, _GROUP))
        self._update(columns, grouped.permute(2, 0, 1), grouped.amax(dim=1).T, first)

    def _update(self, rows: slice, grouped: torch.Tensor, maxima: torch.Tensor, first: int) -> None:
        """Go on with scores (rows, groups, ``_GROUP``) and their maxima (rows, groups)."""
        best, positions = self._scores[rows], self._positions[rows]
        maxima, floor = maxima[: len(best)], best[:, -1]
        if first < self._k <= maxima.shape[1]:  # so many groups have a score that is as high as the k-th maximum
            floor = maxima.topk(self._k).values[:, -1].nextafter(floor)
        row, column, score = _above(floor, grouped, maxima)
        if not len(row):
            return
        changed, line, counts = row.unique_consecutive(return_inverse=True, return_counts=True)
        place = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[line] + self._k
        width = self._k + int(counts.max())
        pool = best.new_full((len(changed), width), float("-inf"))
        pool[:, : self._k], pool[line, place] = best[changed], score
        pool_positions = positions.new_zeros(len(changed), width)
        pool_positions[:, : self._k], pool_positions[line, place] = positions[changed], column + first
        best[changed], kept = _top(pool, self._k)
        positions[changed] = pool_positions.gather(1, kept)

    def neighbours(self) -> Neighbours:
        """What has been found."""
        return self._scores.cpu(), self._positions.cpu()


def _above(
    floor: torch.Tensor, grouped: torch.Tensor, maxima: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows, columns and values of the scores above their row's floor, in the order of rows and columns."""
    row, group = (maxima > floor[:, None]).nonzero(as_tuple=True)
    scores = grouped[row, group]
    found, place = (scores > floor[row, None]).nonzero(as_tuple=True)
    return row[found], group[found] * _GROUP + place, scores[found, place]


def _top(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Like ``torch.topk``, but of equal scores the first comes first. Overwrites ``scores``."""
    values, positions = [], []
    for _ in range(k):
        value, position = scores.max(dim=1, keepdim=True)
        scores.scatter_(1, position, float("-inf"))
        values.append(value)
        positions.append(position)
    return torch.cat(values, dim=1), torch.cat(positions, dim=1)
