"""Tasks of a new study's own: declared from the files that are there, else as an example to be corrected."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from xstilts.config.own import OwnTask, own_name
from xstilts.errors import UserError, did_you_mean
from xstilts.tasks.registry import TASKS

TYPES: tuple[str, ...] = get_args(OwnTask.model_fields["type"].annotation)
_SUFFIXES = {
    "classification": ("tsv", "csv"),
    "tagging": ("conll", "txt"),
    "span_qa": ("json",),
    "multiple_choice": ("jsonl",),
    "retrieval": ("txt",),
}
_COLUMNS: dict[str, dict[str, str | int]] = {
    "classification": {"premise": "text", "label": "label"},
    "tagging": {"tokens": 0, "tags": 1},
    "multiple_choice": {"prompt": "prompt", "choices": "choices", "label": "label"},
}
_MOST_LABELS = 50


@dataclass(frozen=True)
class Declared:
    """An own task: its section of the study, and whether it was read off files."""

    section: dict[str, Any]
    found: bool

    @property
    def trains(self) -> bool:
        """Whether it can be an intermediate task."""
        return {"train", "dev"} <= set(self.section["files"])


def declared(name: str, kind: str, root: Path) -> Declared:
    """The declaration of a task whose files are, or will be, in the folder of its name below the data folder.

    Args:
        name: The task's name.
        kind: Its type.
        root: The study's data folder.

    Raises:
        UserError: The name or the type cannot be.
    """
    if kind not in TYPES:
        raise UserError(f"--tasks {name}: there is no task type '{kind}'. {did_you_mean(kind, TYPES)}")
    try:
        own_name(name)
    except ValueError as error:
        raise UserError(f"--tasks {name}: {error}.") from None
    suffix = next((end for end in _SUFFIXES[kind] if list((root / name).glob(f"*.{end}"))), _SUFFIXES[kind][0])
    languages = sorted(
        match[1]
        for path in (root / name).glob(f"test.*.{suffix}")
        if (match := re.fullmatch(r"test\.(\w+)", path.stem))
    )
    files: dict[str, Any] = {split: f"{name}/{split}.{suffix}" for split in ("train", "dev")}
    files["test"] = f"{name}/test.{{language}}.{suffix}"
    if kind == "retrieval":
        files = {"test": [f"{name}/test.{{language}}.txt", f"{name}/test.{{language}}.en.txt"]}
    train = root / name / f"train.{suffix}"
    columns, labels = dict(_COLUMNS.get(kind, {})), ["no", "yes"]
    if kind == "classification" and train.is_file():
        columns, labels = _read_off(train, "\t" if suffix == "tsv" else ",")
    section = {"type": kind, "files": files, "columns": columns, "labels": labels if kind == "classification" else []}
    section["languages"] = languages or (["de", "sw"] if kind == "retrieval" else ["en", "sw"])
    return Declared({key: value for key, value in section.items() if value}, train.is_file() or bool(languages))


def _read_off(path: Path, delimiter: str) -> tuple[dict[str, str | int], list[str]]:
    """The columns and labels of a table with a header: the label's is so called, or else the last one.

    Raises:
        UserError: The table has no two columns, or no few labels.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else 0))
    names = [name for name in (rows[0] if rows else {}) if name]
    label = next(
        (name for name in names if name.lower() in ("label", "class", "gold_label")), names[-1] if names else ""
    )
    texts = [name for name in names if name != label and name.lower() not in ("id", "guid", "idx")]
    labels = sorted({str(row[label]) for row in rows}) if label else []
    if not texts or not 2 <= len(labels) <= _MOST_LABELS:
        raise UserError(
            f"{path}: its first line must name the columns, of texts and of the label (called 'label', or the last "
            f"one), and its labels must be 2 to {_MOST_LABELS}; found columns {', '.join(names) or 'none'} and "
            f"{len(labels)} labels."
        )
    columns: dict[str, str | int] = {"premise": texts[0]}
    if len(texts) > 1:
        columns["hypothesis"] = texts[1]
    return {**columns, "label": label}, labels


def split_names(given: str) -> dict[str, str]:
    """What ``--tasks`` lists: by name, the type of own tasks, and nothing for built-in ones.

    Raises:
        UserError: A name is no built-in task's and has no type.
    """
    found = {}
    for part in filter(None, re.split(r"[,\s]+", given)):
        name, _, kind = part.partition(":")
        if not kind and name not in TASKS:
            raise UserError(
                f"--tasks: there is no built-in task '{name}'. {did_you_mean(name, TASKS)} For one of your own add its "
                f"type: {name}:classification, or another of {', '.join(TYPES)}."
            )
        found[name] = kind
    return found
