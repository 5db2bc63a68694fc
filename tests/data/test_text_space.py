"""The space of a task's texts, and the measures of diversity in it."""

from __future__ import annotations

import numpy as np
import pytest
from topics import texts

from xstilts.data import text_space
from xstilts.data.text_space import Diversity, TextSpace, pairwise_distance, vendi_score


@pytest.fixture(scope="module")
def space() -> TextSpace:
    return TextSpace([*texts("sea", 60), *texts("farm", 60)])


def test_the_vendi_score_is_the_effective_number_of_different_vectors() -> None:
    assert vendi_score(np.eye(5)) == pytest.approx(5)
    assert vendi_score(np.tile([1.0, 0.0], (7, 1))) == pytest.approx(1)
    assert vendi_score(np.repeat(np.eye(3), 4, axis=0)) == pytest.approx(3)


def test_it_equals_the_definition_on_the_matrix_of_similarities() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(vectors @ vectors.T / 40)
    positive = eigenvalues[eigenvalues > 1e-12]
    assert vendi_score(vectors) == pytest.approx(np.exp(-(positive * np.log(positive)).sum()))


def test_texts_of_one_topic_are_near_each_other(space: TextSpace) -> None:
    sea, farm = space.vectors(texts("sea", 10, 1)), space.vectors(texts("farm", 10, 1))
    assert np.linalg.norm(sea, axis=1) == pytest.approx(1)
    assert (sea @ sea.T).mean() > 0.3 > (sea @ farm.T).mean()
    assert space.vectors(["", "!?"]).tolist() == np.zeros((2, sea.shape[1])).tolist()


def test_the_pairwise_distance_is_over_pairs_of_different_texts() -> None:
    """Of three vectors, two are the same and one is orthogonal: cosines of 1, 0 and 0."""
    assert pairwise_distance(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])) == pytest.approx(2 / 3)


def test_clusters_are_the_topics(space: TextSpace) -> None:
    found = space.clusters(space.vectors([*texts("sea", 10, 1), *texts("farm", 10, 1)]), 2)
    assert len(set(found[:10])) == len(set(found[10:])) == 1 and found[0] != found[10]
    assert max(space.clusters(space.vectors(texts("sea", 5)), 999)) < 120, "at most one cluster per text"


def test_two_topics_are_more_diverse_than_one(space: TextSpace) -> None:
    one = Diversity.of(space, texts("sea", 40, 2))
    both = Diversity.of(space, [*texts("sea", 20, 2), *texts("farm", 20, 2)])
    for measure in ("vendi", "pairwise_distance", "distinct_bigrams", "clusters"):
        assert getattr(both, measure) > getattr(one, measure), measure
    assert both.measured == 40 and both.entry()["vendi"] == round(both.vendi, 6)


def test_measures_by_hand(space: TextSpace) -> None:
    same = Diversity.of(space, ["a ship a ship"] * 3)
    assert same.distinct_bigrams == pytest.approx(2 / 9)  # "a ship" and "ship a", of three per text
    assert same.vendi == pytest.approx(1) and same.pairwise_distance == pytest.approx(0, abs=1e-6)
    assert Diversity.of(space, ["ship"]).pairwise_distance == 0


def test_diversity_is_measured_on_a_sample(space: TextSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_space, "MEASURED", 25)
    assert Diversity.of(space, texts("sea", 60)).measured == 25


@pytest.mark.parametrize("few", [["ship"], ["ship", "cow"], ["", ""]])
def test_very_few_texts_have_a_space(few: list[str]) -> None:
    assert TextSpace(few).vectors(few).shape[0] == len(few)
