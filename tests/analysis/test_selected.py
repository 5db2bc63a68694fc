"""Which arms and similarities the questions are answered on."""

from __future__ import annotations

import pandas as pd
from made_up import scores_of, study_of

from xstilts.analysis.selection import intermediate_arms, scored_split, similarity_of, task_arms, task_arms_or_all
from xstilts.analysis.study_data import StudyData

MANY = {"b": {"tasks": ["mnli"]}, "mnli": {"tasks": ["mnli"]}, "two": {"tasks": ["mnli", "qqp"]}}
OTHERS = {"none": {}, "random": {"weights": "random"}, "q": {"tasks": ["qqp"]}, "q_again": {"tasks": ["qqp"]}}


def test_questions_are_answered_on_the_test_split_where_there_is_one() -> None:
    assert [scored_split(study_of(splits=splits)) for splits in (["dev", "test"], ["dev"])] == ["test", "dev"]


def test_neither_the_baseline_nor_controls_are_intermediate_arms() -> None:
    assert intermediate_arms(study_of(arms={**OTHERS, **MANY})) == ["q", "q_again", "b", "mnli", "two"]


def test_of_arms_with_one_and_the_same_task_that_of_its_name_counts_or_else_the_first() -> None:
    assert task_arms(study_of(arms={**OTHERS, **MANY})) == {"q": "qqp", "mnli": "mnli"}


def test_without_arms_of_one_task_all_serve() -> None:
    study = study_of(arms={"none": {}, "random": {"weights": "random"}, "two": MANY["two"]})
    assert task_arms(study) == {}
    assert task_arms_or_all(study) == ["two"]
    assert task_arms_or_all(study_of(arms={**OTHERS, **MANY})) == ["q", "mnli"]


def test_similarities_are_of_one_measure_and_of_one_model_where_models_differ() -> None:
    columns = ["model", "intermediate", "target", "language", "measure", "value"]
    rows = [(model, "mnli", "xnli", "de", measure, 0.5) for model in ("a", "b") for measure in ("jsd", "cosine")]
    frame = pd.DataFrame([*rows, ("a", "qqp", "xnli", "de", "jsd", float("nan"))], columns=columns)
    study, scores = study_of(), scores_of([])
    found = similarity_of(StudyData.of(study, scores, frame), "a", "jsd")
    assert found.to_numpy().tolist() == [["mnli", "xnli", "de", 0.5]]
    shared = StudyData.of(study, scores, frame[frame["model"] == "a"].drop(columns="model"))
    pd.testing.assert_frame_equal(similarity_of(shared, "b", "jsd"), found)
    assert similarity_of(StudyData.of(study, scores), "a", "jsd").columns.tolist() == found.columns.tolist()
