"""Mining against brute force, and one example worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xstilts.retrieval.mining import MinedPair, best_threshold, mine
from xstilts.task_types.neighbours import nearest_neighbours, neighbours_of_both

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 30)


def unit(seed: int, n: int, offset: float = 0.5) -> torch.Tensor:
    """Random unit vectors; the offset gives them the positive cosines that mean-pooled sentences have."""
    vectors = np.random.default_rng(seed).normal(offset, 1, (n, 8))
    return torch.tensor(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=torch.float32)


@given(SEEDS, SIZES, SIZES, st.integers(1, 6), st.integers(1, 40))
@settings(deadline=None)
def test_nearest_is_brute_force(seed: int, n: int, m: int, k: int, block: int) -> None:
    queries, index = unit(seed, n), unit(seed + 1, m)
    similarities, positions = nearest_neighbours(queries, index, k, block=block)
    cosines = queries.numpy().astype(np.float64) @ index.numpy().astype(np.float64).T
    expected = np.argsort(-cosines, axis=1)[:, :k]
    assert positions.tolist() == expected.tolist()
    np.testing.assert_allclose(similarities.numpy(), np.take_along_axis(cosines, expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_of_equally_near_ones_the_first(block: int) -> None:
    index = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    _, positions = nearest_neighbours(torch.tensor([[1.0, 0.0]]), index, 4, block=block)
    assert positions.tolist() == [[1, 2, 4, 0]]


def whole_numbers(seed: int, n: int) -> torch.Tensor:
    """Vectors whose products are exact, whatever the blocks, and often equal."""
    return torch.tensor(np.random.default_rng(seed).integers(-2, 3, (n, 4)), dtype=torch.float32)


def ranked(queries: torch.Tensor, index: torch.Tensor, k: int) -> list[list[int]]:
    return np.argsort(-(queries @ index.T).numpy(), axis=1, kind="stable")[:, :k].tolist()


@given(SEEDS, st.integers(1, 150), st.integers(1, 150), st.integers(1, 40), st.integers(1, 170))
@settings(deadline=None)
def test_each_side_gets_its_neighbours_and_ties_go_to_the_first(seed: int, n: int, m: int, k: int, block: int) -> None:
    left, right = whole_numbers(seed, n), whole_numbers(seed + 1, m)
    (_, of_left), (_, of_right) = neighbours_of_both(left, right, k, block=block)
    assert of_left.tolist() == ranked(left, right, k)
    assert of_right.tolist() == ranked(right, left, k)
    assert torch.equal(nearest_neighbours(left, right, k, block=block)[1], of_left)


def test_of_vectors_that_are_no_numbers_the_neighbours_are_some_positions() -> None:
    """The encoder has diverged; its scores say so."""
    _, positions = nearest_neighbours(torch.full((2, 8), float("nan")), unit(1, 50), 3)
    assert positions.tolist() == [[0, 1, 2]] * 2


def brute_force(foreign: np.ndarray, english: np.ndarray, k: int) -> dict[tuple[int, int], float]:
    """The same definition over the full matrix of cosines."""
    cosines = foreign.astype(np.float64) @ english.astype(np.float64).T

    def mean(row: np.ndarray) -> float:
        return float(np.mean(np.sort(row)[::-1][:k]))

    margins = np.array(
        [
            [cosines[i, j] / ((mean(cosines[i]) + mean(cosines[:, j])) / 2) for j in range(len(english))]
            for i in range(len(foreign))
        ]
    )
    pooled = []
    for i in range(len(foreign)):
        near = np.argsort(-cosines[i])[:k]
        pooled.append((i, int(near[np.argmax(margins[i, near])])))
    for j in range(len(english)):
        near = np.argsort(-cosines[:, j])[:k]
        pooled.append((int(near[np.argmax(margins[near, j])]), j))
    found: dict[tuple[int, int], float] = {}
    for i, j in sorted(pooled, key=lambda pair: -margins[pair]):
        if margins[i, j] > 0 and all(i != x and j != y for x, y in found):
            found[i, j] = margins[i, j]
    return found


@given(SEEDS, SIZES, SIZES, st.integers(1, 6), st.integers(1, 40))
@settings(deadline=None)
def test_mine_is_brute_force(seed: int, n: int, m: int, k: int, block: int) -> None:
    foreign, english = unit(seed, n, offset=1.5), unit(seed + 1, m, offset=1.5)
    found = mine(foreign, english, k, block=block)
    expected = brute_force(foreign.numpy(), english.numpy(), k)
    assert {(pair.foreign, pair.english): pytest.approx(pair.margin, abs=1e-5) for pair in found} == expected
    assert [pair.margin for pair in found] == sorted((pair.margin for pair in found), reverse=True)


@given(SEEDS, SIZES, SIZES)
@settings(deadline=None)
def test_mine_does_not_depend_on_the_order_of_the_pools(seed: int, n: int, m: int) -> None:
    foreign, english = unit(seed, n), unit(seed + 1, m)
    draw = np.random.default_rng(seed)
    of_foreign, of_english = draw.permutation(n), draw.permutation(m)
    shuffled = mine(foreign[of_foreign], english[of_english], 4)
    expected = {(pair.foreign, pair.english) for pair in mine(foreign, english, 4)}
    assert {(of_foreign[pair.foreign], of_english[pair.english]) for pair in shuffled} == expected


def test_margins_worked_by_hand() -> None:
    """Cosines 1 .6 .8 / 0 .8 .6; means of two: .9, .7 / .5, .7, .7."""
    foreign = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    english = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
    first, second = mine(foreign, english, 2)
    assert first == (0, 0, pytest.approx(1 / 0.7))
    assert second == (1, 1, pytest.approx(0.8 / 0.7))  # the third English sentence wants the first foreign one: taken


def test_empty_pools_and_unrelated_ones_give_no_candidates() -> None:
    some, none = unit(0, 3), torch.empty(0, 8)
    assert mine(some, none, 4) == mine(none, some, 4) == []
    assert mine(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 4) == []


def test_a_margin_is_a_ratio_whatever_its_signs() -> None:
    """As in XTREME: opposite vectors, each other's only neighbours, have -1 / -1."""
    assert mine(torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]]), 4) == [(0, 0, 1.0)]


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="compares the neighbours that a GPU finds with those that the CPU finds, and there is no GPU",
)
def test_blocks_go_to_the_device_and_results_come_back() -> None:
    queries, index = unit(0, 50), unit(1, 70)
    similarities, positions = nearest_neighbours(queries, index, 4, "cuda", block=16)
    expected, places = nearest_neighbours(queries, index, 4)
    assert similarities.device == positions.device == queries.device
    torch.testing.assert_close(similarities, expected)
    assert torch.equal(positions, places)


CANDIDATES = st.lists(st.integers(1, 6), max_size=12).map(
    lambda scores: [MinedPair(i, i, score / 4) for i, score in enumerate(scores)]
)
GOLD = st.sets(st.integers(0, 14)).map(lambda ids: {(i, i) for i in ids})


def f1_from(candidates: list[MinedPair], gold: set[tuple[int, int]], threshold: float) -> tuple[float, int]:
    kept = {(pair.foreign, pair.english) for pair in candidates if pair.margin >= threshold}
    return 2 * len(kept & gold) / max(1, len(kept) + len(gold)), -len(kept)


@given(CANDIDATES, GOLD)
@settings(deadline=None)
def test_threshold_maximises_f1_with_the_fewest_pairs(candidates: list[MinedPair], gold: set[tuple[int, int]]) -> None:
    threshold = best_threshold(candidates, gold)
    tried = [f1_from(candidates, gold, pair.margin) for pair in candidates]
    if tried and max(tried)[0] > 0:
        assert f1_from(candidates, gold, threshold) == max(tried)
    else:
        assert threshold == 0


@given(CANDIDATES, GOLD, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_threshold_does_not_depend_on_the_order(
    candidates: list[MinedPair], gold: set[tuple[int, int]], random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert best_threshold(shuffled, gold) == best_threshold(candidates, gold)


def test_threshold_lies_between_two_scores_and_on_the_last() -> None:
    pairs = [MinedPair(0, 0, 1.5), MinedPair(1, 1, 1.25), MinedPair(2, 2, 1.0)]
    assert best_threshold(pairs, {(0, 0)}) == 1.375
    assert best_threshold(pairs, {(0, 0), (2, 2)}) == 1.0
    low = float(np.nextafter(1.5, 0))
    assert best_threshold([MinedPair(0, 0, 1.5), MinedPair(1, 1, low)], {(0, 0)}) == 1.5
