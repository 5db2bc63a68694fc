"""Gains over seeds, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import nothing, scores_of, study_of

from xstilts.analysis.deltas import DELTAS, beyond_english, chance, deltas, log_odds
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import load
from xstilts.scores.score_files import SCORES
from xstilts.tasks.registry import TASKS


def small(rows: list[tuple[str, str, str, int, float]], **changes: object) -> StudyData:
    """Rows: arm, language, split, seed, score of XNLI."""
    study = load(
        {
            "study": "small",
            "source": {"kind": "files", "root": "data"},
            "models": {"xlmr": {"path": "models/xlmr"}},
            "seeds": [1, 2],
            "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}, "random": {"weights": "random"}},
            "targets": {"xnli": {"languages": ["en", "de", "sw"]}},
            **changes,
        }
    )
    frame = pd.DataFrame(rows, columns=["arm", "language", "split", "seed", "score"])
    frame = frame.assign(study="small", model="xlmr", target="xnli", metric="accuracy", n=100, run="r", flag=None)
    return StudyData.of(study, frame[SCORES.names])


def test_a_gain_is_the_mean_over_seeds_less_the_mean_over_the_baselines_seeds() -> None:
    table = deltas(
        small(
            [
                *[("none", "en", "test", seed, score) for seed, score in ((1, 80.0), (2, 82.0))],
                *[("none", "de", "test", seed, score) for seed, score in ((1, 60.0), (2, 64.0))],
                *[("mnli", "en", "test", seed, score) for seed, score in ((1, 83.0), (2, 85.0))],
                ("mnli", "de", "test", 2, 70.0),
                ("mnli", "sw", "test", 1, 50.0),  # no baseline
                ("random", "de", "test", 1, 33.0),  # a control
                ("mnli", "de", "dev", 1, 1.0),  # the test split is scored too
            ],
            splits=["dev", "test"],
        )
    )
    assert list(table.columns) == DELTAS
    german, english = table.to_dict("records")
    assert german == {
        "model": "xlmr", "arm": "mnli", "target": "xnli", "language": "de", "delta": 8.0, "english": 3.0, "seeds": 1,
        "baseline_seeds": 2, "score_before": 62.0, "score_after": 70.0, "n": 100,
    }  # fmt: skip
    assert (english["language"], english["delta"], english["english"], english["seeds"]) == ("en", 3.0, 3.0, 2)


def test_a_study_that_scores_dev_alone_is_read_from_dev() -> None:
    rows = [("none", "de", "dev", 1, 60.0), ("mnli", "de", "dev", 1, 61.0)]
    table = deltas(small(rows, splits=["dev"]))
    assert table["delta"].tolist() == [1.0]
    assert table["english"].isna().all()


def test_scores_that_are_no_number_and_a_study_without_scores_have_no_gain() -> None:
    assert deltas(small([("none", "de", "test", 1, 60.0), ("mnli", "de", "test", 1, np.nan)])).empty
    empty = deltas(small([]))
    assert list(empty.columns) == DELTAS
    assert empty.empty


def test_chance_is_one_in_as_many_as_there_are_labels_where_accuracy_counts() -> None:
    assert chance(TASKS["xnli"]) == pytest.approx(100 / 3)
    assert chance(TASKS["pawsx"]) == 50
    assert [chance(TASKS[target]) for target in ("udpos", "xquad", "tatoeba")] == [0, 0, 0]


def test_log_odds_are_of_what_lies_above_chance_and_always_finite() -> None:
    scores = pd.Series([75.0, 50.0, 20.0, 100.0, 50.0], index=[3, 4, 5, 6, 7])
    targets = pd.Series(["pawsx"] * 4 + ["udpos"], index=scores.index)
    found = log_odds(
        scores, targets, pd.Series(100, index=scores.index), study_of({}, {"pawsx": ["en"], "udpos": ["en"]})
    )
    edge = np.log(0.995 / 0.005)
    assert found.to_numpy() == pytest.approx([0, -edge, -edge, edge, 0])


def test_cells_beyond_english_have_what_is_known_of_their_language_in_standard_units() -> None:
    study = study_of({"mnli": ["mnli"], "two": ["mnli", "qqp"]}, {"xnli": ["en", "de", "sw", "th"]})
    cells, notes = beyond_english(StudyData.of(study, scores_of(study, nothing)), "xlmr")
    assert set(cells["language"]) == {"de", "sw", "th"}
    assert set(cells["arm"]) == {"mnli"}
    assert notes == []
    known = cells.set_index("language")
    assert known["same_script"].to_dict() == {"de": 1.0, "sw": 1.0, "th": 0.0}
    for column in ("z_distance", "z_genetic", "log_cc100"):
        assert known[column].mean() == pytest.approx(0)
        assert known[column].std() == pytest.approx(1)
    assert known["z_distance"].idxmax() == "sw"
    assert known.loc["de", ["cell", "place"]].tolist() == ["mnli:xnli", "xnli:de"]


def test_without_arms_of_one_task_the_others_serve() -> None:
    study = study_of({"two": ["mnli", "qqp"]}, {"xnli": ["en", "de"]})
    cells, _ = beyond_english(StudyData.of(study, scores_of(study, nothing)), "xlmr")
    assert set(cells["arm"]) == {"two"}


def test_languages_of_which_too_little_is_known_are_left_out_and_named() -> None:
    study = study_of({"mnli": ["mnli"]}, {"xnli": ["en", "de", "sw", "th"]})
    whole = StudyData.of(study, scores_of(study, nothing))
    languages = whole.languages.drop(index="sw")
    languages.loc["th", "cc100_gib"] = np.nan
    cells, notes = beyond_english(StudyData(study, whole.scores, languages, whole.similarity), "xlmr")
    assert set(cells["language"]) == {"de"}
    assert [note.split()[0] for note in notes] == ["sw", "th"]
