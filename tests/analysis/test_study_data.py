"""The input of the analysis: a study's languages, and its similarities."""

from __future__ import annotations

import pandas as pd
from made_up import scores_of, study_of

from xstilts.analysis.study_data import StudyData, language_frame


def test_languages_are_english_and_those_that_the_study_scores() -> None:
    assert list(language_frame(study_of()).index) == ["de", "en", "sw"]
    retrieval_alone = study_of(targets={"tatoeba": {"languages": ["jv"]}})
    assert list(language_frame(retrieval_alone).index) == ["en", "jv"]


def test_what_is_not_known_is_nan_and_thin_languages_are_marked() -> None:
    frame = language_frame(study_of(targets={"panx": {"languages": ["de", "eu", "jv", "yo"]}}))
    assert frame["distance_observed"].isna().to_dict() == {
        "de": False, "en": False, "eu": False, "jv": True, "yo": False,
    }  # fmt: skip
    assert frame.index[frame["genetic"].isna()].tolist() == ["eu"]
    assert frame.index[frame["thin"]].tolist() == ["jv"]
    assert frame.loc["yo", "cc100_gib"] == 0
    assert set(frame.drop(columns=["name", "family", "genus", "script", "thin"]).dtypes.astype(str)) == {"float64"}


def test_of_synthetic_languages_only_what_is_planted_is_there() -> None:
    frame = language_frame(study_of(source={"kind": "synthetic"}, targets={"xnli": {}}))
    assert list(frame.columns) == ["name", "family", "genus", "script", "distance"]
    assert frame.loc["en", "distance"] == 0 and frame["distance"].max() == 1


def test_similarity_that_was_not_measured_is_empty_but_has_its_columns() -> None:
    study, scores = study_of(), scores_of([])
    data = StudyData.of(study, scores)
    assert data.study is study and data.scores is scores
    assert data.similarity.empty
    assert list(data.similarity) == ["intermediate", "target", "language", "measure", "value"]
    measured = pd.DataFrame({"intermediate": ["mnli"], "value": [0.5]})
    assert StudyData.of(study, scores, measured).similarity is measured
