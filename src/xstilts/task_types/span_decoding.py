"""The best span by the logits of its start and end."""

from __future__ import annotations

import numpy as np


def best_span(logits: np.ndarray, may_start: np.ndarray, n_best: int, max_length: int) -> tuple[float, int, int]:
    """Find the span with the highest sum of start and end logits.

    Args:
        logits: Start and end logits of the context tokens, (tokens, 2).
        may_start: The tokens at which a span may start, (tokens,) bool.
        n_best: Spans start and end at one of the ``n_best`` tokens with the highest start and end logits.
        max_length: The number of tokens of the longest span.

    Returns:
        The sum of logits, the first and the last token of the span; the sum is -inf if there is no such span.
    """
    starts, ends = np.argsort(-logits, axis=0, kind="stable")[:n_best].T
    starts = starts[may_start[starts]]
    lengths = ends[None, :] - starts[:, None] + 1
    sums = logits[starts, 0][:, None] + logits[ends, 1][None, :]
    sums = np.where((lengths >= 1) & (lengths <= max_length), sums, -np.inf)
    if sums.size == 0:
        return -np.inf, 0, 0
    start, end = np.unravel_index(sums.argmax(), sums.shape)
    return float(sums[start, end]), int(starts[start]), int(ends[end])
