"""The distance of a place to English, for languages that a study adds to the table."""

from __future__ import annotations

import math

_POINTS = 299
_ENGLISH = (53.0, -1.0)  # latitude and longitude, as Glottolog places it
_GOLDEN = math.pi * (1 + math.sqrt(5))


def geographic_distance(latitude: float, longitude: float) -> float:
    """The distance of a place to English, as the language table's column ``geographic`` has it.

    URIEL (Littell et al. 2017) describes a place by its great-circle distances to 299 points that lie evenly on the
    globe; the distance of two places is the cosine distance of these vectors. A Fibonacci lattice gives the table's
    values to within 0.001 where both have a language at the same place.

    Args:
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.

    Returns:
        The distance, 0 for English.
    """
    here, english = _profile(latitude, longitude), _profile(*_ENGLISH)
    return 1 - _dot(here, english) / math.sqrt(_dot(here, here) * _dot(english, english))


def _profile(latitude: float, longitude: float) -> list[float]:
    """Great-circle distances of a place to all points, as angles."""
    north, east = math.radians(latitude), math.radians(longitude)
    place = [math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)]
    return [math.acos(max(-1.0, min(1.0, _dot(place, _point(index))))) for index in range(_POINTS)]


def _point(index: int) -> list[float]:
    """The unit vector of a point of the Fibonacci lattice."""
    height = 1 - 2 * (index + 0.5) / _POINTS
    radius, angle = math.sqrt(1 - height * height), _GOLDEN * (index + 0.5)
    return [math.cos(angle) * radius, math.sin(angle) * radius, height]


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
