"""Ready-made encoders: whether folder, config, weights and tokenizer fit each other and what the study asks of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xstilts.checks import keys
from xstilts.checks.findings import Finding
from xstilts.checks.limits import beyond, texts_for
from xstilts.checks.trial import Trial
from xstilts.config.study import Study
from xstilts.config.training_data import trainings
from xstilts.data import tokenizer
from xstilts.data.fitting import fitted
from xstilts.encoders import adapters, capabilities, storage
from xstilts.encoders.languages import language_layers, without_layers
from xstilts.errors import UserError
from xstilts.graph.runs import RETRIEVAL, Runs

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


def tried_out(runs: Runs, model: str) -> list[Finding]:
    """Try out a ready-made encoder, whose folder is there, on all that a study asks of it; returns what is wrong."""
    folder, key, found = runs.ready_made(model), f"models.{model}", list[Finding]()
    made: PreTrainedTokenizerFast | None = None
    encoder: PreTrainedModel | None = None
    with _noted(key, found):
        config = storage.read_config(folder)
        found += _limits(runs, model, config)
        found += _languages(runs, config)
        with _noted(key, found):
            made = fitted(tokenizer.load(folder), config, model)
        with _noted(key, found):
            encoder = storage.load(folder, runs.study.compute, runs.study.models[model].causal_mask)
        if made is not None and encoder is not None:
            found += _adapters(runs, encoder)
            found += _trial(runs, Trial(model, encoder, made))
    return found


@contextmanager
def _noted(key: str, found: list[Finding]) -> Iterator[None]:
    """Add the problem that ends the block, if one does."""
    try:
        yield
    except UserError as error:
        found.append(Finding.of(key, error))


def _languages(runs: Runs, config: PreTrainedConfig) -> Iterator[Finding]:
    """Languages that an encoder with layers by language has none for, and training that would mix languages."""
    if not language_layers(config):
        return
    why = "this encoder has layers of their own for each language"
    scored = {f"targets.{target}.languages": runs.study.languages(target) for target in runs.study.targets}
    trained = _languages_trained(runs.study)
    for key, languages in {**scored, **trained}.items():
        if lacking := without_layers(config, languages):
            yield Finding(key, f"{why}, and none for {', '.join(lacking)}. List the languages without these.")
    for key, languages in trained.items():
        if len(languages) > 1:
            yield Finding(
                key, f"{why}, so that a batch has to be in one; these are {', '.join(languages)}. Train on one."
            )


def _languages_trained(study: Study) -> dict[str, tuple[str, ...]]:
    """The languages that each training of arms and targets draws batches from, by key."""
    of_tasks = {f"{key}.languages": tuple(stage.languages) for stage, key in trainings(study) if stage.tasks}
    of_texts = {
        f"{key}.languages": tuple(use.languages or study.text_languages(use.task))
        for key, use in study.text_uses().items()
        if key.startswith("arms.")
    }
    taught = {f"targets.{target}": tuple(sorted(study.taught(target))) for target in study.targets}
    return {**of_tasks, **of_texts, **taught}


def _limits(runs: Runs, model: str, config: PreTrainedConfig) -> Iterator[Finding]:
    study, causal = runs.study, capabilities.causal(config)
    yield from beyond(runs, model, capabilities.longest_input(config), capabilities.layers(config))
    if study.models[model].causal_mask == "remove":
        if not causal:
            yield Finding(f"models.{model}.causal_mask", "is 'remove', but this encoder has none. Leave the key out.")
        return
    for task in runs.targets_of(RETRIEVAL):
        if causal and study.embedding_of(task).pooling == "first_token":
            yield Finding(
                keys.embedding(study, task, "pooling"),
                f"is 'first_token', but models.{model} is a decoder, whose first token knows nothing of the others. "
                f"Use 'mean' or 'last_token', or models.{model}.causal_mask: remove.",
            )


def _adapters(runs: Runs, encoder: PreTrainedModel) -> Iterator[Finding]:
    """Modules that adapters of the study are for, and the encoder lacks."""
    for stage in keys.stages(runs.study):
        try:
            if stage.settings.lora:
                adapters.target_modules(encoder, stage.settings.lora)
        except UserError as error:
            yield Finding(f"{stage.key('lora')}.modules", str(error).removeprefix("lora.modules: "))


def _trial(runs: Runs, trial: Trial) -> Iterator[Finding]:
    study, limit = runs.study, capabilities.longest_input(trial.encoder.config)
    tasks = (*study.tasks(), *texts_for(runs, trial.model))
    longest = max(study.encoding_of(task).max_length for task in tasks)
    vectors = {stage.settings.sentence_vector: stage.key("sentence_vector") for stage in keys.stages(study)}
    tried = trial.problems(
        [study.task(task) for task in tasks],
        longest if limit is None else min(longest, limit),  # what is beyond it has been said
        [(key, vector) for vector, key in vectors.items()],
    )
    return (Finding.of(f"models.{trial.model}", error) for error in tried)
