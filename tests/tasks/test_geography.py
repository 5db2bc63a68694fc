"""Geographic distances to English from coordinates, against the table's from URIEL."""

from __future__ import annotations

import pytest

from xstilts.tasks.geography import geographic_distance
from xstilts.tasks.languages import languages_of


@pytest.mark.parametrize(
    ("code", "place"),
    [("fi", (64.76, 25.56)), ("hi", (25.0, 77.0)), ("ja", (35.0, 135.0)), ("yo", (7.15, 4.67)), ("de", (48.65, 12.47))],
)
def test_it_is_uriel_s(code: str, place: tuple[float, float]) -> None:
    assert geographic_distance(*place) == pytest.approx(languages_of("files")[code].geographic, abs=0.001)


def test_english_is_at_distance_0() -> None:
    assert geographic_distance(53, -1) == pytest.approx(0, abs=1e-12)
