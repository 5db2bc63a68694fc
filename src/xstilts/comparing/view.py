"""A comparison of two studies for people, and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from xstilts.comparing.scores import score_rows
from xstilts.comparing.sides import Difference, Side, of_code, of_config, of_data, same_runs
from xstilts.wording import counted, signed

_MOST = 40  # differences of a kind in the text
_LONG = 60  # characters of a value in the text


def as_json(one: Side, other: Side) -> dict[str, Any]:
    """Everything that differs, and all scores; null where there is no value."""
    same, shared = same_runs(one, other)
    rows = _scores(one, other)
    return {
        "studies": [one.title, other.title],
        "config": [difference._asdict() for difference in of_config(one.runs.study, other.runs.study)],
        "data": [difference._asdict() for difference in of_data(one.runs, other.runs)],
        "code": [difference._asdict() for difference in of_code(one, other)],
        "runs": {"same": same, "shared": shared},
        "scores": None if rows is None else [_plain(row) for row in rows.to_dict("records")],
        "notes": [side.note for side in (one, other) if side.note],
    }


def as_text(one: Side, other: Side) -> str:
    """The same, to be read on a terminal."""
    same, shared = same_runs(one, other)
    parts = [
        f"{one.title} and {other.title}",
        _differences("config", of_config(one.runs.study, other.runs.study)),
        _differences("data", of_data(one.runs, other.runs)),
        _differences("code, software and hardware", of_code(one, other)),
        f"Of {counted(shared, 'job')} that both have done, {same:,} {'is' if same == 1 else 'are'} the same run.",
        *(side.note for side in (one, other) if side.note),
    ]
    if (rows := _scores(one, other)) is not None:
        parts.append(_table(rows, one, other))
    return "\n\n".join(parts)


def _scores(one: Side, other: Side) -> pd.DataFrame | None:
    return None if one.scores is None or other.scores is None else score_rows(one, other)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}


def _differences(what: str, found: Sequence[Difference]) -> str:
    if not found:
        return f"No difference in {what}."
    lines = [f"  {key}: {_value(one)} -> {_value(other)}" for key, one, other in found[:_MOST]]
    more = [f"  … and {len(found) - _MOST:,} more; --format json has all"] if len(found) > _MOST else []
    return "\n".join([f"Differences in {what}:", *lines, *more])


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _table(rows: pd.DataFrame, one: Side, other: Side) -> str:
    """A line per arm and target; models and splits are named where there are several."""
    if rows.empty:
        return "No arm and target is in both studies."
    places = [name for name in ("model", "split") if rows[name].nunique() > 1] + ["arm", "target"]
    head = [*places, one.title, other.title, "difference", "95 % interval", "languages", "seeds", ""]
    lines = [
        [
            *(str(row[name]) for name in places),
            f"{row['one']:.1f}",
            f"{row['other']:.1f}",
            signed(row["difference"], 1),
            "–" if math.isnan(row["low"]) else f"{signed(row['low'], 1)} to {signed(row['high'], 1)}",
            str(row["languages"]),
            str(row["seeds"]),
            str(row["note"]),
        ]
        for row in rows.to_dict("records")
    ]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at < len(places) or at == len(head) - 1 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    title = f"Mean scores over languages, and {other.title} less {one.title}, in points:"
    return "\n".join([title, "", line(head), *map(line, lines)])
