"""Scoring of targets whose queries, in all languages, are answered from one pool of candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.graph.runs import Runs
from xstilts.jobs.results import JobOutputs
from xstilts.retrieval.pooled import PoolFile, search
from xstilts.task_types.dual_encoder import DualEncoder
from xstilts.tasks.task import POOL
from xstilts.training.session import Session

#: Returns the outputs of a trained encoder for some rows of a file.
OutputsOf = Callable[[DualEncoder, EncodedRows, Sequence[int]], list[np.ndarray]]


def score_from_pool(
    runs: Runs,
    model: str,
    task_type: DualEncoder,
    outputs_of: OutputsOf,
    device: torch.device | str,
    session: Session,
    outputs: JobOutputs,
) -> None:
    """Add the predictions for every split and language of a target to the job's outputs.

    The pool of a split has the candidates of its files in all languages that the study scores, and those of the
    target's own pool where the release has one.

    Args:
        runs: The study's jobs and paths.
        model: Its name in the study.
        task_type: The target's task type.
        outputs_of: Embeds rows with the trained encoder.
        device: Compares embeddings.
        session: Progress.
        outputs: Takes predictions and scores.
    """
    target = task_type.task.name

    def read(split: str, language: str) -> PoolFile:
        rows = EncodedRows(runs.paths.encoded(model, target, split, language))

        def embed(chosen: Sequence[int]) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(outputs_of(task_type, rows, chosen)))

        return PoolFile(examples.read(runs.paths.examples(target, split, language)), embed)

    for split in runs.study.splits_of(target):
        session.on_progress(f"searching {target} ({split})", 0, 0)
        asked = {language: read(split, language) for language in runs.study.languages(target, split)}
        more = [read(*file) for file in runs.files(target) if file[0] == POOL]
        predictions = search(asked, [*asked.values(), *more], device)
        complete = task_type.completed(task_type.task, {code: file.examples for code, file in asked.items()})
        for language in asked:
            outputs.add(task_type, language, split, predictions[language], complete[language])
