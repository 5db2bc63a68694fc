"""Which rows make a batch, and which task a step of a mixture trains on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

_POOL = 50  # batches whose rows are sorted by length together: little padding, and still a random order


def shuffled_batches(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Batches of row indices without end, epoch after epoch.

    An epoch holds every row exactly once. Rows of a batch have similar lengths; the order of batches is random.

    Args:
        lengths: (rows,) tokens of each row.
        batch_size: rows per batch; the last one of an epoch may be smaller.
        rng: source of all randomness.
    """
    while True:
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), _POOL * batch_size):
            pool = order[start : start + _POOL * batch_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches = [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
            for index in rng.permutation(len(batches)):
                yield batches[index].tolist()


def ordered_batches(lengths: np.ndarray, batch_size: int) -> Iterator[list[int]]:
    """Every row once, longest first: evaluation, where order means nothing and memory trouble should show at once."""
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size].tolist()


def batches_per_epoch(rows: int, batch_size: int) -> int:
    return math.ceil(rows / batch_size)


def mixture(sizes: Sequence[int], cap: int | None, rng: np.random.Generator) -> Iterator[int]:
    """Indices of tasks without end, drawn in proportion to size; sizes above ``cap`` count as ``cap``.

    As jiant's samplers do for ``train_examples_cap``: every step draws one task, and its batch is of that task alone.
    """
    counted = np.array([min(size, cap or size) for size in sizes], dtype=float)
    while True:
        yield from rng.choice(len(sizes), size=1000, p=counted / counted.sum()).tolist()
