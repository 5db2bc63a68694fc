"""The tokenizer of a model: learnt from the study's text, or taken over from a ready-made encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xstilts.config.settings import Hyperparameters
from xstilts.data import examples, tokenizer
from xstilts.data.fitting import fitted
from xstilts.encoders import adapters, capabilities, storage
from xstilts.errors import UserError
from xstilts.graph.contents import refuse_changed
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.jobs.loading import load_encoder
from xstilts.jobs.trial import Trial
from xstilts.tasks.registry import TEXT

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerFast


def train_tokenizer(runs: Runs, model: str) -> None:
    """A vocabulary for a model that the study pretrains, or a ready-made model's own tokenizer."""
    chosen = runs.study.models[model]
    if chosen.architecture is None:
        made = _ready_made(runs, model)
    else:
        paths = [runs.paths.examples(TEXT.name, *file) for file in runs.files(TEXT.name)]
        texts = (text for path in paths for text in examples.read(path).column("text").to_pylist())
        made = tokenizer.train(texts, chosen.architecture.vocabulary_size, chosen.architecture.max_length)
    tokenizer.save(made, runs.paths.tokenizer(model))


def _ready_made(runs: Runs, model: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a ready-made encoder, fitted to it; both have been tried out on what the study asks of them."""
    folder = runs.ready_made(model)
    refuse_changed(runs, [runs.pretrained_weights(model)])
    config = storage.read_config(folder)
    _check_limits(runs, model, config)
    made = fitted(tokenizer.load(folder), config, model)
    study = runs.study
    longest = max(study.encoding_of(task).max_length for task in study.tasks())
    encoder = load_encoder(runs, model, runs.pretrained_weights(model))
    for hyper in _supervised(runs):
        if hyper.lora:
            adapters.target_modules(encoder, hyper.lora)
    Trial(model, encoder, made).run([study.task(task) for task in study.tasks()], longest, _sentence_vectors(runs))
    return made


def _check_limits(runs: Runs, model: str, config: PreTrainedConfig) -> None:
    """Whether a ready-made encoder can take what the study asks of it, which is known only once its folder is read."""
    study, limit, layers = runs.study, capabilities.longest_input(config), capabilities.layers(config)
    if languages := capabilities.language_adapters(config):
        raise UserError(
            f"models.{model}: this encoder has layers of their own for each language ({', '.join(languages)}), one of "
            "which every input would have to name. Take an encoder with the same layers for all languages."
        )
    if study.models[model].causal_mask == "remove" and not capabilities.causal(config):
        raise UserError(f"models.{model}: causal_mask is 'remove', but this encoder has none. Leave the key out.")
    for task in study.tasks():
        length = study.encoding_of(task).max_length
        if limit is not None and length > limit:
            raise UserError(
                f"encoding: max_length is {length} for {task}, "
                f"but the model '{model}' takes inputs of up to {limit} tokens."
            )
    for task in runs.targets_of(RETRIEVAL):
        settings = study.embedding_of(task)
        if settings.layer > layers:
            raise UserError(
                f"retrieval: layer is {settings.layer} for {task}, but the model '{model}' has {layers} layers."
            )
        if settings.pooling == "first_token" and _sees_backwards_only(runs, model, config):
            raise UserError(
                f"retrieval: pooling is 'first_token' for {task}, but the model '{model}' is a decoder, whose first "
                f"token knows nothing of the others. Use 'mean' or 'last_token', or models.{model}.causal_mask: remove."
            )


def _supervised(runs: Runs) -> list[Hyperparameters]:
    """The hyper-parameters of every training on labelled tasks."""
    study = runs.study
    arms = [name for name, arm in study.arms.items() if arm.tasks]
    return [*map(study.target, study.training_sets()), *map(study.intermediate, arms)]


def _sees_backwards_only(runs: Runs, model: str, config: PreTrainedConfig) -> bool:
    return runs.study.models[model].causal_mask == "keep" and capabilities.causal(config)


def _sentence_vectors(runs: Runs) -> list[tuple[str, str]]:
    """What the study's heads for sentences read: each value with a key that sets it."""
    study = runs.study
    found = {study.target(task).sentence_vector: "training.target.sentence_vector" for task in study.training_sets()}
    for arm in (name for name, arm in study.arms.items() if arm.tasks):
        found.setdefault(study.intermediate(arm).sentence_vector, f"sentence_vector of arm '{arm}'")
    return [(key, vector) for vector, key in found.items()]
