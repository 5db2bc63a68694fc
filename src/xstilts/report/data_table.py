"""The data table: each task's role, task type, source, licence and numbers of examples."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import Study
from xstilts.graph.runs import Runs
from xstilts.report.typeset import TableBlock, TablePage, TableRow
from xstilts.scores.gains import targets_of
from xstilts.scores.labels import MISSING
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT

#: One row per task. ``languages`` are the codes it is scored in, separated by spaces. Numbers of examples: ``train``
#: and ``dev_english`` for training and model selection; ``dev`` and ``test`` summed over the ``dev_languages`` and
#: ``test_languages`` languages with a file; ``test_least`` and ``test_most`` of a single language. Empty if the study
#: has no such file, or if the task's manifest is missing (``prepared`` is false). ``left_out``: of translated training
#: data, the English examples that could not be translated.
COLUMNS = [
    "task", "title", "role", "format", "source", "licence", "languages", "prepared", "train", "dev_english", "dev",
    "dev_languages", "test", "test_languages", "test_least", "test_most", "left_out",
]  # fmt: skip

_COUNTS = COLUMNS[COLUMNS.index("train") :]
_HEADER = [
    "task", "used as", "type", "from", "licence",
    "train", "dev, English", "dev, all", "languages", "test, all", "test, per language",
]  # fmt: skip
_SYNTHETIC_LICENCE = "that of this software"


def data_rows(manifests: Mapping[str, Mapping[str, Any]], study: Study) -> pd.DataFrame:
    """Collect the rows of the data table.

    Args:
        manifests: By task, the manifest of its canonical files; tasks without one are not prepared.
        study: The study.

    Returns:
        A frame with the columns :data:`COLUMNS`.
    """
    text = Runs(study).texts()
    rows = []
    for task in (*study.tasks(), *study.translations, *text):
        sizes = _sizes(manifests.get(task, {}))
        row = {
            "task": task,
            "title": study.title_of(task),
            "role": ", ".join(roles_of(task, study)),
            "format": study.task(task).type.replace("_", " "),
            "source": source_of(task, study, with_revision=True),
            "licence": licence_of(task, study),
            "languages": " ".join(_languages(task, study)),
            "prepared": bool(sizes),
        }
        rows.append(row | _counts(sizes) | {"left_out": _left_out(manifests.get(task, {}))})
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(_COUNTS, "Int64"))


def data_page(rows: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the rows of :func:`data_rows` in one block."""
    lines: list[TableRow] = []
    for row in rows.to_dict("records"):
        texts = [row["title"], row["role"], row["format"], source_of(row["task"], study), row["licence"]]
        absent = "" if row["prepared"] else MISSING
        train, dev_english, dev, test = (_text(row[name], absent) for name in ("train", "dev_english", "dev", "test"))
        count = str(len(row["languages"].split()) or "")
        lines.append([*texts, train, dev_english, dev, count, test, _range(row["test_least"], row["test_most"])])
    notes = [
        "Numbers of examples that the study uses; an example is a sentence pair, a question, or a sentence. Training "
        "data is English where nothing else is said. 'Dev, all' and 'test, all' are sums over languages. Blank: the "
        "study needs no such data.",
    ]
    for row in rows[rows["left_out"] > 0].to_dict("records"):
        notes.append(
            f"{row['title']}: {row['left_out']:,} of {row['left_out'] + row['train']:,} English examples are left out, "
            "as they could not be translated; the manifest of the data says why."
        )
    if not rows["prepared"].all():
        notes.append(f"{MISSING}: the data has not been prepared, or its manifest is missing.")
    blocks = [TableBlock("tasks and their data", f"{study.study}-data", _HEADER, lines, texts=5)]
    return TablePage(f"Data, study {study.study}", study.warning, notes, blocks)


def _languages(task: str, study: Study) -> tuple[str, ...]:
    """Return the languages that a task is scored in; of what is trained on alone, its language; of text, none."""
    if task in study.translations:
        return (task.rpartition(".")[2],)
    if task in study.targets:
        return study.languages(task)
    return () if study.task(task).type == "masked_lm" else (ENGLISH,)


def roles_of(task: str, study: Study) -> list[str]:
    """Return what the study uses a task as; a task can have several roles."""
    roles: dict[str, Collection[str]] = {
        "intermediate task": study.intermediate_tasks(),
        "training set": study.training_sets(),
        "target": targets_of(study),
        "text for masked LM": (TEXT.name, *study.corpora),
        "translated training data": study.translations,
    }
    return [role for role, tasks in roles.items() if task in tasks]


def licence_of(task: str, study: Study) -> str:
    """Return the licence of a task's data."""
    generated = isinstance(study.source, SyntheticSource) and task not in study.corpora
    return _SYNTHETIC_LICENCE if generated else study.task(task).licence


def source_of(task: str, study: Study, with_revision: bool = False) -> str:
    """Return where a task's examples are from, in words."""
    if task in study.translations:
        code = task.rpartition(".")[2]
        return f"translated from English by {study.translation.path(code) if study.translation else ''}"
    if task in (*study.own_tasks, *study.corpora):
        return "the study's own files"
    if isinstance(study.source, SyntheticSource):
        return f"generated, seed {study.source.seed}"
    if not study.from_hub(task):
        return "files" if task == TEXT.name else "files of the release"
    parts = [
        f"{part.repository}@{part.revision}" if with_revision else part.repository for part in study.task(task).hub
    ]
    return f"Hugging Face Hub: {', '.join(dict.fromkeys(parts))}"


def _sizes(manifest: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Read the numbers of examples from a manifest, by split and language; unreadable entries are left out."""
    files = manifest.get("files")
    sizes = {}
    for name, file in files.items() if isinstance(files, Mapping) else ():
        split, _, language = str(name).partition(".")
        count = file.get("examples") if isinstance(file, Mapping) else None
        if isinstance(count, int):
            sizes[split, language] = count
    return sizes


def _counts(sizes: Mapping[tuple[str, str], int]) -> dict[str, int | None]:
    by_split = {
        split: [size for (of_split, _), size in sizes.items() if of_split == split]
        for split in ("train", "dev", "test")
    }
    return {
        "train": sum(by_split["train"]) if by_split["train"] else None,
        "dev_english": sizes.get(("dev", ENGLISH)),
        "dev": sum(by_split["dev"]) if by_split["dev"] else None,
        "dev_languages": len(by_split["dev"]) or None,
        "test": sum(by_split["test"]) if by_split["test"] else None,
        "test_languages": len(by_split["test"]) or None,
        "test_least": min(by_split["test"], default=None),
        "test_most": max(by_split["test"], default=None),
    }


def _left_out(manifest: Mapping[str, Any]) -> int | None:
    """Read how many examples a translation left out; None of data that is not translated."""
    translation = manifest.get("translation")
    return sum(translation["dropped"].values()) if isinstance(translation, Mapping) else None


def _text(count: Any, absent: str) -> str:
    return absent if pd.isna(count) else f"{count:,}"


def _range(least: Any, most: Any) -> str:
    if pd.isna(least):
        return ""
    return f"{least:,}" if least == most else f"{least:,}–{most:,}"
