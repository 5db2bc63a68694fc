"""The table of data: what each task is, where its examples are from, and how many of them the study uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import Study
from xstilts.graph.runs import Runs
from xstilts.report.typeset import Block, Page, Row
from xstilts.scores.gains import targets_of
from xstilts.scores.labels import MISSING
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT

#: One row per task. ``languages`` are the codes it is scored in, blanks between them. ``train`` and ``dev_english`` are
#: what is trained and chosen on; ``dev`` and ``test`` are sums over the languages with a file, whose numbers are
#: ``dev_languages`` and ``test_languages``; ``test_least`` and ``test_most`` are those of a single language. Empty
#: where the study has no such file, or its manifest is not there (``prepared`` is false).
COLUMNS = [
    "task", "title", "role", "format", "source", "licence", "languages", "prepared", "train", "dev_english", "dev",
    "dev_languages", "test", "test_languages", "test_least", "test_most",
]  # fmt: skip

_COUNTS = COLUMNS[COLUMNS.index("train") :]
_HEADER = [
    "task", "used as", "format", "from", "licence",
    "train", "dev, English", "dev, all", "languages", "test, all", "test, per language",
]  # fmt: skip
_SYNTHETIC_LICENCE = "that of this software"


def data_rows(manifests: Mapping[str, Mapping[str, Any]], study: Study) -> pd.DataFrame:
    """The data with the columns :data:`COLUMNS`; ``manifests`` say by task what is in its canonical files."""
    text = (TEXT.name,) if Runs(study).any_pretraining() else ()
    rows = []
    for task in (*study.tasks(), *text):
        licence = _SYNTHETIC_LICENCE if isinstance(study.source, SyntheticSource) else study.task(task).licence
        languages = study.languages(task) if task in study.targets else () if task in text else (ENGLISH,)
        sizes = _sizes(manifests.get(task, {}))
        row = {
            "task": task,
            "title": study.title_of(task),
            "role": ", ".join(_roles(task, study)),
            "format": study.task(task).type.replace("_", " "),
            "source": _source(task, study, with_revision=True),
            "licence": licence,
            "languages": " ".join(languages),
            "prepared": bool(sizes),
        }
        rows.append(row | _counts(sizes))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(_COUNTS, "Int64"))


def data_page(rows: pd.DataFrame, study: Study) -> Page:
    """The page of data rows, in one block."""
    lines: list[Row] = []
    for row in rows.to_dict("records"):
        words = [row["title"], row["role"], row["format"], _source(row["task"], study), row["licence"]]
        absent = "" if row["prepared"] else MISSING
        train, dev_english, dev, test = (_text(row[name], absent) for name in ("train", "dev_english", "dev", "test"))
        count = str(len(row["languages"].split()) or "")
        lines.append([*words, train, dev_english, dev, count, test, _range(row["test_least"], row["test_most"])])
    notes = [
        "Numbers of examples as the study uses them; of sentence pairs to retrieve, of questions, of sentences to tag. "
        "Training data is English. 'Dev, all' and 'test, all' are sums over languages. Blank: the study needs no such "
        "data.",
    ]
    if not rows["prepared"].all():
        notes.append(f"{MISSING}: the data has not been prepared, or its manifest is not at hand.")
    blocks = [Block("tasks and their data", f"{study.study}-data", _HEADER, lines, texts=5)]
    return Page(f"Data, study {study.study}", study.warning, notes, blocks)


def _roles(task: str, study: Study) -> list[str]:
    roles = {
        "intermediate task": study.intermediate_tasks(),
        "training set": study.training_sets(),
        "target": targets_of(study),
        "text for pretraining": (TEXT.name,),
    }
    return [role for role, tasks in roles.items() if task in tasks]


def _source(task: str, study: Study, with_revision: bool = False) -> str:
    if isinstance(study.source, SyntheticSource):
        return f"generated, seed {study.source.seed}"
    if not study.from_hub(task):
        return "files" if task == TEXT.name else "files of the release"
    parts = [
        f"{part.repository}@{part.revision}" if with_revision else part.repository for part in study.task(task).hub
    ]
    return f"Hugging Face Hub: {', '.join(dict.fromkeys(parts))}"


def _sizes(manifest: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Examples by split and language; nothing of what a manifest does not say."""
    files = manifest.get("files")
    found = {}
    for name, file in files.items() if isinstance(files, Mapping) else ():
        split, _, language = str(name).partition(".")
        count = file.get("examples") if isinstance(file, Mapping) else None
        if isinstance(count, int):
            found[split, language] = count
    return found


def _counts(sizes: Mapping[tuple[str, str], int]) -> dict[str, int | None]:
    of = {split: [size for (one, _), size in sizes.items() if one == split] for split in ("train", "dev", "test")}
    return {
        "train": sum(of["train"]) if of["train"] else None,
        "dev_english": sizes.get(("dev", ENGLISH)),
        "dev": sum(of["dev"]) if of["dev"] else None,
        "dev_languages": len(of["dev"]) or None,
        "test": sum(of["test"]) if of["test"] else None,
        "test_languages": len(of["test"]) or None,
        "test_least": min(of["test"], default=None),
        "test_most": max(of["test"], default=None),
    }


def _text(count: Any, absent: str) -> str:
    return absent if pd.isna(count) else f"{count:,}"


def _range(least: Any, most: Any) -> str:
    if pd.isna(least):
        return ""
    return f"{least:,}" if least == most else f"{least:,}–{most:,}"
