"""Targets and languages that a study declares itself: in all tables, figures and on the page, not in XTREME's means."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_page import Html
from small_study import NO_DEV, MakeScores, study_config, xquad

from xstilts.analysis.study_data import language_frame
from xstilts.config.study import Study, load
from xstilts.report.comparison import comparison_rows
from xstilts.report.data_table import data_rows
from xstilts.report.figures import all_figures
from xstilts.report.page import PageContent
from xstilts.report.page.page import render
from xstilts.report.plots.languages import UNKNOWN, ordered_languages
from xstilts.report.tables import write_tables
from xstilts.scores.gains import benchmark_targets, group_cells, groups_of, own_targets, targets_of, task_cells
from xstilts.tasks.benchmarks import AVERAGE

CODES = ("de", "en", "zza")  # of the study's own language zza, only the name is known
REVIEWS = {
    "type": "classification",
    "title": "Reviews",
    "files": {"train": "reviews/train.tsv", "dev": "reviews/dev.tsv", "test": "reviews/{language}.tsv"},
    "columns": {"premise": "text", "label": "label"},
    "labels": ["bad", "good"],
    "languages": list(CODES),
    "licence": "CC0 1.0",
}


def own_study(*others: str) -> Study:
    """A study of the own target 'reviews' and some of XTREME's, with one arm and one seed."""
    declared: dict[str, Any] = {"languages": {"zza": {"name": "Zazaki"}}, "tasks": {"reviews": REVIEWS}}
    targets = {"reviews": {}, **{name: {"languages": ["en", "de"]} for name in others}}
    arms = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    return load(study_config(targets=targets, seeds=[1], arms=arms, **declared))


@pytest.fixture(scope="module")
def mixed() -> Study:
    return own_study("xquad")


@pytest.fixture(scope="module")
def own() -> Study:
    return own_study()


@pytest.fixture(scope="module")
def reviews(make_scores: MakeScores) -> pd.DataFrame:
    """MNLI gains 4 points on average."""
    gains = {"none": (0.0, 0.0, 0.0), "mnli": (2.0, 4.0, 6.0)}
    rows = [
        (arm, "reviews", code, "accuracy", 1, 60.0 + gain)
        for arm, of_arm in gains.items()
        for code, gain in zip(CODES, of_arm, strict=True)
    ]
    return make_scores(rows)


@pytest.fixture(scope="module")
def both(reviews: pd.DataFrame, make_scores: MakeScores) -> pd.DataFrame:
    """MNLI gains 2 points on XQuAD."""
    rows = xquad("none", 1, (70, 80), (50, 60)) + xquad("mnli", 1, (72, 82), (52, 62))
    return pd.concat([reviews, make_scores(rows)], ignore_index=True)


def test_own_targets_come_after_xtremes_and_are_in_no_group(mixed: Study) -> None:
    assert targets_of(mixed) == ["xquad", "reviews"]
    assert (benchmark_targets(mixed), own_targets(mixed)) == (["xquad"], ["reviews"])
    assert groups_of(mixed) == {"question_answering": ["xquad"]}


def test_the_average_is_over_xtremes_targets(both: pd.DataFrame, mixed: Study) -> None:
    gains = task_cells(both, mixed).query("arm == 'mnli'").set_index("target")["gain"]
    assert gains.to_dict() == {"xquad": 2, "reviews": 4, AVERAGE: 2}
    groups = group_cells(both, mixed).query("arm == 'mnli'").set_index("target")["gain"]
    assert groups.to_dict() == {"question_answering": 2, AVERAGE: 2}
    without_reviews = task_cells(both[both["target"] == "xquad"], mixed).query("arm == 'mnli'").set_index("target")
    assert without_reviews.loc[AVERAGE, "gain"] == 2 and np.isnan(without_reviews.loc["reviews", "gain"])


def test_a_study_without_xtremes_targets_has_no_average(reviews: pd.DataFrame, own: Study, tmp_path: Path) -> None:
    assert set(task_cells(reviews, own)["target"]) == {"reviews"} and group_cells(reviews, own).empty
    write_tables(reviews, NO_DEV, own, tmp_path)
    for file in tmp_path.glob("*.*"):
        assert "average" not in file.read_text().lower(), file.name
    assert "None of the study's targets is in one of XTREME's groups." in (tmp_path / "groups.md").read_text()
    html = render(PageContent(own, reviews))
    assert ">Average<" not in html and "averaged over the languages of Reviews, MNLI gains +4.0 points" in html


def test_tables_name_own_targets_and_what_is_not_averaged(both: pd.DataFrame, mixed: Study, tmp_path: Path) -> None:
    write_tables(both, NO_DEV, mixed, tmp_path)
    main = (tmp_path / "main.md").read_text()
    header = next(line for line in main.splitlines() if line.startswith("| arm"))
    assert [cell.strip() for cell in header.strip("|").split("|")] == ["arm", "XQuAD", "Reviews", "Average"]
    assert main.count("Not part of XTREME's average: Reviews.") == 1
    assert "Gains on Reviews by language" in (tmp_path / "reviews.md").read_text()
    assert "Reviews" not in (tmp_path / "groups.md").read_text()
    assert "zza Zazaki" in (tmp_path / "languages.md").read_text()
    assert "Reviews" not in (tmp_path / "published.md").read_text()


def test_published_scores_are_compared_for_xtremes_targets_alone(both: pd.DataFrame, mixed: Study, own: Study) -> None:
    assert set(comparison_rows(both, mixed)["target"]) == {"xquad"}
    assert comparison_rows(both[both["target"] == "reviews"], own).empty


def test_the_data_table_has_own_targets_with_their_licence(mixed: Study) -> None:
    row = data_rows({}, mixed).set_index("task").loc["reviews"]
    assert (row["title"], row["role"], row["licence"]) == ("Reviews", "training set, target", "CC0 1.0")
    assert row["source"] == "the study's own files"


def test_the_page_shows_own_targets_and_languages(both: pd.DataFrame, mixed: Study) -> None:
    html = render(PageContent(mixed, both))
    text = " ".join(Html(html).text.split())
    assert "Not part of XTREME's average: Reviews." in text and "Reviews by language" in text
    assert "Zazaki zza – – – – 1" in text and "–: not known." in text
    explorer = re.search(r'id="explorer-data">(.*?)</script>', html, re.DOTALL)
    assert explorer
    data = json.loads(explorer[1])
    assert data["languages"]["zza"] == {"name": "Zazaki", "family": None, "distance": None}
    assert data["targets"][1]["codes"] == ["en", "de", "zza"], "unknown distances come last"


def test_labels_of_an_own_target_that_is_not_scored(both: pd.DataFrame, mixed: Study, tmp_path: Path) -> None:
    """Only XTREME's predictions are submitted."""
    write_tables(both[both["target"] == "xquad"], NO_DEV, mixed, tmp_path)
    text = (tmp_path / "main.md").read_text()
    assert "Reviews, test: not scored." in text and "submission" not in text


def test_figures_show_own_targets_and_leave_out_unknown_distances(both: pd.DataFrame, mixed: Study) -> None:
    figures = {figure.name: figure for figure in all_figures(mixed, both)[0]}
    assert {"gains", "languages_gains", "languages_slopes", "missing"} <= set(figures)
    for name in ("gains", "languages_slopes", "missing"):
        assert "reviews" in set(figures[name].data["target"]), name
    assert AVERAGE not in set(figures["gains"].data["target"])
    data = figures["languages_gains"].data.query("group == 'reviews' and language == 'zza'")
    assert data["gain"].tolist() == [6] and data["family"].tolist() == [UNKNOWN]


def test_figures_by_distance_name_languages_without_one(make_scores: MakeScores) -> None:
    reviews = {**REVIEWS, "languages": ["de", "en", "fr", "zza"]}
    study = load(
        study_config(
            languages={"zza": {"name": "Zazaki"}}, tasks={"reviews": reviews}, targets={"reviews": {}}, seeds=[1]
        )
    )
    rows = [
        (arm, "reviews", code, "accuracy", 1, 60.0 + place + len(arm))
        for arm in study.arms
        for place, code in enumerate(study.languages("reviews"))
    ]
    figures = {figure.name: figure for figure in all_figures(study, make_scores(rows))[0]}
    for name in ("q1_scores", "q1_gains"):
        assert set(figures[name].data["language"]) == {"de", "en", "fr"}
        header = json.dumps(figures[name].chart.to_dict()["title"], ensure_ascii=False)
        assert "Left out, as the distance to English is not known: Zazaki." in header.replace('", "', " ")


@pytest.mark.parametrize("unknown", [None, np.nan, ""])
def test_languages_of_unknown_family_come_last(mixed: Study, unknown: object) -> None:
    frame = language_frame(mixed)
    frame["family"] = frame["family"].astype(object)
    frame.loc["zza", "family"] = unknown
    known = ordered_languages(mixed, frame)
    assert list(known.index) == ["en", "de", "zza"]
    assert known.loc["zza", ["family", "family_group"]].tolist() == [UNKNOWN, UNKNOWN]
