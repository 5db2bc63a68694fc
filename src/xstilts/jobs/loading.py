"""The encoder that a job starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.encoders import adapters, storage
from xstilts.graph.runs import Runs
from xstilts.graph.state import refuse_damaged_encoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_encoder(runs: Runs, model: str, weights: Path) -> PreTrainedModel:
    """Load an encoder of a model as the study wants it; an arm's adapter is merged into the pretrained encoder.

    Args:
        runs: The study's jobs and paths.
        model: The model's name in the study.
        weights: The file that stands for it: weights, or the record of one of its arms.

    Raises:
        DataError: A job of the study has trained the encoder, and its files are not what that job wrote.
        UserError: The weights do not fit the encoder's config, or cannot be read.
    """
    refuse_damaged_encoder(runs.paths, weights)
    pretrained = runs.pretrained_weights(model)
    if weights != pretrained and adapters.is_stored_in(weights.parent):
        return adapters.merged(load_encoder(runs, model, pretrained), weights.parent)
    return storage.load(weights.parent, runs.study.compute, runs.study.models[model].causal_mask)
