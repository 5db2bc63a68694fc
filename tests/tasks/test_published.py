"""Published scores: the numbers agree with one another, and nothing without a source is among them."""

from __future__ import annotations

import pytest

from xstilts.errors import DataError
from xstilts.tasks.benchmarks import AGGREGATES, GROUPS
from xstilts.tasks.published import GAIN, HEADLINE, MARKS, MEAN, Published, parse, published
from xstilts.tasks.registry import TARGET_TASKS, TASKS

HEADER = "system,arm,target,language,split,metric,score,mark,source,protocol,note"
ROW = "xlm-roberta-large,none,xnli,de,test,accuracy,82.5,S,a paper,xtreme,"


def scores(target: str, metric: str, split: str, system: str = "xlm-roberta-large") -> dict[str, float]:
    """By language."""
    rows = [
        one for one in published() if (one.target, one.metric, one.split, one.system) == (target, metric, split, system)
    ]
    return {one.language: one.score for one in rows}


def test_every_row_has_a_source_and_a_mark_that_stands_for_one() -> None:
    assert set(MARKS) == {"S", "D"}
    assert all(one.mark in MARKS and one.source and 0 <= one.score <= 100 for one in published())


@pytest.mark.parametrize("target", ["xnli", "udpos", "mlqa", "tydiqa"])
def test_scores_by_language_that_nobody_could_source_are_absent(target: str) -> None:
    assert {one.language for one in published() if one.target == target} == {MEAN}


def test_of_pan_x_only_the_quoted_languages_are_there() -> None:
    assert set(scores("panx", "f1", "test")) == {"af", "ar", "bg", "bn", "ka", "kk", "ko", "ml", MEAN}


def test_x_stilts_has_no_retrieval_scores_with_a_source() -> None:
    assert not [one for one in published() if one.system == "x-stilts" and one.target in GROUPS["retrieval"]]


@pytest.mark.parametrize(
    ("target", "metric", "split"),
    [
        ("xquad", "f1", "test"),
        ("xquad", "exact_match", "test"),
        ("pawsx", "accuracy", "test"),
        ("bucc2018", "f1", "dev"),
        ("tatoeba", "accuracy", "dev"),
    ],
)
def test_means_are_those_of_the_languages(target: str, metric: str, split: str) -> None:
    by_language = scores(target, metric, split)
    mean = by_language.pop(MEAN)
    assert set(by_language) == set(TASKS[target].languages)
    assert sum(by_language.values()) / len(by_language) == pytest.approx(mean, abs=0.051)


def test_the_papers_numbers_that_everybody_quotes() -> None:
    assert scores("xnli", "accuracy", "test")[MEAN] == 79.2
    assert scores("tatoeba", "accuracy", "test")[MEAN] == 57.3
    assert round(scores("tatoeba", "accuracy", "dev")[MEAN], 1) == 31.0
    assert round(scores("bucc2018", "f1", "dev")[MEAN], 1) == 71.5


def test_gains_are_those_of_the_paper() -> None:
    gains = {(one.arm, one.split): one.score for one in published() if one.metric == GAIN}
    assert gains == {
        ("squad", "dev"): 8.2, ("mnli", "dev"): 7.5, ("hellaswag", "dev"): 7.0, ("all", "dev"): 8.7,
        ("best-per-target", "test"): 5.4,
    }  # fmt: skip


def test_both_versions_of_x_stilts_are_kept() -> None:
    rows = [one for one in published() if (one.system, one.target) == ("x-stilts", "xnli")]
    assert {one.score for one in rows} == {80.0, 80.4} and len({one.source for one in rows}) == 2


def derived() -> list[Published]:
    return [one for one in published() if one.mark == "D" and one.metric == HEADLINE]


@pytest.mark.parametrize("one", derived(), ids=[f"{one.system}-{one.target}" for one in derived()])
def test_derived_scores_follow_from_the_others(one: Published) -> None:
    parts = [
        other.score
        for other in published()
        if (other.system, other.target, other.language, other.source) == (one.system, one.target, MEAN, one.source)
        and other.metric in TASKS[one.target].primary_metrics
    ]
    assert len(parts) == len(TASKS[one.target].primary_metrics)
    assert one.score == pytest.approx(sum(parts) / len(parts))


def test_aggregates_are_means_of_known_tasks() -> None:
    assert sorted(task for tasks in GROUPS.values() for task in tasks) == sorted(TARGET_TASKS)
    assert all(set(tasks) <= set(TARGET_TASKS) for parts in AGGREGATES.values() for tasks in parts)
    assert AGGREGATES["average_of_three_groups"] == tuple(GROUPS[name] for name in list(GROUPS)[:3])


@pytest.mark.parametrize("name", ["sentence_pairs", "structured_prediction", "question_answering"])
def test_x_stilts_groups_are_the_means_of_its_tasks(name: str) -> None:
    """To the rounding of the printed numbers, of which the groups' seem to have been cut off."""
    own = {
        one.target: one.score
        for one in published()
        if one.target in GROUPS[name] and one.system == "x-stilts" and one.source.endswith("Table 16")
        and one.metric in (HEADLINE, "accuracy" if name == "sentence_pairs" else "f1")
    }  # fmt: skip
    mean = sum(own.values()) / len(GROUPS[name])
    assert scores(name, HEADLINE, "test", "x-stilts")[MEAN] == pytest.approx(mean, abs=0.1)


def test_a_row_is_read_as_it_stands() -> None:
    (one,) = parse(f"{HEADER}\n{ROW}seen there\n", "scores.csv")
    assert (one.system, one.target, one.language, one.score, one.note) == (
        "xlm-roberta-large", "xnli", "de", 82.5, "seen there",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (",S,", ",M?,", r"mark 'M\?' is none of S, D"),
        (",xnli,", ",xnly,", "target 'xnly'"),
        (",de,", ",ja,", "language 'ja'"),
        (",accuracy,", ",f1,", "metric 'f1'"),
        (",82.5,", ",100.1,", "the score '100.1' is not a number of points"),
        (",82.5,", ",nan,", "the score 'nan'"),
        (",82.5,", ",82/83,", "the score '82/83'"),
        (",a paper,", ",,", "the column 'source' is empty"),
        (",xtreme,", ",ours,", "protocol 'ours'"),
        ("xlm-roberta-large", "bert", "system 'bert'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(before: str, after: str, said: str) -> None:
    with pytest.raises(DataError, match=rf"scores\.csv, row 3: {said}"):
        parse(f"{HEADER}\n{ROW}\n{ROW.replace(before, after, 1)}\n", "scores.csv")


def test_numbers_given_twice_and_other_columns_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 3: gives xlm-roberta-large, none, xnli, de, .* once more"):
        parse(f"{HEADER}\n{ROW}\n{ROW}\n", "scores.csv")
    with pytest.raises(DataError, match="row 1: has the columns system, arm"):
        parse("system,arm\n", "scores.csv")
