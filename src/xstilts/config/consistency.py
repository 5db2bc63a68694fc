"""What is wrong with a study whose sections are each in order: they do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xstilts.config.sources import HubSource, SyntheticSource
from xstilts.config.text_uses import problem_of_continuations, problem_of_texts
from xstilts.config.training_data import problem_of_training_data, trainings
from xstilts.errors import did_you_mean
from xstilts.tasks.registry import TASKS

if TYPE_CHECKING:
    from xstilts.config.settings import Hyperparameters
    from xstilts.config.study import Study
    from xstilts.tasks.task import Task


def problems_of(study: Study) -> Iterator[str]:
    """Yield what is wrong, each as a sentence that begins with the key."""
    for check in _CHECKS:
        yield from check(study)


def _adapters(study: Study) -> Iterator[str]:
    for name, arm in study.arms.items():
        if arm.weights == "random" and study.stores_adapter(name):
            yield (
                f"arms.{name}: the arm starts from random weights, which an adapter would leave random; set "
                f"arms.{name}.training.lora to null"
            )
        first, *others = study.intermediate(name) or (None,)
        if first and any(hyper.lora != first.lora for hyper in others):
            yield (
                f"arms.{name}.stages: one adapter goes through all stages, so 'lora' must be the same in each; set "
                f"it in arms.{name}.training"
            )


def _training_data(study: Study) -> Iterator[str]:
    if problem := problem_of_training_data(study):
        yield problem


def _trainings(study: Study) -> Iterator[tuple[str, Hyperparameters, bool]]:
    """Yield each training of the study: its key, its hyper-parameters, and whether it has dev data."""
    for name, model in study.models.items():
        if model.continues:
            yield f"models.{name}.continue.training", study.pretraining(name), False
        elif model.architecture:
            yield "training.pretraining", study.pretraining(name), False
    of_arms = (hyper for name in study.arms for hyper in study.intermediate(name))
    for stage, key in trainings(study):
        if stage.trains_encoder:
            yield f"{key}.training", next(of_arms), bool(stage.tasks)
    for task in study.training_sets():
        yield f"training.target.tasks.{task}", study.target(task), True


def _choices_by_dev_data(study: Study) -> Iterator[str]:
    """What dev data would decide, where there are none or they do not count."""
    for key, hyper, has_dev_data in _trainings(study):
        if len(hyper.rates) > 1 and not has_dev_data:
            yield (
                f"{key}.learning_rate: masked language modelling has no dev data to choose one of several by; give one"
            )
        if hyper.patience is not None and not has_dev_data:
            yield f"{key}.patience: masked language modelling has no dev data to stop by; set it to null"
        elif hyper.patience is not None and hyper.selection == "last":
            yield (
                f"{key}.patience: with selection 'last', no evaluation is better than another; set selection to "
                "'best' or patience to null"
            )


def _batches_of_tokens(study: Study) -> Iterator[str]:
    """Batches of tokens in a training on tasks, whose published settings count examples."""
    for key, hyper, _ in _trainings(study):
        if hyper.batch_tokens is not None and not key.startswith(("models.", "training.pretraining")):
            yield f"{key}.batch_tokens: it is for pretraining alone; give batch_size"


def _texts(study: Study) -> Iterator[str]:
    if taken := sorted({*study.corpora} & {*study.own_tasks}):
        yield f"tasks.{taken[0]}: text.{taken[0].partition('_')[2]} has this name; rename one of them"
    of_texts = problem_of_texts(study.text, study.text_uses(), study.language_table(), study.text_languages)
    if problem := of_texts or problem_of_continuations(study.models):
        yield problem


def _own_languages(study: Study) -> Iterator[str]:
    for code in study.declared_languages:
        if code in (table := study.source.languages()):
            yield f"languages.{code}: the name is taken by {table[code].name}; leave it out"


def _own_tasks(study: Study) -> Iterator[str]:
    if study.declared_tasks and isinstance(study.source, SyntheticSource) and not study.source.planted:
        yield "tasks: own tasks are read from files; set source.kind to 'files' or 'hub'"
    known = study.language_table()
    for name, task in study.own_tasks.items():
        for code in task.languages:
            if code not in known:
                yield (
                    f"tasks.{name}.languages: there is no language '{code}'. {did_you_mean(code, known)} "
                    f"To add it, describe it under 'languages'"
                )
        if problem := _why_not_trained(study, task):
            yield f"tasks.{name}.{problem}"


def _why_not_trained(study: Study, task: Task) -> str:
    """What is wrong with the training set of an own task, after the task's key; empty where nothing is."""
    if task.trained_on is None or not any(task.has(split) for split in ("dev", "test")):
        return ""
    if task.trained_on not in (*study.own_tasks, *TASKS):
        trainable = [name for name, other in {**study.own_tasks, **TASKS}.items() if other.trains]
        return f"trained_on: there is no task '{task.trained_on}'. {did_you_mean(task.trained_on, trainable)}"
    training_set = study.task(task.trained_on)
    if not training_set.trains:
        if training_set is task:
            return "trained_on: it has no files of its own to train on; name a task that has"
        return f"trained_on: {training_set.title} has no English training data"
    if (training_set.type, training_set.single_sentence) != (task.type, task.single_sentence):
        kind = "single sentences" if training_set.single_sentence else training_set.type.replace("_", " ")
        return f"trained_on: {training_set.title} is of another type, {kind}"
    if lacking := [label for label in training_set.labels if task.labels and label not in task.labels]:
        return f"labels: lacks {', '.join(lacking)}, which a head trained on {training_set.title} predicts"
    return ""


def _hub(study: Study) -> Iterator[str]:
    """Tasks and languages that the Hub lacks."""
    for task in study.tasks() if isinstance(study.source, HubSource) else ():
        for language in (None, *(study.languages(task) if task in study.targets else ())):
            if study.from_hub(task) and (reason := study.task(task).hub_refusal(language)):
                yield f"source: {reason} Or add {task} to source.files to read it from files."


def _languages(study: Study) -> Iterator[str]:
    known = study.language_table()
    for name, target in study.targets.items():
        for language in target.languages or ():
            valid = study.languages_of_task(study.task(name))
            if language not in known:
                yield f"targets.{name}.languages: there is no language '{language}'. {did_you_mean(language, known)}"
            elif language not in valid:
                yield f"targets.{name}.languages: {study.title_of(name)} has no '{language}', only {', '.join(valid)}"


def _several_gpus(study: Study) -> Iterator[str]:
    """What a model's trainings cannot do on several GPUs."""
    trained_on = (*study.training_sets(), *study.intermediate_tasks())
    for name in (name for name, model in study.models.items() if model.gpus > 1):
        whole = next((task for task in trained_on if study.task(task).type == "dual_encoder"), None)
        if whole is not None:
            yield (
                f"models.{name}.gpus: the rows of a batch of {study.title_of(whole)} are each other's wrong answers, "
                "so it cannot be divided among several GPUs; set it to 1"
            )
        for key, hyper, _ in _trainings(study):
            if hyper.lora:
                yield f"models.{name}.gpus: {key} trains an adapter (lora), which is for a single GPU; set it to 1"


def _twins(study: Study) -> Iterator[str]:
    for name, model in study.models.items():
        if model.code_of is not None and (model.code_of == name or model.code_of not in study.models):
            others = [other for other in study.models if other != name]
            yield (
                f"models.{name}.code_of: '{model.code_of}' is no other model of the study. "
                f"{did_you_mean(model.code_of, others)}"
            )


def _sizes(study: Study) -> Iterator[str]:
    """What does not fit the encoders that the study makes itself."""
    of_tasks = {
        f"encoding.tasks.{task}.max_length": study.encoding_of(task).max_length for task in study.encoding.tasks
    }
    lengths = {"encoding.max_length": study.encoding.max_length, **of_tasks}
    retrieves = any(study.task(target).type == "retrieval" for target in study.targets)
    layers = {"retrieval.layer": study.retrieval.layer} if retrieves else {}
    for name, model in study.models.items():
        if (shape := model.architecture) is None:
            continue
        for values, limit, what in ((lengths, shape.max_length, "max_length"), (layers, shape.layers, "layers")):
            for key, value in values.items():
                if value > limit:
                    yield f"{key}: {value} is more than the {limit} of models.{name}.architecture.{what}"


_CHECKS = (
    _adapters,
    _training_data,
    _choices_by_dev_data,
    _batches_of_tokens,
    _texts,
    _own_languages,
    _own_tasks,
    _hub,
    _languages,
    _several_gpus,
    _twins,
    _sizes,
)
