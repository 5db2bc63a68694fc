"""The tokenizer of a model: learnt from the study's text, or taken over from a ready-made encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xstilts.checks.findings import refuse
from xstilts.checks.models import tried_out
from xstilts.data import examples, tokenizer
from xstilts.data.fitting import fitted
from xstilts.encoders import storage
from xstilts.graph.contents import refuse_changed
from xstilts.graph.runs import Runs
from xstilts.tasks.registry import TEXT

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def train_tokenizer(runs: Runs, model: str) -> None:
    """A vocabulary for a model that the study pretrains, or the tokenizer of a ready-made or continued model."""
    chosen = runs.study.models[model]
    if chosen.continues:
        made = tokenizer.load(runs.paths.tokenizer(chosen.continues.parent))
    elif chosen.architecture is None:
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
    refuse(tried_out(runs, model))
    return fitted(tokenizer.load(folder), storage.read_config(folder), model)
