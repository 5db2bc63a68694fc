"""Which files a submission to XTREME consists of, and which of them a study can fill.

A submission is a folder with one folder per task and in it one file per language, ``test-{language}``: JSON for
question answering, else TSV (README and ``evaluate.py`` of XTREME, Hu et al. 2020). What stands in a file:
:mod:`xstilts.submission.lines`.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from xstilts.config.study import Study
from xstilts.data import examples
from xstilts.errors import DataError, UserError
from xstilts.graph.runs import Runs
from xstilts.scores.gains import targets_of
from xstilts.tasks.registry import TARGET_TASKS
from xstilts.tasks.task import Task

SPLIT = "test"  # the only one that XTREME scores


def folder_name(study: Study, model: str, name: str) -> str:
    """What the submission of an arm (or 'best') is called: names have no dots, so none can be taken for another."""
    return name if len(study.models) == 1 else f"{model}.{name}"


def file_name(task: Task, language: str) -> str:
    return f"test-{language}.{'json' if task.type == 'span_qa' else 'tsv'}"


def submitted(study: Study) -> list[str]:
    """The targets whose test split the study predicts, in the catalogue's order.

    Raises:
        UserError: there are none.
    """
    found = [target for target in targets_of(study) if SPLIT in study.splits_of(target)]
    if not found:
        raise UserError("A submission consists of predictions for test splits; add 'test' to the study's splits.")
    return found


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name; hidden files are other programs' own.

    Raises:
        UserError: there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder. A submission is a folder with one folder per task.")
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def canonical(runs: Runs, task: Task, language: str) -> pa.Table:
    """The test examples that a file has predictions for.

    Raises:
        DataError: the study's data has not been prepared.
    """
    path = runs.paths.examples(task.name, SPLIT, language)
    if not path.is_file():
        raise DataError(
            path, f"no such file; it holds {task.title}'s test examples.", remedy="snakemake prepares the study's data."
        )
    return examples.read(path)


def gaps(study: Study) -> list[str]:
    """What a complete submission has and the study does not: one sentence for each task, then the study's warning."""
    found = []
    for name in TARGET_TASKS:
        languages = study.task(name).languages
        if name not in submitted(study):
            found.append(f"{name}: not in the study; XTREME scores it in {len(languages)} languages.")
        elif missing := [code for code in languages if code not in study.languages(name, SPLIT)]:
            listed = ", ".join(missing)
            found.append(f"{name}: the study lacks {len(missing)} of XTREME's {len(languages)} languages: {listed}.")
    return [*found, study.warning] if study.warning else found
