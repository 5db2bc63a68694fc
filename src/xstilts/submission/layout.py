"""The files of a submission to XTREME or XTREME-R, and which of them a study can provide.

A submission is a folder with one folder per task and in it one file per language, ``test-{language}``: JSON for
question answering and Mewsli-X, JSON Lines for XCOPA, else TSV (README and ``evaluate.py`` of XTREME).
:mod:`xstilts.submission.lines` describes the content of a file. LAReQA is not submitted.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from xstilts.config.study import Study
from xstilts.data import examples
from xstilts.errors import DataError, UserError
from xstilts.graph.runs import Runs
from xstilts.scores.gains import benchmark_targets
from xstilts.tasks.task import Task

SPLIT = "test"  # the only one that the benchmarks score

#: The suffix of files by what they hold; all others are TSV.
_SUFFIXES = {"answers": "json", "entities": "json", "choices": "jsonl"}


def folder_name(study: Study, model: str, name: str) -> str:
    """Return the folder name of the submission of an arm, or of 'best'; unique because names have no dots."""
    return name if len(study.models) == 1 else f"{model}.{name}"


def file_name(task: Task, language: str) -> str:
    """Return the name of a task's file in a language."""
    return f"test-{language}.{_SUFFIXES.get(task.submission or '', 'tsv')}"


def submitted(study: Study) -> list[str]:
    """Return those of the benchmark's targets whose test split the study predicts and submits, in its order.

    Raises:
        UserError: There are none.
    """
    possible = [target for target in benchmark_targets(study) if target in study.suite.submitted]
    if not possible:
        raise UserError(
            f"A submission consists of predictions for {study.suite.title}'s tasks; the study has none of them as a "
            "target."
        )
    targets = [target for target in possible if SPLIT in study.splits_of(target)]
    if not targets:
        raise UserError("A submission consists of predictions for test splits; add 'test' to the study's splits.")
    return targets


def entries(folder: Path) -> list[Path]:
    """List a folder, sorted by name, without hidden files.

    Raises:
        UserError: There is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder. A submission is a folder with one folder per task.")
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def canonical(runs: Runs, task: Task, language: str) -> pa.Table:
    """Read the test examples that a file has predictions for.

    Raises:
        DataError: The study's data has not been prepared.
    """
    path = runs.paths.examples(task.name, SPLIT, language)
    if not path.is_file():
        raise DataError(
            path, f"no such file; it holds {task.title}'s test examples.", remedy="snakemake prepares the study's data."
        )
    return examples.read(path)


def gaps(study: Study) -> list[str]:
    """Describe what a complete submission has and the study does not: a sentence per task, then the study's warning."""
    sentences = []
    for name in study.suite.submitted:
        languages = study.task(name).languages
        if name not in submitted(study):
            sentences.append(f"{name}: not in the study; {study.suite.title} scores it in {len(languages)} languages.")
        elif missing := [code for code in languages if code not in study.languages(name, SPLIT)]:
            codes = ", ".join(missing)
            sentences.append(
                f"{name}: the study lacks {len(missing)} of {study.suite.title}'s {len(languages)} languages: {codes}."
            )
    return [*sentences, study.warning] if study.warning else sentences
