"""From scores to effects, tests, and answers to the research questions."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from xstilts.analysis.effects import cell_tests, effects
from xstilts.analysis.multiplicity import with_holm
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity, typology
from xstilts.analysis.store import write_answer
from xstilts.analysis.study_data import StudyData
from xstilts.atomic import write_text
from xstilts.errors import DataError
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.graph.state import read_record, refuse_damaged_outputs
from xstilts.scores.flags import flagged_jobs, usable
from xstilts.scores.score_files import checked_scores
from xstilts.tasks.languages import ENGLISH

logger = logging.getLogger(__name__)


def answer(runs: Runs) -> None:
    """Effects per target, a test per cell, and an answer per question; all of them also where a study is too thin.

    Raises:
        DataError: A file of predictions is gone or damaged.
    """
    every, folder, measured = checked_scores(runs.paths.scores, runs.study), runs.paths.answers, runs.paths.similarity
    scores = usable(every)
    flagged = flagged_jobs(every, runs.study)
    for job in runs.summarised_jobs():
        refuse_damaged_outputs(job, runs.paths, [runs.paths.part("predictions", *job)])
    tables = {
        "effects": effects(scores, runs.study),
        "cells": cell_tests(runs.prediction_files(left_out=flagged), runs.study, scores),
    }
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    data = StudyData.of(runs.study, scores, _read_similarity(measured) if measured.is_file() else None)
    answers = [
        typology.answer(data),
        code_pretraining.answer(data),
        domain.answer(data),
        size_diversity.answer(data, _sizes(runs), _diversity(runs)),
        semantics.answer(data),
    ]
    for adjusted in with_holm(answers):
        finished = replace(adjusted, exercise=runs.study.source.kind == "synthetic")
        write_answer(finished, folder)
        logger.info("%s: %s. %s", finished.question, finished.verdict_text, finished.reason)


def _read_similarity(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        remedy = "Delete the file and start snakemake again, which makes it anew."
        raise DataError(path, f"cannot be read as Parquet ({error}).", remedy=remedy) from None


def _sizes(runs: Runs) -> dict[str, int]:
    """Training examples of each intermediate task."""
    files = {task: manifest["files"] for task, manifest in runs.manifests().items()}
    known = [task for task in runs.study.intermediate_tasks() if task in files]
    return {task: files[task][f"train.{ENGLISH}"]["examples"] for task in known}


def _diversity(runs: Runs) -> dict[str, float]:
    """By arm of the first model that trains on a subset, the mean Vendi score of the subsets of all seeds and tasks."""
    model, scores = next(iter(runs.study.models)), defaultdict(list)
    for arm, seed in product(runs.study.arms, runs.study.seeds):
        training = read_record(Job(model, arm, INTERMEDIATE, seed), runs.paths).get("training") or {}
        for subset in training.get("subsets", {}).values():
            scores[arm].append(subset["vendi"])
    return {arm: float(np.mean(found)) for arm, found in scores.items()}
