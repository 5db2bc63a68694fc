"""Processing as many rows at a time as memory allows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xstilts.errors import UserError
from xstilts.training.memory import MicroBatches, in_parts


def doubled(limit: int, rows: Sequence[int]) -> list[int]:
    if len(rows) > limit:
        raise torch.OutOfMemoryError("CUDA out of memory.")
    return [2 * row for row in rows]


@given(st.lists(st.integers(1, 30), max_size=5), st.integers(1, 30))
def test_every_row_is_worked_on_once_and_in_order(sizes: list[int], limit: int) -> None:
    micro, parts = MicroBatches(), []
    for size in sizes:
        rows = list(range(size))
        found = [(list(part), done) for part, done in in_parts(rows, lambda part: doubled(limit, part), micro)]
        assert [row for part, _ in found for row in part] == rows
        assert [value for _, done in found for value in done] == [2 * row for row in rows]
        parts += [len(part) for part, _ in found]
    assert all(part <= limit for part in parts)
    assert micro.halvings == sorted(micro.halvings, reverse=True)
    assert not micro.halvings or 2 * max(parts) >= limit


def test_memory_that_is_too_small_for_one_row() -> None:
    with pytest.raises(UserError, match="too small for one example"):
        list(in_parts([1, 2, 3], lambda part: doubled(0, part), MicroBatches()))


def test_only_what_was_too_much_is_halved() -> None:
    """A short last batch does not make the limit larger than it was."""
    micro = MicroBatches(8)
    micro.halve(3)
    assert micro.size == 1


def test_several_processes_do_not_go_on_with_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would have to agree on them; one that computes other rows than the others would wait for ever."""
    monkeypatch.setattr("xstilts.training.memory.ranks.count", lambda: 4)
    micro = MicroBatches(8)
    with pytest.raises(
        UserError, match=r"one of 4 GPUs is too small for its part of a batch of 8 rows\. Give micro_ba"
    ):
        list(in_parts([1, 2, 3, 4, 5, 6, 7, 8], lambda part: doubled(2, part), micro))
    assert micro.size == 8
