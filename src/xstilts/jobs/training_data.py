"""Which files of examples a training run reads, and which of their examples it uses."""

from __future__ import annotations

from xstilts.config.factors import Stage
from xstilts.config.study import Study
from xstilts.data.subsets import SubsetRule, TrainingFile

#: By task to train on, the files that its examples come from.
TrainingFiles = dict[str, list[TrainingFile]]


def of_stage(study: Study, arm: str, number: int) -> TrainingFiles:
    """Return the files of an arm's training: each task in each of the languages.

    Args:
        study: The study.
        arm: The arm's name.
        number: Which of its trainings, from 0.
    """
    stage: Stage = study.arms[arm].sequence[number]
    key = f"arms.{arm}.stages.{number}" if study.arms[arm].stages else f"arms.{arm}"
    rule = SubsetRule(key, stage.train_examples, stage.choose)
    return {
        task: [TrainingFile(study.training_data(task, language), rule, language) for language in stage.languages]
        for task in stage.tasks
    }


def of_training_set(study: Study, training_set: str) -> TrainingFiles:
    """Return the files that the targets of a training set are fine-tuned on: English, and what they add to it."""
    whole = [
        TrainingFile(study.training_data(training_set, language), language=language)
        for language in study.train_languages(training_set)
    ]
    few = [
        TrainingFile(
            shots.task,
            SubsetRule(f"targets.{shots.target}.shots", shots.examples, count_key=shots.language),
            shots.language,
            shots.split,
        )
        for shots in study.shots(training_set)
    ]
    return {training_set: [*whole, *few]}
