"""Answers as files: one JSON file per question, and each frame behind its figures as CSV."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.atomic import write_json, write_text
from xstilts.errors import DataError

_FRAMES = "secondary", "robustness"


def write_answer(answer: Answer, folder: Path) -> None:
    """Write ``{question}.json``, and ``{question}_{name}.csv`` for each frame that has rows."""
    frames = {**{name: getattr(answer, name) for name in _FRAMES}, **answer.data}
    for name, frame in frames.items():
        if not frame.empty:
            write_text(folder / f"{answer.question}_{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    values = {item.name: getattr(answer, item.name) for item in fields(answer)}
    values |= {name: _as_columns(frame) for name, frame in frames.items() if name in _FRAMES}
    values["data"] = {name: _as_columns(frame) for name, frame in answer.data.items()}
    for name, part in (("primary", answer.primary), ("evidence", answer.evidence)):
        values[name] = part and {key: _json_value(value) for key, value in asdict(part).items()}
    write_json(folder / f"{answer.question}.json", values)


def read_answers(folder: Path) -> list[Answer]:
    """Read all answers in a folder, in the order of the questions; none if there is no such folder.

    Raises:
        DataError: A file was not written by :func:`write_answer`.
    """
    return [_read(path) for path in sorted(folder.glob("q*.json"))]


def _read(path: Path) -> Answer:
    try:
        values = json.loads(path.read_bytes())
        values |= {name: _frame(values[name]) for name in _FRAMES}
        values["data"] = {name: _frame(columns) for name, columns in values["data"].items()}
        values["primary"] = values["primary"] and Estimate(**values["primary"])
        values["evidence"] = values["evidence"] and Evidence(**values["evidence"])
        return Answer(**{**values, "cannot": tuple(values["cannot"]), "notes": tuple(values["notes"])})
    except (ValueError, KeyError, TypeError) as error:
        remedy = "Delete the file and let snakemake make it again."
        raise DataError(path, f"is not the answer to a question ({error}).", remedy=remedy) from None


def _as_columns(frame: pd.DataFrame) -> list[list[Any]]:
    """[name, values] of each column: a JSON object would not keep their order."""
    return [[str(name), [_json_value(value) for value in frame[name].tolist()]] for name in frame]


def _frame(columns: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(dict(columns))


def _json_value(value: Any) -> Any:
    """The value, or None for NaN and infinity, which JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
