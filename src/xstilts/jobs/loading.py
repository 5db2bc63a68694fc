"""The encoder that a job starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.encoders import storage
from xstilts.graph.runs import Runs

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_encoder(runs: Runs, model: str, weights: Path) -> PreTrainedModel:
    """Load an encoder of a model as the study wants it.

    Args:
        runs: The study's jobs and paths.
        model: The model's name in the study.
        weights: Its weights, pretrained or of one of its arms.
    """
    return storage.load(weights.parent, runs.study.compute, runs.study.models[model].causal_mask)
