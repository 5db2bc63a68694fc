"""Place labels without overlap, the most important first; a label without room is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

_CHARACTER, _LINE = 0.62, 1.1  # of the font size: width of a character, height of a line
_POINT = 4  # pixels: radius of a point's mark


class Box(NamedTuple):
    """A rectangle in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Return whether two rectangles overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def labels_beside(
    points: pd.DataFrame,
    size: tuple[float, float],
    x_domain: Sequence[float],
    y_domain: Sequence[float],
    font: float,
    most: int = 60,
) -> pd.DataFrame:
    """Place labels beside points.

    Args:
        points: The columns x, y and label, the most important first.
        size: Width and height of the panel in pixels.
        x_domain: The domain of the linear x scale.
        y_domain: The domain of the linear y scale.
        font: The font size in pixels.
        most: Only the first so many points get a label.

    Returns:
        The points whose label fits, with its centre in data units as ``at_x`` and ``at_y``.
    """
    width, height = size
    across = width / (x_domain[1] - x_domain[0])
    down = height / (y_domain[1] - y_domain[0])
    xs = (points["x"].to_numpy(float) - x_domain[0]) * across
    ys = (y_domain[1] - points["y"].to_numpy(float)) * down
    taken = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in zip(xs, ys, strict=True)]
    kept = []
    for row, x, y, label in list(zip(points.index, xs, ys, points["label"], strict=True))[:most]:
        for box in _boxes_around(x, y, font * _CHARACTER * len(label), font * _LINE):
            inside = box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                kept.append((row, (box.left + box.right) / 2, (box.top + box.bottom) / 2))
                break
    placed = points.loc[[row for row, _, _ in kept]].copy()
    placed["at_x"] = [x_domain[0] + x / across for _, x, _ in kept]
    placed["at_y"] = [y_domain[1] - y / down for _, _, y in kept]
    return placed


def _boxes_around(x: float, y: float, width: float, height: float) -> Iterator[Box]:
    """Yield the places for a label in order: right, left, above, below, then the corners."""
    side, end = _POINT + 1 + width / 2, _POINT + 1 + height / 2
    for dx, dy in ((side, 0), (-side, 0), (0, -end), (0, end), (side, -end), (-side, -end), (side, end), (-side, end)):
        yield Box(x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)


def spread_apart(values: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Move values apart, changing them as little as possible in the least-squares sense.

    Values are ``least`` apart if ``value - rank * least`` does not decrease with the rank, so isotonic regression finds
    the best solution.

    Args:
        values: The values.
        least: The smallest distance between two values; smaller if there is not enough room.
        low: The lower bound.
        high: The upper bound.

    Returns:
        The moved values in the order given; their ranks are kept.
    """
    order = np.argsort(np.asarray(values, dtype=float), kind="stable")
    steps = min(least, (high - low) / max(len(values) - 1, 1)) * np.arange(len(values))
    if len(values) == 0:
        return []
    level = optimize.isotonic_regression(np.asarray(values, dtype=float)[order] - steps).x
    moved = np.empty(len(values))
    moved[order] = np.clip(level, low, high - steps[-1]) + steps
    return [float(value) for value in moved]
