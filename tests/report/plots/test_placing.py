"""Labels beside points and at the ends of lines."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import Text, collisions

from xstilts.report.plots.placing import Box, labels_beside, spread_apart

SIZE, X, Y, FONT = (200.0, 150.0), (0.0, 1.0), (-10.0, 10.0), 9.0


def points_of(places: list[tuple[float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(places, columns=["x", "y"])
    return frame.assign(label=[f"l{row}" for row in range(len(frame))])


def box_of(x: float, y: float, half_width: float, half_height: float) -> Box:
    """In pixels, around a place in data units."""
    across, down = x * SIZE[0], (Y[1] - y) / (Y[1] - Y[0]) * SIZE[1]
    return Box(across - half_width, down - half_height, across + half_width, down + half_height)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-10, 10)), min_size=1, max_size=40))
def test_labels_overlap_neither_one_another_nor_any_point(places: list[tuple[float, float]]) -> None:
    points = points_of(places)
    placed = labels_beside(points, SIZE, X, Y, FONT)
    labels = [
        box_of(x, y, 0.3 * FONT * len(label), 0.5 * FONT)
        for x, y, label in placed[["at_x", "at_y", "label"]].itertuples(index=False)
    ]
    marks = [box_of(x, y, 3, 3) for x, y in places]
    assert not any(one.overlaps(other) for one, other in combinations(labels, 2))
    assert not any(label.overlaps(mark) for label in labels for mark in marks)
    assert all(box.left >= -1e-6 and box.right <= SIZE[0] + 1e-6 for box in labels)


def test_a_point_by_itself_has_its_label_on_the_right() -> None:
    placed = labels_beside(points_of([(0.5, 0.0)]), SIZE, X, Y, FONT)
    assert placed["at_x"].item() > 0.5 and placed["at_y"].item() == pytest.approx(0)


def test_what_comes_first_has_its_label_before_the_rest() -> None:
    crowd = points_of([(0.5, 0.01 * row) for row in range(30)])
    placed = labels_beside(crowd, SIZE, X, Y, FONT)
    assert 0 < len(placed) < 30 and placed["label"].iloc[0] == "l0"
    assert len(labels_beside(crowd, SIZE, X, Y, FONT, most=1)) == 1


@given(st.lists(st.floats(0, 100), max_size=12))
def test_spread_values_are_apart_within_bounds_and_in_order(values: list[float]) -> None:
    moved = spread_apart(values, 5.0, 0.0, 100.0)
    assert len(moved) == len(values)
    assert all(-1e-6 <= value <= 100 + 1e-6 for value in moved)
    assert all(gap >= 5 - 1e-6 for gap in np.diff(sorted(moved)))
    order = sorted(range(len(values)), key=lambda place: moved[place])
    assert [values[place] for place in order] == sorted(values)


def test_values_that_are_apart_stay_and_equal_ones_move_alike_to_both_sides() -> None:
    assert spread_apart([10.0, 50.0, 30.0], 5.0, 0.0, 100.0) == [10.0, 50.0, 30.0]
    assert spread_apart([50.0, 50.0], 4.0, 0.0, 100.0) == [48.0, 52.0]


def test_values_without_room_are_evenly_spread() -> None:
    assert spread_apart([1.0, 1.0, 1.0], 50.0, 0.0, 10.0) == pytest.approx([0.0, 5.0, 10.0])


def test_the_tests_see_a_collision() -> None:
    below = Text("below", 12, 24, 10, "start", True)
    assert collisions([Text("above", 10, 20, 10, "start", True), below]) == [("above", "below")]
    assert collisions([Text("above", 10, 10, 10, "start", True), below]) == []
