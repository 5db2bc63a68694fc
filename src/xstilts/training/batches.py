"""Which rows make a batch, and which task a step of a mixture trains on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

_POOL = 50  # batches whose rows are sorted by length together: little padding, and the order is still random


def shuffled_batches(
    lengths: np.ndarray, batch_size: int, rng: np.random.Generator, batch_tokens: int | None = None
) -> Iterator[list[int]]:
    """Yield training batches of row indices, epoch after epoch, without end.

    An epoch holds every row exactly once. Rows of a batch have similar lengths; the order of batches is random.

    Args:
        lengths: (rows,) tokens of each row.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        rng: Source of all randomness.
        batch_tokens: Batches have as many rows as so many tokens allow, padding included, in place of ``batch_size``; a
            longer row is a batch of its own.
    """
    rows = batch_size if batch_tokens is None else max(1, int(batch_tokens / lengths.mean()))
    while True:
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), _POOL * rows):
            pool = order[start : start + _POOL * rows]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            starts = range(0, len(pool), rows) if batch_tokens is None else _starts(lengths[pool], batch_tokens)
            batches = np.split(pool, list(starts)[1:])
            for index in rng.permutation(len(batches)):
                yield batches[index].tolist()


def _starts(lengths: np.ndarray, batch_tokens: int) -> Iterator[int]:
    """Yield where batches of rows begin that are sorted by length, the shortest first."""
    start = 0
    for place, length in enumerate(lengths.tolist()):
        if place == start or (place - start + 1) * length > batch_tokens:
            start = place
            yield place


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
    lengths: Sequence[np.ndarray],
    batch_size: int,
    exponent: float,
    rng: np.random.Generator,
    batch_tokens: int | None = None,
) -> Iterator[list[tuple[int, int]]]:
    """Yield batches whose rows are of languages drawn one by one, without end.

    The rows of a language come in a random order, each once before any comes again.

    Args:
        lengths: (rows,) tokens of each row, by language.
        batch_size: Rows per batch.
        exponent: A language is drawn in proportion to this power of its rows.
        rng: Source of all randomness.
        batch_tokens: As of :func:`shuffled_batches`.

    Yields:
        (index of the language, index of the row) of each row.
    """
    drawn = _drawn([len(of_language) for of_language in lengths], batch_size, exponent, rng)
    while batch_tokens is None:
        yield list(islice(drawn, batch_size))
    batch: list[tuple[int, int]] = []
    longest = 0
    for language, row in drawn:
        length = int(lengths[language][row])
        longest = max(longest, length)
        if batch and longest * (len(batch) + 1) > batch_tokens:
            yield batch
            batch, longest = [], length
        batch.append((language, row))


def _drawn(sizes: Sequence[int], at_once: int, exponent: float, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Yield rows without end, their languages drawn so many at a time."""
    shares, rows = drawing_shares(sizes, exponent), [_shuffled(size, rng) for size in sizes]
    while True:
        for language in rng.choice(len(sizes), size=at_once, p=shares).tolist():
            yield language, next(rows[language])


def _shuffled(size: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(size).tolist()
