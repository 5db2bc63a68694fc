"""Gains seed by seed, and which are missing, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from at_random import complete
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import Row, scores_of, study_of

from xstilts.analysis.gains import CELL, gains, gains_of, missing_cells
from xstilts.analysis.study_data import StudyData
from xstilts.scores.gains import primary_scores


def test_a_gain_is_over_the_baseline_with_the_same_seed() -> None:
    study = study_of(targets={"xquad": {"languages": ["en"]}})
    rows: list[Row] = [
        ("none", "xquad", "en", "exact_match", 1, 60),
        ("none", "xquad", "en", "f1", 1, 70),
        ("none", "xquad", "en", "exact_match", 2, 50),
        ("none", "xquad", "en", "f1", 2, 60),
        ("mnli", "xquad", "en", "exact_match", 1, 64),
        ("mnli", "xquad", "en", "f1", 1, 72),
        ("mnli", "xquad", "en", "f1", 2, 99),
    ]
    found = gains(primary_scores(scores_of(rows), study), study)
    assert found[["arm", "language", "seed", "baseline", "score", "gain", "n"]].to_numpy().tolist() == [
        ["mnli", "en", 1, 65, 68, 3, 100]
    ]


def test_rows_are_in_the_order_of_the_study_and_controls_come_last() -> None:
    found = gains(primary_scores(scores_of(complete()), study_of()), study_of())
    assert list(found["arm"].unique()) == ["mnli", "qqp", "random"]
    assert list(found["target"].unique()) == ["xnli", "udpos", "tatoeba"]


def test_a_test_split_that_stands_in_for_a_dev_split_goes_by_its_name() -> None:
    study = study_of(splits=["dev"])
    found = gains(primary_scores(scores_of(complete()).query("target == 'tatoeba'"), study), study)
    assert len(found) == 3 * 2 and set(found["split"]) == {"dev"}
    missing = missing_cells(scores_of(complete()), study)
    assert "tatoeba" not in set(missing["target"])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_every_cell_and_seed_either_has_a_gain_or_is_listed_as_missing(draw: int, kept: float) -> None:
    rng = np.random.default_rng(draw)
    rows = [row for row in complete() if rng.random() < kept]
    study, scores = study_of(), scores_of(rows)
    key = [*CELL, "seed"]
    both = pd.concat([gains(primary_scores(scores, study), study)[key], missing_cells(scores, study)[key]])
    assert len(both) == 3 * 6 * 2 and not both.duplicated().any()


def test_the_reason_names_what_has_no_score() -> None:
    absent = {("mnli", "tatoeba", 1), ("none", "tatoeba", 2), ("qqp", "tatoeba", 2)}
    rows = [row for row in complete() if (row[0], row[1], row[4]) not in absent]
    missing = missing_cells(scores_of(rows), study_of())
    assert {(row.arm, row.seed): row.reason for row in missing.itertuples()} == {
        ("mnli", 1): "no score of the arm",
        ("mnli", 2): "no score of the baseline",
        ("qqp", 2): "no score of the arm nor of the baseline",
        ("random", 2): "no score of the baseline",
    }


def test_a_score_that_is_no_number_is_a_missing_one() -> None:
    scores = scores_of(complete())
    scores.loc[(scores["arm"] == "mnli") & (scores["target"] == "tatoeba"), "score"] = np.nan
    assert len(missing_cells(scores, study_of())) == 2
    assert gains(primary_scores(scores, study_of()), study_of())["gain"].notna().all()


def test_questions_are_about_the_test_split_and_about_no_controls() -> None:
    study = study_of(splits=["dev", "test"])
    scores = scores_of(complete())
    found = gains_of(StudyData.of(study, pd.concat([scores, scores.assign(split="dev", score=1.0)])))
    assert list(found["arm"].unique()) == ["mnli", "qqp"]
    scored = primary_scores(scores, study_of())
    of_test = gains(scored, study_of()).query("arm != 'random'").drop(columns="split").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, of_test)


def test_of_two_metrics_one_that_is_no_number_leaves_no_gain() -> None:
    study = study_of(targets={"xquad": {"languages": ["en"]}}, seeds=[1])
    rows: list[Row] = [
        (arm, "xquad", "en", metric, 1, np.nan if (arm, metric) == ("mnli", "f1") else 50.0)
        for arm in ("none", "mnli")
        for metric in ("exact_match", "f1")
    ]
    assert gains_of(StudyData.of(study, scores_of(rows))).empty
