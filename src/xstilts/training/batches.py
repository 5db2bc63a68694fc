"""Which rows make a batch, and which task a step of a mixture trains on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

_POOL = 50  # batches whose rows are sorted by length together: little padding, and the order is still random


def shuffled_batches(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Yield training batches of row indices, epoch after epoch, without end.

    An epoch holds every row exactly once. Rows of a batch have similar lengths; the order of batches is random.

    Args:
        lengths: (rows,) tokens of each row.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        rng: Source of all randomness.
    """
    while True:
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), _POOL * batch_size):
            pool = order[start : start + _POOL * batch_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches = [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
            for index in rng.permutation(len(batches)):
                yield batches[index].tolist()


def ordered_batches(lengths: np.ndarray, batch_size: int, batch_tokens: int = 0) -> Iterator[list[int]]:
    """Yield evaluation batches of row indices: every row once, longest first, so that a lack of memory shows at once.

    Args:
        lengths: (rows,) tokens of each row.
        batch_size: Rows per batch; the last batch may be smaller.
        batch_tokens: Batches have more rows than that where so many tokens allow it, padding included.
    """
    order, start = np.argsort(-lengths, kind="stable"), 0
    while start < len(order):
        size = max(batch_size, batch_tokens // int(lengths[order[start]]))
        yield order[start : start + size].tolist()
        start += size


def batches_per_epoch(rows: int, batch_size: int) -> int:
    """The number of batches in one epoch of so many rows."""
    return math.ceil(rows / batch_size)


def mixture(sizes: Sequence[int], cap: int | None, rng: np.random.Generator, exponent: float = 1.0) -> Iterator[int]:
    """Yield the index of the task of each step, without end, drawn in proportion to a power of the tasks' sizes.

    Every batch is of one task alone, as with jiant's samplers for ``train_examples_cap``.

    Args:
        sizes: Training rows of each task.
        cap: Sizes above it count as ``cap``; None: no cap.
        rng: Source of all randomness.
        exponent: The power: 1 for the sizes themselves, 0 for equal shares.
    """
    shares = drawing_shares([min(size, cap or size) for size in sizes], exponent)
    while True:
        yield from rng.choice(len(sizes), size=1000, p=shares).tolist()


def drawing_shares(sizes: Sequence[int], exponent: float) -> np.ndarray:
    """The probability to draw each of several sources: in proportion to a power of its size."""
    weights = np.array(sizes, dtype=float) ** exponent
    return weights / weights.sum()


def language_batches(
    sizes: Sequence[int], batch_size: int, exponent: float, rng: np.random.Generator
) -> Iterator[list[tuple[int, int]]]:
    """Yield batches whose rows are of languages drawn one by one, without end.

    The rows of a language come in a random order, each once before any comes again.

    Args:
        sizes: Rows of each language.
        batch_size: Rows per batch.
        exponent: A language is drawn in proportion to this power of its size.
        rng: Source of all randomness.

    Yields:
        (index of the language, index of the row) of each row.
    """
    shares, rows = drawing_shares(sizes, exponent), [_shuffled(size, rng) for size in sizes]
    while True:
        languages = rng.choice(len(sizes), size=batch_size, p=shares).tolist()
        yield [(language, next(rows[language])) for language in languages]


def _shuffled(size: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(size).tolist()
