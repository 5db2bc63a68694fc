"""What arms and targets train on: whether the study's source can have it, as far as the study alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xstilts.config.factors import TOPIC, Stage
from xstilts.config.sources import SyntheticSource
from xstilts.errors import did_you_mean
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.synthetic_languages import RENDERED

if TYPE_CHECKING:
    from xstilts.config.study import Study


def problem_of_training_data(study: Study) -> str:
    """What is wrong with the training data that arms and targets ask for, after its key; empty where nothing is."""
    problems = (problem for check in (_of_domains, _of_languages, _of_sizes, _of_targets) for problem in check(study))
    return next(problems, "")


def trainings(study: Study) -> Iterator[tuple[Stage, str]]:
    """The trainings of all arms, each with its key in the study."""
    for name, arm in study.arms.items():
        if arm.stages:
            yield from ((stage, f"arms.{name}.stages.{number}") for number, stage in enumerate(arm.stages))
        else:
            yield arm, f"arms.{name}"


def _of_domains(study: Study) -> Iterator[str]:
    for stage, key in trainings(study):
        for task in map(study.task, stage.tasks):
            for name in stage.choose.where:
                if name not in (known := (*task.metadata, TOPIC)):
                    have = " and ".join(known)
                    yield f"{key}.choose.where.{name}: the examples of {task.title} have no '{name}', only {have}"


def _of_languages(study: Study) -> Iterator[str]:
    for stage, key in trainings(study):
        for code in stage.languages:
            for task in stage.tasks:
                if problem := _why_no_training_data(study, task, code):
                    yield f"{key}.languages: {problem}"


def _of_sizes(study: Study) -> Iterator[str]:
    for stage, key in trainings(study):
        for task in stage.tasks:
            most, why = _most_examples(study, task)
            if most is not None and stage.train_examples is not None and stage.train_examples > most:
                yield (
                    f"{key}.train_examples: asks for {stage.train_examples:,} examples of {study.title_of(task)}, but "
                    f"{why} {most:,}; set it to {most} or less, or leave it out to use all"
                )


def _most_examples(study: Study, task: str) -> tuple[int | None, str]:
    """The most English training examples that a task can have, and the start of a sentence that says why."""
    declared, source = study.task(task), study.source
    published = declared.published_examples("train", ENGLISH)
    bounds = [(study.examples.train, "examples.train keeps"), (published, "it has")]
    if isinstance(source, SyntheticSource):
        single = all(len(paths) == 1 for paths in declared.files["train"])
        bounds[1] = (source.train_examples if single else None, "source.train_examples makes")
    known = [(count, why) for count, why in bounds if count is not None]
    return min(known, default=(None, ""))


def _of_targets(study: Study) -> Iterator[str]:
    for name, target in study.targets.items():
        for key, codes in (("shots", [*target.shots]), ("train_languages", target.train_languages)):
            for code in codes:
                if problem := _why_not_taught(study, name, key, code):
                    yield f"targets.{name}.{key}: {problem}"


def _why_not_taught(study: Study, target: str, key: str, code: str) -> str:
    """Why a language cannot be trained on for a target; empty where it can."""
    task, chosen = study.task(target), study.targets[target]
    if task.trained_on is None:
        return f"{task.title} is scored by retrieval, without training; leave {key} out"
    if code == ENGLISH:
        return "English is trained on in any case; leave it out"
    if code in chosen.shots and code in chosen.train_languages:
        return f"'{code}' stands in shots and in train_languages; leave it out of one"
    if key == "shots" and code not in study.languages(target):
        return f"'{code}' is not scored, only {', '.join(study.languages(target))}"
    source, split = study.shots_from(target, code) if key == "shots" else (task.trained_on, "train")
    return _why_no_training_data(study, source, code, key != "shots") if split == "train" else ""


def _why_no_training_data(study: Study, name: str, code: str, translatable: bool = True) -> str:
    """Why a task cannot have training data in a language, as far as is known without its files; empty: it can."""
    task = study.task(name)
    if code not in (known := study.language_table()):
        return f"there is no language '{code}'. {did_you_mean(code, known)}"
    if (study.translation and translatable) or not lacks_training_data(study, name, code):
        return ""
    if isinstance(study.source, SyntheticSource):
        rendered = ", ".join(sorted(RENDERED))
        return f"the synthetic source renders no training data of {task.title} in '{code}', only of {rendered}"
    return (
        f"{task.title} has no training data in '{code}' on the Hugging Face Hub; put files below "
        f"translated/{code}/ and add {name} to source.files, or name a model under 'translation'"
    )


def lacks_training_data(study: Study, name: str, code: str) -> bool:
    """Whether a task can have no training data in a language, as far as is known without its files."""
    if code == ENGLISH:
        return False
    if isinstance(study.source, SyntheticSource):
        return name not in RENDERED
    task = study.task(name)
    by_language = task.mixed_train or all("{" in (part.config or "") for part in task.hub)
    return study.from_hub(name) and not by_language
