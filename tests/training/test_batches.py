from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xstilts.training.batches import batches_per_epoch, mixture, ordered_batches, shuffled_batches

LENGTHS = st.lists(st.integers(2, 512), min_size=1, max_size=400).map(np.array)


def epochs(lengths: np.ndarray, batch_size: int, count: int, seed: int = 0) -> list[list[list[int]]]:
    """The batches of so many epochs."""
    batches = shuffled_batches(lengths, batch_size, np.random.default_rng(seed))
    size = batches_per_epoch(len(lengths), batch_size)
    return [list(islice(batches, size)) for _ in range(count)]


@settings(deadline=None)
@given(lengths=LENGTHS, batch_size=st.integers(1, 7), seed=st.integers(0, 99))
def test_every_epoch_has_every_row_once(lengths: np.ndarray, batch_size: int, seed: int) -> None:
    for batches in epochs(lengths, batch_size, 2, seed):
        assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))


@settings(deadline=None)
@given(lengths=LENGTHS, batch_size=st.integers(1, 7))
def test_all_batches_but_one_are_full(lengths: np.ndarray, batch_size: int) -> None:
    (batches,) = epochs(lengths, batch_size, 1)
    sizes = sorted(map(len, batches))
    assert sizes[1:] == [batch_size] * (len(batches) - 1)
    assert 1 <= sizes[0] <= batch_size


def test_rows_of_a_batch_have_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(2, 512, size=3200)
    (batches,) = epochs(lengths, 32, 1)
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert padded < 1.05 * lengths.sum()


def test_order_is_random_but_follows_from_the_seed() -> None:
    lengths = np.arange(2, 202)
    one, two = epochs(lengths, 8, 2)
    assert one != two
    assert epochs(lengths, 8, 2) == [one, two]
    assert epochs(lengths, 8, 2, seed=1) != [one, two]
    starts = [lengths[batch].min() for batch in one]
    assert starts != sorted(starts)


@given(lengths=LENGTHS, batch_size=st.integers(1, 7))
def test_evaluation_sees_every_row_once_longest_first(lengths: np.ndarray, batch_size: int) -> None:
    batches = list(ordered_batches(lengths, batch_size))
    rows = [row for batch in batches for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert lengths[rows].tolist() == sorted(lengths.tolist(), reverse=True)
    assert len(batches) == batches_per_epoch(len(lengths), batch_size)
    assert max(map(len, batches)) <= batch_size


@settings(deadline=None)
@given(lengths=LENGTHS, batch_tokens=st.integers(1, 2000), seed=st.integers(0, 99))
def test_batches_of_tokens_hold_no_more_with_their_padding(lengths: np.ndarray, batch_tokens: int, seed: int) -> None:
    batches = shuffled_batches(lengths, 32, np.random.default_rng(seed), batch_tokens)
    rows: list[int] = []
    while len(rows) < len(lengths):
        batch = next(batches)
        assert len(batch) == 1 or lengths[batch].max() * len(batch) <= batch_tokens
        rows += batch
    assert sorted(rows) == list(range(len(lengths))), "an epoch has every row once"


def test_batches_of_tokens_are_as_full_as_they_can_be() -> None:
    lengths = np.random.default_rng(0).integers(2, 512, size=3200)
    batches = list(islice(shuffled_batches(lengths, 1, np.random.default_rng(0), 4096), 150))
    assert np.mean([lengths[batch].sum() for batch in batches]) > 0.9 * 4096


@pytest.mark.parametrize(
    ("sizes", "cap", "shares"),
    [
        ([300, 100], None, [0.75, 0.25]),
        ([300, 100], 100, [0.5, 0.5]),
        ([1000, 50, 150], 150, [3 / 7, 1 / 7, 3 / 7]),
        ([5], None, [1.0]),
    ],
)
def test_tasks_are_drawn_in_proportion_to_their_capped_size(
    sizes: list[int], cap: int | None, shares: list[float]
) -> None:
    draws = list(islice(mixture(sizes, cap, np.random.default_rng(0)), 20_000))
    found = np.bincount(draws, minlength=len(sizes)) / len(draws)
    assert found == pytest.approx(shares, abs=0.02)


def test_mixture_follows_from_the_seed() -> None:
    one, two, other = (list(islice(mixture([3, 1], None, np.random.default_rng(s)), 2500)) for s in (1, 1, 2))
    assert one == two != other
