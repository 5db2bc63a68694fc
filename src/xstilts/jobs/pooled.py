"""Scoring of targets whose queries, in all languages, are answered from one pool of candidates."""

from __future__ import annotations

import torch

from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.graph.runs import Runs
from xstilts.jobs.results import JobOutputs
from xstilts.retrieval.pooled import PoolFile, search
from xstilts.task_types.base import SpecialTokens
from xstilts.task_types.dual_encoder import DualEncoder
from xstilts.training.device import Device
from xstilts.training.prediction import Predictor
from xstilts.training.session import Session


def score_from_pool(
    runs: Runs,
    model: str,
    task_type: DualEncoder,
    predictor: Predictor,
    session: Session,
    outputs: JobOutputs,
) -> None:
    """Add the predictions for every split and language of a target to the job's outputs.

    Args:
        runs: The study's jobs and paths.
        model: Its name in the study.
        task_type: The target's task type.
        predictor: Embeds rows with the trained encoder.
        session: Progress.
        outputs: Takes predictions and scores.
    """
