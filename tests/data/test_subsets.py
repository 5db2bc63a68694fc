"""Which of a task's examples a subset has, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from topics import texts

from xstilts.config.factors import Choose
from xstilts.data import subsets
from xstilts.data.subsets import SubsetRule, k_centre_order
from xstilts.errors import UserError
from xstilts.task_types import canonical_schema
from xstilts.tasks.registry import TASKS

MNLI = TASKS["mnli"]
GENRES = ("fiction", "travel", "letters")


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """120 pairs, half about the sea and half about a farm; genres in turn."""
    premises = [*texts("sea", 60), *texts("farm", 60)]
    rows = [
        {"id": str(i), "premise": text, "hypothesis": "so", "label": "neutral", "genre": GENRES[i % 3]}
        for i, text in enumerate(premises)
    ]
    return pa.Table.from_pylist(rows, schema=canonical_schema(MNLI))


def rule(examples: int | None, how: str = "random", **more: object) -> SubsetRule:
    return SubsetRule("arms.few", examples, Choose.model_validate({"how": how, **more}))


def chosen(table: pa.Table, rule: SubsetRule, seed: int = 1) -> list[int]:
    return rule.of(MNLI, table, seed).indices


@pytest.mark.parametrize("how", ["random", "diverse", "narrow"])
def test_smaller_ones_are_among_larger_ones_of_the_same_seed(table: pa.Table, how: str) -> None:
    small, large = chosen(table, rule(8, how)), chosen(table, rule(40, how))
    assert (len(small), len(large)) == (8, 40) and small == sorted(small)
    assert set(small) < set(large) < set(range(120))


@pytest.mark.parametrize("how", ["random", "diverse", "narrow"])
def test_every_seed_draws_anew(table: pa.Table, how: str) -> None:
    assert chosen(table, rule(8, how)) == chosen(table, rule(8, how)) != chosen(table, rule(8, how), seed=2)


def test_random_ones_are_those_of_the_seeds_permutation(table: pa.Table) -> None:
    assert chosen(table, rule(5)) == sorted(np.random.default_rng(1).permutation(120)[:5].tolist())
    assert rule(None).takes_all and not rule(5).takes_all


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_narrow_subsets_are_of_one_topic_and_diverse_ones_the_most_varied(table: pa.Table, seed: int) -> None:
    assert len({index < 60 for index in chosen(table, rule(30, "narrow"), seed)}) == 1
    vendi = {how: rule(20, how).of(MNLI, table, seed).entry["vendi"] for how in ("narrow", "random", "diverse")}
    assert vendi["narrow"] < vendi["random"] < vendi["diverse"]


def test_a_domain_has_the_wanted_values_alone(table: pa.Table) -> None:
    fiction = chosen(table, rule(None, "domain", where={"genre": ["fiction"]}))
    assert fiction == list(range(0, 120, 3))
    few = chosen(table, rule(10, "domain", where={"genre": ["fiction", "travel"]}))
    assert len(few) == 10 and {index % 3 for index in few} == {0, 1}
    assert set(few) < set(chosen(table, rule(30, "domain", where={"genre": ["fiction", "travel"]})))


def test_a_topic_is_a_cluster_of_texts_whatever_the_seed(table: pa.Table) -> None:
    topics = [rule(None, "domain", topics=2, where={"topic": [topic]}).of(MNLI, table, 1) for topic in (0, 1)]
    assert sorted(len({index < 60 for index in topic.indices}) for topic in topics) == [1, 1]
    assert sorted(topics[0].indices + topics[1].indices) == list(range(120))
    again = rule(None, "domain", topics=2, where={"topic": ["0"]})
    assert chosen(table, again, seed=2) == topics[0].indices
    words = topics[0].entry["topic_words"]["0"]
    assert len(words) == 5 and set(words) <= set(" ".join(texts("sea", 60) + texts("farm", 60)).split())


def test_what_the_record_has(table: pa.Table) -> None:
    entry = rule(40, "narrow").of(MNLI, table, 1).entry
    assert (entry["examples"], entry["how"], entry["measured"]) == (40, "narrow", 40)
    assert set(entry) == {
        "examples", "how", "measured", "vendi", "pairwise_distance", "distinct_bigrams", "clusters",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (rule(121), "arms.few.train_examples: asks for 121 examples of MNLI, which has 120. Set it to 120 or less"),
        (
            rule(41, "domain", where={"genre": ["fiction"]}),
            "asks for 41 examples of MNLI, which has with genre fiction 40",
        ),
        (
            rule(None, "domain", where={"genre": ["fictoin"]}),
            "arms.few.choose.where.genre: no example of MNLI has 'fictoin'; the values are fiction, letters, travel.",
        ),
        (
            replace(rule(121), key="targets.mlqa.shots", count_key="de"),
            "targets.mlqa.shots.de: asks for 121",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(table: pa.Table, asked: SubsetRule, message: str) -> None:
    with pytest.raises(UserError, match=message.split("(")[0]):
        asked.of(MNLI, table.slice(0, 120), 1)


def test_a_copy_without_the_metadata_is_refused(table: pa.Table) -> None:
    bare = table.set_column(4, "genre", pa.nulls(120, pa.string()))
    with pytest.raises(UserError, match=r"arms.few.choose.where.genre: 120 examples of MNLI come without genre"):
        chosen(bare, rule(None, "domain", where={"genre": ["fiction"]}))


class TestKCentre:
    def test_each_is_the_farthest_from_those_before(self) -> None:
        angles = np.deg2rad([0, 10, 90, 170, 45])
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        assert k_centre_order(vectors, 5).tolist() == [0, 3, 2, 4, 1]

    def test_after_the_given_number_the_others_follow_by_distance(self) -> None:
        vectors = np.random.default_rng(0).normal(size=(50, 3))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        all_greedy, some = k_centre_order(vectors, 50), k_centre_order(vectors, 10)
        assert some[:10].tolist() == all_greedy[:10].tolist() and sorted(some) == list(range(50))
        nearest = (vectors @ vectors[some[:10]].T).max(1)
        assert nearest[some[10:]].tolist() == sorted(nearest[some[10:]])

    def test_candidates_bound_the_work_and_all_examples_can_be_had(
        self, table: pa.Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subsets, "CANDIDATES", 30)
        monkeypatch.setattr(subsets, "GREEDY", 5)
        assert chosen(table, rule(120, "diverse")) == list(range(120))
        assert set(chosen(table, rule(4, "diverse"))) < set(chosen(table, rule(20, "diverse")))
