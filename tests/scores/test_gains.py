"""Task scores, gains and averages against numbers worked by hand (scores in conftest.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_study import MakeScores, study_config, xquad

from xstilts.config.study import Study, load
from xstilts.scores.gains import ALL, ZERO_SHOT, arms_of, group_cells, language_cells, task_cells
from xstilts.scores.score_files import SCORES
from xstilts.tasks.benchmarks import AVERAGE


def cell(cells: pd.DataFrame, **where: str) -> pd.Series:
    found = cells[np.logical_and.reduce([cells[column] == value for column, value in where.items()])]
    assert len(found) == 1
    return found.iloc[0]


def test_a_task_score_is_the_mean_over_languages_of_the_mean_of_its_headline_metrics(
    scores: pd.DataFrame, study: Study
) -> None:
    baseline = cell(task_cells(scores, study), arm="none", target="xquad")
    assert baseline["score"] == pytest.approx((65 + 61) / 2)
    assert (baseline["seeds"], baseline["n"]) == (2, 200)
    assert np.isnan(baseline["gain"])


def test_a_gain_is_the_mean_over_seeds_of_the_difference_with_the_same_seed(scores: pd.DataFrame, study: Study) -> None:
    cells = task_cells(scores, study)
    assert cell(cells, arm="mnli", target="xquad")["gain"] == pytest.approx(((67 - 65) + (60.375 - 61)) / 2)
    assert cell(cells, arm="mnli", target="tatoeba")["gain"] == pytest.approx((25 + 22) / 2)


def test_a_seed_in_which_a_language_is_missing_counts_neither_for_the_score_nor_for_the_gain(
    scores: pd.DataFrame, study: Study
) -> None:
    found = cell(task_cells(scores, study), arm="two_tasks", target="xquad")
    assert (found["score"], found["seeds"]) == (70, 1)
    # with seed 1 alone: 70 − 65, not 70 − 63
    assert (found["gain"], found["gain_seeds"]) == (5, 1)


def test_an_average_is_over_all_of_the_studys_targets_or_missing(scores: pd.DataFrame, study: Study) -> None:
    cells = task_cells(scores, study)
    mnli = cell(cells, arm="mnli", target=AVERAGE)
    assert mnli["gain"] == pytest.approx((0.6875 + 23.5) / 2)
    assert mnli["score"] == pytest.approx((63.6875 + 54.5) / 2)
    assert cell(cells, arm="two_tasks", target=AVERAGE)["gain_seeds"] == 1
    control = cell(cells, arm="random", target=AVERAGE)
    assert np.isnan(control["score"]) and np.isnan(control["gain"]) and control["seeds"] == 0


def test_a_gain_needs_the_baseline(scores: pd.DataFrame, study: Study) -> None:
    cells = task_cells(scores[(scores["arm"] != "none") | (scores["seed"] == 2)], study)
    found = cell(cells, arm="mnli", target="tatoeba")
    assert (found["score"], found["seeds"]) == (54.5, 2)
    assert (found["gain"], found["gain_seeds"]) == (22, 1)
    without = task_cells(scores[scores["arm"] != "none"], study)
    assert without["gain"].isna().all()


def test_a_missing_headline_metric_is_a_missing_score(scores: pd.DataFrame, study: Study) -> None:
    partial = scores[~((scores["arm"] == "mnli") & (scores["metric"] == "f1"))]
    assert np.isnan(cell(task_cells(partial, study), arm="mnli", target="xquad")["score"])


def test_metrics_that_are_no_headline_are_left_out(scores: pd.DataFrame, study: Study) -> None:
    more = pd.concat([scores, scores[scores["metric"] == "f1"].assign(metric="precision", score=1.0)])
    pd.testing.assert_frame_equal(task_cells(more, study), task_cells(scores, study))


def test_languages_of_a_target_and_their_means(scores: pd.DataFrame, study: Study) -> None:
    cells = language_cells(scores, study)["xquad"]
    assert list(cells["language"].unique()) == ["de", "en", ZERO_SHOT, ALL]
    assert cell(cells, arm="mnli", language="en")["gain"] == pytest.approx((2 - 2) / 2)
    assert cell(cells, arm="mnli", language="de")["gain"] == pytest.approx((2 + 0.75) / 2)
    assert cell(cells, arm="mnli", language=ZERO_SHOT)["gain"] == pytest.approx((2 + 0.75) / 2)
    main = task_cells(scores, study)
    assert cell(cells, arm="mnli", language=ALL)["gain"] == cell(main, arm="mnli", target="xquad")["gain"]
    assert cell(cells, arm="two_tasks", language="en")["seeds"] == 2
    assert cell(cells, arm="two_tasks", language="de")["seeds"] == 1


def test_a_language_without_any_scores_is_no_gap_of_the_arms(make_scores: MakeScores) -> None:
    """UDPOS has no dev data in four languages; that must not leave its dev score empty."""
    study = load(study_config(targets={"xquad": {"languages": ["en", "de", "vi"]}}, seeds=[1]))
    scores = make_scores(xquad("none", 1, (70, 80), (50, 60)) + xquad("mnli", 1, (71, 83), (53, 61)))
    assert cell(task_cells(scores, study), arm="mnli", target="xquad")["gain"] == 2
    assert np.isnan(cell(language_cells(scores, study)["xquad"], arm="mnli", language="vi")["score"])


def test_the_grid_is_that_of_the_study_baseline_first_controls_last(scores: pd.DataFrame, study: Study) -> None:
    assert arms_of(study) == ["none", "mnli", "two_tasks", "random"]
    cells = task_cells(scores, study)
    assert list(cells["arm"].unique()) == arms_of(study)
    assert list(cells["target"].unique()) == ["xquad", "tatoeba", AVERAGE]
    assert len(cells) == 4 * 3


def test_a_group_is_the_mean_over_the_studys_tasks_in_it_or_missing(make_scores: MakeScores) -> None:
    targets = {"xnli": {"languages": ["de"]}, "pawsx": {"languages": ["de"]}, "udpos": {"languages": ["de"]}}
    study = load(study_config(targets=targets, seeds=[1], arms={"none": {}, "mnli": {"tasks": ["mnli"]}}))
    rows = [
        ("none", "xnli", "de", "accuracy", 1, 70.0),
        ("none", "pawsx", "de", "accuracy", 1, 80.0),
        ("none", "udpos", "de", "f1", 1, 60.0),
        ("mnli", "xnli", "de", "accuracy", 1, 73.0),
        ("mnli", "udpos", "de", "f1", 1, 59.0),
    ]
    cells = group_cells(make_scores(rows), study)
    assert list(cells["target"].unique()) == ["sentence_pairs", "structured_prediction", AVERAGE]
    assert cell(cells, arm="none", target="sentence_pairs")["score"] == 75
    assert cell(cells, arm="none", target=AVERAGE)["score"] == 70
    assert np.isnan(cell(cells, arm="mnli", target="sentence_pairs")["gain"])
    assert cell(cells, arm="mnli", target="structured_prediction")["gain"] == -1


def test_a_study_without_any_scores_has_cells_without_numbers(study: Study) -> None:
    nothing = SCORES.empty_table().to_pandas()
    for cells in (task_cells(nothing, study), group_cells(nothing, study), language_cells(nothing, study)["xquad"]):
        assert cells["score"].isna().all() and (cells["seeds"] == 0).all() and len(cells)


def test_the_order_of_the_rows_changes_nothing(scores: pd.DataFrame, study: Study) -> None:
    shuffled = scores.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(task_cells(shuffled, study), task_cells(scores, study), check_exact=True)


def test_languages_that_fine_tuning_has_examples_of_are_not_zero_shot(make_scores: MakeScores) -> None:
    study = load(study_config(targets={"mlqa": {"languages": ["de", "en", "hi", "vi"], "shots": {"de": 4}}}))
    points = {"en": 90.0, "de": 70.0, "hi": 50.0, "vi": 40.0}
    rows = [
        ("none", "mlqa", language, metric, seed, score)
        for language, score in points.items()
        for metric in ("exact_match", "f1")
        for seed in (1, 2)
    ]
    cells = language_cells(make_scores(rows), study)["mlqa"]
    assert cell(cells, arm="none", language=ZERO_SHOT)["score"] == 45
    assert cell(cells, arm="none", language=ALL)["score"] == 62.5
    assert cell(cells, arm="none", language="de")["score"] == 70
