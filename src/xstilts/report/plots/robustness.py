"""Slopes by part of the study, and how much an answer hangs on the way it was come by."""

from __future__ import annotations

import math
import textwrap

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import Absent, Figure
from xstilts.report.plots.forest import SIGNS_NOTE, forest, signs
from xstilts.report.plots.style import finished, grid, padded
from xstilts.wording import counted

_ESTIMATE = ["name", "value", "low", "high", "unit"]
_OF_SCORES = "zero-shot score"  # begins the name of a slope of scores, which is of another size than slopes of gains
_WIDTH, _HALF = 420.0, 300.0
_NAME = 60  # characters of a row's name


def robustness_figure(answer: Answer, study: Study) -> Figure | Absent:
    """A question's declared estimate and those of its other specifications, by size; one panel per unit."""
    name = f"{answer.question}_robustness"
    if answer.primary is None:
        return Absent(name, f"{_question(answer)} has no estimate to compare other specifications with.")
    others = _estimates(answer.robustness)
    if others.empty:
        return Absent(name, f"{_question(answer)} has one specification only.")
    declared = pd.DataFrame([{column: getattr(answer.primary, column) for column in _ESTIMATE}])
    rows = pd.concat([declared.assign(declared=True), others.assign(declared=False)], ignore_index=True)
    rows["row"] = [
        _short(f"declared: {name}" if mine else name) for name, mine in zip(rows["name"], rows["declared"], strict=True)
    ]
    rows = rows.drop_duplicates(["unit", "row"]).sort_values("value", ascending=False)
    units = [answer.primary.unit, *(unit for unit in rows["unit"].unique() if unit != answer.primary.unit)]
    panels = [_panel(rows[rows["unit"] == unit], unit) for unit in units]
    same = int((others["value"] * answer.primary.value > 0).sum())
    told = int((signs(others) != signs(declared).iloc[0]).sum())
    return finished(
        study,
        name,
        f"{_question(answer)}: the estimate by other specifications",
        f"The declared estimate's sign holds in {same} of {counted(len(others), 'other specification')}; {told} would "
        "conclude otherwise from whether, and on which side, the interval excludes 0.",
        f"Forest plot of {counted(len(rows), 'specification')}.",
        grid(panels, 1),
        rows.drop(columns="row"),
        [SIGNS_NOTE, f"Declared: {answer.primary.n}." if answer.primary.n else ""],
        width=_WIDTH + 260,
    )


def leave_one_out_figure(answer: Answer | None, study: Study) -> Figure | Absent:
    """Question 1's estimate with one family of languages left out at a time (its frame ``leave_one_out``)."""
    name = "q1_families"
    table = _estimates(answer.data.get("leave_one_out", pd.DataFrame())) if answer else pd.DataFrame()
    if answer is None or answer.primary is None or table.empty:
        return Absent(name, "Question 1 has no estimates with families left out.")
    whole = {column: getattr(answer.primary, column) for column in _ESTIMATE} | {"name": "all families"}
    rows = pd.concat([pd.DataFrame([whole]), table.sort_values("value")], ignore_index=True)
    rows["row"] = rows["name"].map(_short)
    same = int((table["value"] * answer.primary.value > 0).sum())
    most = table.loc[[(table["value"] - answer.primary.value).abs().idxmax()]].to_dict("records")[0]
    return finished(
        study,
        name,
        "Question 1 with one language family left out at a time",
        f"The estimate keeps its sign in {same} of {counted(len(table), 'case')}; it changes most {most['name']}, from "
        f"{_number(answer.primary.value)} to {_number(most['value'])} {answer.primary.unit}.",
        f"Forest plot of all families and of {counted(len(table), 'family', 'families')} left out.",
        _panel(rows, answer.primary.unit),
        rows.drop(columns="row"),
        [SIGNS_NOTE, f"All families: {answer.primary.n}." if answer.primary.n else ""],
        width=_WIDTH + 200,
    )


def slopes_by_part_figure(answer: Answer | None, study: Study) -> Figure | Absent:
    """Question 1's slope by group of targets, by arm and by kind of distance (its frame ``forest``)."""
    name = "q1_slopes"
    table = _estimates(answer.data.get("forest", pd.DataFrame())) if answer else pd.DataFrame()
    if not table.empty:
        table = table[~table["name"].str.startswith(_OF_SCORES)].drop_duplicates("name")
    if len(table) < 2:
        return Absent(name, "Question 1 has no slopes by group of targets or by arm.")
    rows = table.assign(row=table["name"].map(_short))
    sign = signs(rows).value_counts()
    return finished(
        study,
        name,
        "Slope of the gain on distance by targets, arm and kind of distance",
        f"Of {counted(len(rows), 'slope')}, {sign.get('below 0', 0)} lie below 0 with their whole interval and "
        f"{sign.get('above 0', 0)} above.",
        f"Forest plot of {counted(len(rows), 'slope')}.",
        _panel(rows, str(rows["unit"].iloc[0])),
        rows.drop(columns="row"),
        [SIGNS_NOTE, "Exploratory: intervals are not corrected for how many they are."],
        width=_WIDTH + 200,
    )


def specifications_figure(answer: Answer | None, study: Study) -> Figure | Absent:
    """Question 1's slope by distance, subset and scale of the gain (its frame ``specifications``)."""
    name = "q1_specifications"
    frame = answer.data.get("specifications", pd.DataFrame()) if answer else pd.DataFrame()
    keys = ["distance", "scale", "subset"]
    wanted = {*_ESTIMATE, *keys} <= set(frame.columns)
    rows = frame.dropna(subset=["value", "low", "high"]).drop_duplicates(keys) if wanted else pd.DataFrame()
    if rows.empty:
        return Absent(name, "Question 1 was not estimated by other distances, scales and subsets.")
    rows = rows.assign(row=(rows["distance"] + "; " + rows["subset"]).map(_short))
    names = list(rows["row"].drop_duplicates())
    scales = list(rows["scale"].drop_duplicates())
    panels = [
        forest(part, names, _HALF, str(part["unit"].iloc[0]), _domain(part), f"gain in {scale}", labels=place == 0)
        for place, scale in enumerate(scales)
        for part in [rows[rows["scale"] == scale]]
    ]
    sign = signs(rows).value_counts()
    return finished(
        study,
        name,
        "Question 1 by distance, scale of the gain and subset",
        f"Of {counted(len(rows), 'specification')}, {(rows['value'] < 0).sum()} have a negative slope; the interval "
        f"lies below 0 in {sign.get('below 0', 0)} and above 0 in {sign.get('above 0', 0)}.",
        f"Forest plots of {counted(len(names), 'pair')} of distance and subset on {counted(len(scales), 'scale')}.",
        grid(panels, len(panels), between=26),
        rows.drop(columns="row"),
        [SIGNS_NOTE],
        width=len(panels) * (_HALF + 26) + 300,
    )


def _estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame that are estimates with an interval, or none."""
    if not set(_ESTIMATE) <= set(frame.columns):
        return pd.DataFrame(columns=_ESTIMATE)
    return frame[_ESTIMATE].dropna(subset=["value", "low", "high"]).astype(dict.fromkeys(_ESTIMATE[1:4], "float64"))


def _panel(rows: pd.DataFrame, unit: str) -> alt.LayerChart:
    return forest(rows, list(rows["row"]), _WIDTH, unit, _domain(rows))


def _domain(rows: pd.DataFrame) -> list[float]:
    """Around all intervals that end somewhere; those of few clusters can be endless."""
    ends = pd.concat([rows["low"], rows["high"], rows["value"]])
    return padded(ends[ends.map(math.isfinite)], least=1e-3, zero=True)


def _question(answer: Answer) -> str:
    return f"Question {answer.question.removeprefix('q')}"


def _short(name: str) -> str:
    return textwrap.shorten(name, _NAME, placeholder=" …")


def _number(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
