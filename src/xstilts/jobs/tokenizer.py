"""The tokenizer of a model: learnt from the study's text, or taken over from a ready-made encoder."""

from __future__ import annotations

from pathlib import Path

from xstilts.data import examples, tokenizer
from xstilts.encoders.storage import EncoderLimits
from xstilts.errors import UserError
from xstilts.graph.contents import refuse_changed
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.tasks.registry import TEXT


def train_tokenizer(runs: Runs, model: str) -> None:
    """A vocabulary for a model that the study pretrains, or a ready-made model's own tokenizer."""
    chosen = runs.study.models[model]
    if chosen.architecture is None:
        folder = runs.ready_made(model)
        refuse_changed(runs, [folder / "model.safetensors"])
        _check_ready_made(runs, model, folder)
        made = tokenizer.load(folder)
    else:
        paths = [runs.paths.examples(TEXT.name, *file) for file in runs.files(TEXT.name)]
        texts = (text for path in paths for text in examples.read(path).column("text").to_pylist())
        made = tokenizer.train(texts, chosen.architecture.vocabulary_size, chosen.architecture.max_length)
    tokenizer.save(made, runs.paths.tokenizer(model))


def _check_ready_made(runs: Runs, model: str, folder: Path) -> None:
    """Whether a ready-made encoder can take what the study asks of it, which is known only once its folder is read."""
    limits = EncoderLimits.of(folder)
    for task in runs.study.tasks():
        length = runs.study.encoding_of(task).max_length
        if length > limits.longest_input:
            raise UserError(
                f"encoding: max_length is {length} for {task}, "
                f"but the model '{model}' takes inputs of up to {limits.longest_input} tokens."
            )
    for task in runs.targets_of(RETRIEVAL):
        layer = runs.study.embedding_of(task).layer
        if layer > limits.layers:
            raise UserError(
                f"retrieval: layer is {layer} for {task}, but the model '{model}' has {limits.layers} layers."
            )
