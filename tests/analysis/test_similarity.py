"""Similarity measures on corpora and vectors of known similarity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from xstilts.analysis.similarity import centred_cosine, cosine, jsd, paired_samples, unigram_similarity

VOCABULARY = 2_000


@given(arrays.arrays(np.int64, (2, 6), elements=st.integers(0, 50)))
def test_the_divergence_is_the_entropy_of_the_mixture_less_the_mean_of_both_entropies(counts: np.ndarray) -> None:
    a, b = counts + np.eye(6, dtype=np.int64)[:2]  # neither is empty
    mixture = a / a.sum() / 2 + b / b.sum() / 2
    expected = stats.entropy(mixture, base=2) - (stats.entropy(a, base=2) + stats.entropy(b, base=2)) / 2
    assert jsd(a, b) == pytest.approx(expected, abs=1e-9)


def test_equal_shares_diverge_by_0_and_disjoint_words_by_1() -> None:
    assert jsd(np.array([1, 2, 0]), np.array([10, 20, 0])) == pytest.approx(0)
    assert jsd(np.array([1, 2, 0]), np.array([0, 0, 5])) == pytest.approx(1)


def zipf(rng: np.random.Generator, tokens: int, words: np.ndarray | None = None) -> list[np.ndarray]:
    """Texts of 10 tokens whose words follow Zipf's law; ``words`` says in which order of frequency."""
    shares = 1 / np.arange(1, VOCABULARY + 1)
    order = np.arange(VOCABULARY) if words is None else words
    return list(rng.choice(order, (tokens // 10, 10), p=shares / shares.sum()))


def similarity(a: list[np.ndarray], b: list[np.ndarray], budget: int, draw: int = 0) -> float:
    rng = np.random.default_rng(draw)
    return unigram_similarity(*(paired_samples(corpus, VOCABULARY, budget, rng) for corpus in (a, b)))


@pytest.mark.parametrize("sizes", [(5_000, 5_000), (5_000, 200_000), (50_000, 50_000)])
def test_corpora_of_one_source_are_alike_whatever_their_sizes(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    found = [similarity(*(zipf(rng, size) for size in sizes), budget=2_500, draw=draw) for draw in range(5)]
    assert np.mean(found) == pytest.approx(1, abs=0.01)
    counts = [np.bincount(np.concatenate(zipf(rng, size)), minlength=VOCABULARY) for size in sizes]
    assert max(sizes) > 5_000 or jsd(*counts) > 0.1  # which is what they would diverge by if nothing was corrected


def test_the_size_of_a_corpus_does_not_change_how_unlike_another_it_is() -> None:
    rng = np.random.default_rng(2)
    other = np.concatenate([np.arange(200, VOCABULARY), np.arange(200)])  # another domain has other frequent words
    found = [similarity(zipf(rng, a), zipf(rng, b, other), 2_500) for a, b in ((5_000, 5_000), (5_000, 100_000))]
    assert found[0] == pytest.approx(found[1], abs=0.02)
    assert max(found) < 0.8


def test_samples_of_one_corpus_share_no_text() -> None:
    corpus = [np.full(7, word) for word in range(40)]
    samples = paired_samples(corpus, 40, 70, np.random.default_rng(3), resamples=4)
    assert samples.shape == (4, 2, 40) and (samples.sum(2) == 70).all()
    assert not (samples[:, 0] * samples[:, 1]).any()
    assert (samples[0] != samples[1]).any()


def test_a_corpus_too_small_for_two_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="two samples of 8 tokens cannot be drawn from 15"):
        paired_samples([np.arange(15)], 15, 8, np.random.default_rng(4))


def test_cosines_of_known_vectors() -> None:
    assert cosine(np.array([1.0, 0]), np.array([1.0, 1])) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(cosine(np.zeros(2), np.ones(2)))


def test_centring_takes_the_language_away_and_leaves_the_topic() -> None:
    rng = np.random.default_rng(5)
    english, other = 10 * rng.normal(size=(2, 64))
    sport, law, parallel = rng.normal(size=(3, 64))
    origins = english + parallel, other + parallel
    raw_same, raw_different = cosine(english + sport, other + sport), cosine(english + sport, other + law)
    assert abs(raw_same - raw_different) < 0.1  # both say that the languages differ
    same = centred_cosine(english + sport, other + sport, *origins)
    different = centred_cosine(english + sport, other + law, *origins)
    assert same == pytest.approx(1) and different < 0.8
