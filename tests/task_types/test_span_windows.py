"""Window starts and the windows with the most context, compared with the published code."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from xstilts.task_types.span_windows import max_context_windows, window_starts

LENGTHS, ROOMS, STRIDES = st.integers(0, 700), st.integers(1, 380), st.integers(1, 200)


@given(length=LENGTHS, room=ROOMS, doc_stride=STRIDES)
def test_window_starts_lie_a_stride_apart_until_the_end_is_reached(length, room, doc_stride):
    starts = list(window_starts(length, room, doc_stride))
    assert starts[0] == 0 and starts[-1] + room >= length
    assert all(later - earlier == min(doc_stride, room) for earlier, later in pairwise(starts))
    assert len(starts) == 1 or starts[-2] + room < length


@given(length=st.integers(1, 700), room=ROOMS, doc_stride=STRIDES)
@example(length=500, room=372, doc_stride=128)
@example(length=501, room=372, doc_stride=128)
@example(length=372, room=372, doc_stride=128)
def test_windows_are_those_of_squad_convert(length, room, doc_stride):
    """transformers removes a window's tokens and continues with the rest and an overlap."""
    doc_stride = min(doc_stride, room)
    published, rest = [], list(range(length))
    while True:
        published.append(rest[:room])
        left_over = len(rest) - room
        if left_over <= 0:
            break
        overlap = room - doc_stride
        rest = rest[-(overlap + left_over) :]
    starts = window_starts(length, room, doc_stride)
    assert [list(range(start, min(start + room, length))) for start in starts] == published


def test_two_overlapping_windows_worked_by_hand():
    """Ten tokens in windows of 8 and 6, which overlap in tokens 4 to 7.

    The first gives them min(4, 3) … min(7, 0) = 3 2 1 0 and .08, the second min(0, 5) … min(3, 2) = 0 1 2 2 and .06.
    """
    starts = window_starts(10, room=8, doc_stride=4)
    assert list(starts) == [0, 4]
    assert max_context_windows(10, 8, starts).tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_of_windows_with_equal_context_the_longer_then_the_first_one():
    # Token 2 is one from the end both of 0-3 and of 1-4. Token 4 is the last of 2-4 and of 3-4, which is shorter.
    assert max_context_windows(5, 4, [0, 1]).tolist() == [0, 0, 0, 1, 1]
    assert max_context_windows(5, 3, [0, 2, 3]).tolist() == [0, 0, 0, 1, 1]


def test_a_much_longer_window_wins_over_one_with_a_little_more_context():
    assert max_context_windows(360, 300, [0, 250]).tolist() == [0] * 276 + [1] * 84  # 275: 24 + 3.0 and 25 + 1.1


@given(length=LENGTHS, room=ROOMS, doc_stride=STRIDES)
@example(length=401, room=300, doc_stride=101)  # 0.01 per token makes up for the distance to the end: rounding decides
def test_max_context_is_that_of_a_second_implementation(length, room, doc_stride):
    starts = window_starts(length, room, doc_stride)
    windows = max_context_windows(length, room, starts)
    for token in range(length):
        spans = [(start, min(start + room, length)) for start in starts]
        scores = [
            min(token - start, stop - token - 1) + 0.01 * (stop - start) if start <= token < stop else -1
            for start, stop in spans
        ]
        assert windows[token] == scores.index(max(scores))
        assert spans[windows[token]][0] <= token < spans[windows[token]][1]
    assert windows.shape == (length,) and np.all(windows >= 0)
