"""Studies with too little data: every question says what is missing, and its answer can be stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planted import declared, nothing, scores_of, study_of

from xstilts.analysis.answers import Answer
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity
from xstilts.analysis.store import read_answers, write_answer
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import load

ANSWERS: tuple[Callable[[StudyData], Answer], ...] = (
    code_pretraining.answer,
    domain.answer,
    size_diversity.answer,
    semantics.answer,
)


def one_seed() -> StudyData:
    study = study_of({"mnli": ["mnli"]}, {"xnli": ["en", "de", "zh"]}, seeds=(1,))
    return StudyData.of(study, scores_of(study, nothing))


def without_english() -> StudyData:
    study = study_of({"mnli": ["mnli"], "qqp": ["qqp"]}, {"xnli": ["de", "zh"], "tatoeba": ["de", "zh"]}, seeds=(1, 2))
    return StudyData.of(study, scores_of(study, nothing))


def constant() -> StudyData:
    study = study_of({"mnli": ["mnli"], "both": ["mnli", "qqp"]}, {"xnli": ["en", "de", "zh"]}, seeds=(1, 2, 3))
    return StudyData.of(study, scores_of(study, nothing, noise=0))


def not_a_number() -> StudyData:
    found = one_seed()
    return StudyData(found.study, found.scores.assign(score=np.nan), found.languages, found.similarity)


def no_scores() -> StudyData:
    found = one_seed()
    return StudyData(found.study, found.scores.iloc[:0], found.languages, found.similarity)


def no_baseline() -> StudyData:
    found = one_seed()
    return StudyData(found.study, found.scores[found.scores["arm"] != "none"], found.languages, found.similarity)


def no_intermediate_task() -> StudyData:
    study = study_of({}, {"xnli": ["en", "de"]})
    return StudyData.of(study, scores_of(study, nothing))


def two_models_in_part() -> StudyData:
    """A pair of models, of which the code model has been scored with one seed and on one target so far."""
    targets = {"xnli": ["en", "de", "ar", "zh", "ru"], "udpos": ["en", "de", "ar", "zh", "ru"]}
    study = study_of({"mnli": ["mnli"]}, targets, models=("roberta", "codebert"))
    declared(study.models["codebert"], code_of="roberta")
    scores = scores_of(study, nothing)
    there = (scores["seed"] == 1) & (scores["target"] == "xnli")
    return StudyData.of(study, scores[(scores["model"] == "roberta") | there])


def synthetic() -> StudyData:
    """Synthetic languages, of which only the planted measures are known."""
    config = {"study": "demo", "source": {"kind": "synthetic"}, "models": {"tiny": {"path": "models/tiny"}}}
    arms = {"none": {}, "mnli": {"tasks": ["mnli"]}, "untrained": {"weights": "random"}}
    study = load({**config, "arms": arms, "targets": {"xnli": {}, "tatoeba": {}}})
    similarity = pd.DataFrame(
        [("mnli", "xnli", "en", "jsd", 0.5)], columns=["intermediate", "target", "language", "measure", "value"]
    )
    return StudyData.of(study, scores_of(study, nothing), similarity)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    "thin",
    [
        one_seed, without_english, constant, not_a_number, no_scores, no_baseline, no_intermediate_task,
        two_models_in_part, synthetic,
    ],
)  # fmt: skip
def test_a_thin_study_is_answered_with_what_it_lacks(
    answer: Callable[[StudyData], Answer], thin: Callable[[], StudyData], tmp_path: Path
) -> None:
    found = answer(thin())
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert found.reason and found.cannot
    write_answer(found, tmp_path)
    assert read_answers(tmp_path)[0].reason == found.reason
