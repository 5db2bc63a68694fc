"""Differences in protocol between a study's scores and published ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from xstilts.config.settings import Hyperparameters
from xstilts.config.study import SYNTHETIC, Study
from xstilts.tasks.protocols import PROTOCOLS, SYSTEMS, System, Values


def differences(study: Study, target: str, protocol: str, system: str, split: str) -> list[str]:
    """List the differences in protocol between a study's scores on one of XTREME's targets and published ones.

    Args:
        study: The study.
        target: The target task.
        protocol: The published scores' protocol, a key of :data:`PROTOCOLS`.
        system: The published system, a key of :data:`SYSTEMS`.
        split: The split that the scores are on.

    Returns:
        Short phrases; a different encoder comes first, what the sources do not state comes last.
    """
    published, trained_on = PROTOCOLS[protocol], study.task(target).trained_on
    phrases = [*_of_models(study, SYSTEMS[system]), *_of_data(study, target, split)]
    if trained_on and trained_on in published.training:
        phrases += _of_training(study.target(trained_on), published.training[trained_on])
    for task in dict.fromkeys(filter(None, (trained_on, target))):
        where = "" if task == target else f" in training on {study.title_of(task)}"
        phrases += _of_fields(study.encoding_of(task), published.encoding.get(task, {}), where)
    if target in published.embedding:
        phrases += _of_fields(study.embedding_of(target), published.embedding[target])
    if study.compute.precision != published.precision:
        phrases.append(f"precision {study.compute.precision}, published {published.precision}")
    if target in published.remarks:
        phrases.append(published.remarks[target])
    seeds = (published.seeds,) if trained_on else ()
    return [*phrases, *seeds, *SYSTEMS[system].unstated]


def _of_models(study: Study, system: System) -> Iterator[str]:
    for name, model in study.models.items():
        if model.path is None:
            yield f"model '{name}' is pretrained by the study, published {system.encoder}"
        elif not any(part.split("@")[0].endswith(system.encoder) for part in PurePath(model.path).parts):
            # only the name of a folder or a repository says which encoder it holds
            yield f"model '{name}' is {model.path}, published {system.encoder}"


def _of_data(study: Study, target: str, split: str) -> Iterator[str]:
    limits = study.examples
    if study.source.kind == "synthetic":
        yield SYNTHETIC.rstrip(".")
    for task in dict.fromkeys(filter(None, (study.task(target).trained_on, target))):
        if study.from_hub(task):
            yield f"{study.title_of(task)} read from the Hub, published from the original files"
    if limits.train is not None and study.task(target).trained_on:
        yield f"at most {limits.train} training examples, published all"
    if limits.eval is not None:
        yield f"at most {limits.eval} examples per language, published all"
    every = set(study.task(target).languages) - set(study.task(target).without_dev if split == "dev" else ())
    scored = every.intersection(study.languages(target, split))
    if scored != every:
        yield f"scored in {len(scored)} of {len(every)} languages"


def _of_training(ours: Hyperparameters, values: Values) -> Iterator[str]:
    theirs = Hyperparameters(**values)
    for label, text in _TRAINING.items():
        if text(ours) != text(theirs):
            yield f"{label} {text(ours)}, published {text(theirs)}"
    if "sentence_vector" in values and ours.sentence_vector != theirs.sentence_vector:
        yield f"sentence vector {_text(ours.sentence_vector)}, published {_text(theirs.sentence_vector)}"


def _of_fields(ours: Any, values: Values, where: str = "") -> Iterator[str]:
    for key, value in values.items():
        if getattr(ours, key) != value:
            yield f"{_text(key)}{where} {_text(getattr(ours, key))}, published {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "used" if value else "left out"
    return str(value).replace("_", " ")


def _training_length(settings: Hyperparameters) -> str:
    return f"{settings.epochs:g} epochs" if settings.max_steps is None else f"{settings.max_steps} steps"


def _warm_up(settings: Hyperparameters) -> str:
    if settings.warmup_steps is not None:
        return f"over {settings.warmup_steps} steps" if settings.warmup_steps else "none"
    return f"over {100 * settings.warmup_share:g} % of the steps" if settings.warmup_share else "none"


def _clipping(settings: Hyperparameters) -> str:
    micro = settings.micro_batch_size or settings.batch_size
    if settings.clip_each == "micro_batch" and micro < settings.batch_size:
        return f"to {settings.clip_norm:g} per micro-batch of {micro}"
    return f"to {settings.clip_norm:g} per step"


def _learning_rate(settings: Hyperparameters) -> str:
    rates = [f"{rate:g}" for rate in settings.rates]
    return rates[0] if len(rates) == 1 else f"the best of {', '.join(rates)} on English dev data"


def _kept(settings: Hyperparameters) -> str:
    if settings.selection == "last":
        return "the last"
    examples = "all" if settings.eval_examples is None else f"the first {settings.eval_examples}"
    return f"the best of every {settings.eval_every} steps on {examples} English dev examples"


def _trained(settings: Hyperparameters) -> str:
    return f"those of an adapter of rank {settings.lora.rank}" if settings.lora else "all"


_TRAINING: dict[str, Callable[[Hyperparameters], str]] = {
    "weights trained are": _trained,
    "learning rate": _learning_rate,
    "trained for": _training_length,
    "batch size": lambda settings: str(settings.batch_size),
    "warm-up": _warm_up,
    "weight decay": lambda settings: f"{settings.weight_decay:g}",
    "Adam's beta2": lambda settings: f"{settings.adam_beta2:g}",
    "Adam's epsilon": lambda settings: f"{settings.adam_epsilon:g}",
    "gradients clipped": _clipping,
    "weights kept are": _kept,
}
