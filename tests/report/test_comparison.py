"""The comparison with published scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import NO_DEV, MakeScores, ScoreRow, study_config

from xstilts.config.study import Study, load
from xstilts.report.comparison import COLUMNS, comparison_rows
from xstilts.report.tables import write_tables
from xstilts.tasks.registry import TARGET_TASKS, TASKS


def row(table: pd.DataFrame, **where: str) -> pd.Series:
    found = table[np.logical_and.reduce([table[column] == value for column, value in where.items()])]
    assert len(found) == 1
    return found.iloc[0]


def everything(study: Study, score: float, arm: str = "none") -> list[ScoreRow]:
    return [
        (arm, target, language, metric, seed, score + seed)
        for target in study.targets
        for language in study.languages(target)
        for metric in TASKS[target].primary_metrics
        for seed in study.seeds
    ]


@pytest.fixture(scope="module")
def whole() -> Study:
    return load(study_config(targets={target: {} for target in TARGET_TASKS}))


def test_the_baseline_is_compared_language_by_language(scores: pd.DataFrame, study: Study) -> None:
    table = comparison_rows(scores, study)
    german = row(table, target="xquad", language="de", metric="f1")
    assert (german["ours"], german["seeds"], german["n"]) == ((60 + 50) / 2, 2, 100)
    assert (german["published"], german["mark"], german["system"]) == (80.4, "S", "xlm-roberta-large")
    assert german["difference"] == pytest.approx(55 - 80.4)
    assert set(table.loc[table["target"] == "xquad", "language"]) == {"de", "en", "mean"}


def test_means_are_of_one_metric_or_of_the_headline(scores: pd.DataFrame, study: Study) -> None:
    table = comparison_rows(scores, study).query("target == 'xquad' and language == 'mean' and arm == 'none'")
    ours = dict(zip(table["metric"], table["ours"], strict=True))
    assert ours == pytest.approx({"exact_match": (60 + 56) / 2, "f1": (70 + 66) / 2, "headline": 63})
    assert set(table["n"]) == {200}


def test_a_seed_in_which_a_language_is_missing_does_not_count_for_the_mean(scores: pd.DataFrame, study: Study) -> None:
    missing = scores[~((scores["arm"] == "none") & (scores["language"] == "de") & (scores["seed"] == 2))]
    mean = row(comparison_rows(missing, study), target="xquad", language="mean", metric="headline", arm="none")
    assert (mean["ours"], mean["seeds"]) == (65, 1)


def test_the_best_arms_of_a_paper_are_listed_without_a_score_of_the_study(scores: pd.DataFrame, study: Study) -> None:
    best = comparison_rows(scores, study).query("arm == 'best-per-target' and target == 'xquad' and metric == 'f1'")
    assert best["published"].tolist() == [78.7, 77.2]
    assert best["ours"].isna().all() and (best["seeds"] == 0).all()


def test_a_task_with_one_public_set_is_compared_whatever_that_is_called(scores: pd.DataFrame, study: Study) -> None:
    """jiant calls Tatoeba's only set dev."""
    table = comparison_rows(scores, study).query("target == 'tatoeba' and language == 'de'")
    assert table[["split", "published", "protocol"]].to_numpy().tolist() == [["test", 63.9, "jiant_pr128"]]


def test_aggregates_need_all_of_their_tasks(make_scores: MakeScores, whole: Study) -> None:
    table = comparison_rows(make_scores(everything(whole, 60)), whole)
    average = row(table, target="average")
    assert (average["ours"], average["published"], average["seeds"]) == (61.5, 68.1, 2)
    without = [entry for entry in everything(whole, 60) if entry[1] != "panx"]
    targets = set(comparison_rows(make_scores(without), whole)["target"])
    assert "sentence_pairs" in targets and not {"average", "structured_prediction", "average_of_three_groups"} & targets


def test_the_gain_of_an_arm_in_the_average(make_scores: MakeScores) -> None:
    """The paper's MNLI gains 7.5 points on dev sets; tasks without one are scored on their test sets there."""
    targets = {target: {} for target in TARGET_TASKS}
    study = load(study_config(targets=targets, splits=["dev"], arms={"none": {}, "mnli": {"tasks": ["mnli"]}}))
    made = make_scores(everything(study, 50) + everything(study, 56, "mnli")).assign(split="dev")
    gain = row(comparison_rows(made, study), metric="gain", arm="mnli")
    assert (gain["ours"], gain["published"], gain["seeds"]) == (6, 7.5, 2)
    assert gain["difference"] == pytest.approx(-1.5)
    without = made[(made["arm"] == "none") | (made["target"] != "panx")]
    table = comparison_rows(without, study)
    assert "gain" not in set(table.loc[table["arm"] == "mnli", "metric"])


def test_an_average_of_groups_is_a_mean_of_means(make_scores: MakeScores, whole: Study) -> None:
    config = study_config(
        targets={target: {} for target in TARGET_TASKS},
        seeds=[1],
        arms={"none": {}, "best-per-target": {"tasks": ["mnli"]}},
    )
    study = load(config)
    points = {"classification": 90.0, "tagging": 60.0, "span_qa": 30.0, "retrieval": 0.0}
    rows = [
        ("best-per-target", target, language, metric, 1, points[TASKS[target].type])
        for target in study.targets
        for language in study.languages(target)
        for metric in TASKS[target].primary_metrics
    ]
    table = comparison_rows(make_scores(rows), study)
    assert row(table, target="average_of_three_groups")["ours"] == 60
    assert row(table, target="average_without_retrieval")["ours"] == pytest.approx((2 * 90 + 2 * 60 + 3 * 30) / 7)


def test_an_arm_without_scores_yet_is_left_out(scores: pd.DataFrame, study: Study) -> None:
    table = comparison_rows(scores[scores["arm"] != "none"], study)
    assert table.empty and list(table.columns) == COLUMNS


def test_the_page_lists_the_differences_of_each_target(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    write_tables(scores, NO_DEV, study, tmp_path)
    text = (tmp_path / "published.md").read_text()
    assert "## xlmr, means over languages" in text and "## xlmr, XQuAD by language" in text
    below = text.split("XQuAD, test, compared with XLM-R Large by Hu et al. 2020")[1].split("\n\n")[0]
    assert "Differences: model 'xlmr' is models/xlmr, published xlm-roberta-large; " in below
    assert "learning rate 1e-05, published 3e-05" in below and "scored in 2 of 11 languages" in below
    assert "−25.4" in text and "published for an arm that the study does not have" in text
    assert (tmp_path / "published.tex").read_text().isascii()


def test_synthetic_scores_are_not_compared(
    synthetic_scores: pd.DataFrame, synthetic_study: Study, tmp_path: Path
) -> None:
    write_tables(synthetic_scores, NO_DEV, synthetic_study, tmp_path)
    for suffix in ("md", "tex"):
        text = (tmp_path / f"published.{suffix}").read_text()
        assert "Nothing is compared: published scores are of real languages and tasks" in text
        assert synthetic_study.warning in text
    table = pd.read_csv(tmp_path / "published.csv")
    assert table.empty and list(table.columns) == ["study", "synthetic", "limited", *COLUMNS]


def test_a_study_that_nothing_was_published_for_says_so(make_scores: MakeScores, tmp_path: Path) -> None:
    study = load(study_config(targets={"udpos": {"languages": ["de"]}}, splits=["dev"], seeds=[1]))
    scores = make_scores([("none", "udpos", "de", "f1", 1, 80.0)]).assign(split="dev")
    write_tables(scores, NO_DEV, study, tmp_path)
    assert "Nothing is compared: no score with a known source" in (tmp_path / "published.md").read_text()
