"""Where labels go so that none lies on another: in the order of what matters most, and none where there is no room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

_CHARACTER, _LINE = 0.62, 1.1  # of the font size: width of a character, height of a line
_POINT = 4  # pixels around a point's centre that are its mark


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
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
    """Of points (x, y, label; most important first), those of the first ``most`` whose label fits, and its place.

    ``size``: (width, height) of the panel in pixels; scales are linear over their domains. ``at_x`` and ``at_y``
    are the label's centre in data units.
    """
    width, height = size
    across = width / (x_domain[1] - x_domain[0])
    down = height / (y_domain[1] - y_domain[0])
    xs = (points["x"].to_numpy(float) - x_domain[0]) * across
    ys = (y_domain[1] - points["y"].to_numpy(float)) * down
    taken = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in zip(xs, ys, strict=True)]
    kept = []
    for row, x, y, label in list(zip(points.index, xs, ys, points["label"], strict=True))[:most]:
        for box in _places(x, y, font * _CHARACTER * len(label), font * _LINE):
            inside = box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height
            if inside and not any(box.meets(other) for other in taken):
                taken.append(box)
                kept.append((row, (box.left + box.right) / 2, (box.top + box.bottom) / 2))
                break
    placed = points.loc[[row for row, _, _ in kept]].copy()
    placed["at_x"] = [x_domain[0] + x / across for _, x, _ in kept]
    placed["at_y"] = [y_domain[1] - y / down for _, _, y in kept]
    return placed


def _places(x: float, y: float, width: float, height: float) -> Iterator[Box]:
    """Right, left, above, below, then the corners."""
    side, end = _POINT + 1 + width / 2, _POINT + 1 + height / 2
    for dx, dy in ((side, 0), (-side, 0), (0, -end), (0, end), (side, -end), (-side, -end), (side, end), (-side, end)):
        yield Box(x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)


def spread(values: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """The values moved so that they are ``least`` apart and between low and high, by the least squares; nearer to one
    another where there is no room. In the order given; the order of their sizes is kept.

    Apart means that ``value - rank * least`` must not fall with the rank, which isotonic regression does best.
    """
    order = np.argsort(np.asarray(values, dtype=float), kind="stable")
    steps = min(least, (high - low) / max(len(values) - 1, 1)) * np.arange(len(values))
    if len(values) == 0:
        return []
    level = optimize.isotonic_regression(np.asarray(values, dtype=float)[order] - steps).x
    moved = np.empty(len(values))
    moved[order] = np.clip(level, low, high - steps[-1]) + steps
    return [float(value) for value in moved]
