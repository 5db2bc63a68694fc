"""Forest plots of slopes by part of the study, and of estimates under other specifications."""

from __future__ import annotations

import math
import textwrap

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.forest import ABOVE, BELOW, SIGNS_NOTE, forest, signs
from xstilts.report.plots.style import annotated_figure, grid, padded_domain
from xstilts.wording import counted, signed

_ESTIMATE = ["name", "value", "low", "high", "unit"]
_OF_SCORES = "zero-shot score"  # begins the names of slopes of scores, which differ in size from slopes of gains
_WIDTH, _HALF = 420.0, 300.0
_NAME = 60  # characters of a row's label


def robustness_figure(answer: Answer, study: Study) -> Figure | AbsentFigure:
    """Plot a question's declared estimate and those of its other specifications, by size; a panel per unit."""
    name = f"{answer.question}_robustness"
    if answer.primary is None:
        return AbsentFigure(name, f"{_question(answer)} has no estimate to compare other specifications with.")
    others = _estimates(answer.robustness)
    if others.empty:
        return AbsentFigure(name, f"{_question(answer)} has one specification only.")
    declared = pd.DataFrame([{column: getattr(answer.primary, column) for column in _ESTIMATE}])
    rows = pd.concat([declared.assign(declared=True), others.assign(declared=False)], ignore_index=True)
    rows["row"] = [
        _short(f"declared: {name}" if mine else name) for name, mine in zip(rows["name"], rows["declared"], strict=True)
    ]
    rows = rows.drop_duplicates(["unit", "row"]).sort_values("value", ascending=False)
    units = [answer.primary.unit, *(unit for unit in rows["unit"].unique() if unit != answer.primary.unit)]
    panels = [_panel(rows[rows["unit"] == unit], unit) for unit in units]
    same = int((others["value"] * answer.primary.value > 0).sum())
    different = int((signs(others) != signs(declared).iloc[0]).sum())
    return annotated_figure(
        study,
        name,
        f"{_question(answer)}: the estimate by other specifications",
        f"The declared estimate's sign holds in {same} of {counted(len(others), 'other specification')}; in "
        f"{different}, the interval differs in whether, or on which side, it excludes 0.",
        f"Forest plot of {counted(len(rows), 'specification')}.",
        grid(panels, 1),
        rows.drop(columns="row"),
        [SIGNS_NOTE, f"Declared: {answer.primary.n}." if answer.primary.n else ""],
        width=_WIDTH + 260,
    )


def leave_one_out_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot question 1's estimate with one family left out at a time (the answer's frame ``leave_one_out``)."""
    name = "q1_families"
    table = _estimates(answer.data.get("leave_one_out", pd.DataFrame())) if answer else pd.DataFrame()
    if answer is None or answer.primary is None or table.empty:
        return AbsentFigure(name, "Question 1 has no estimates with families left out.")
    whole = {column: getattr(answer.primary, column) for column in _ESTIMATE} | {"name": "all families"}
    rows = pd.concat([pd.DataFrame([whole]), table.sort_values("value")], ignore_index=True)
    rows["row"] = rows["name"].map(_short)
    same = int((table["value"] * answer.primary.value > 0).sum())
    most = table.loc[[(table["value"] - answer.primary.value).abs().idxmax()]].to_dict("records")[0]
    return annotated_figure(
        study,
        name,
        "Question 1 with one language family left out at a time",
        f"The estimate keeps its sign in {same} of {counted(len(table), 'case')}; it changes most {most['name']}, from "
        f"{signed(answer.primary.value)} to {signed(most['value'])} {answer.primary.unit}.",
        f"Forest plot of all families and of {counted(len(table), 'family', 'families')} left out.",
        _panel(rows, answer.primary.unit),
        rows.drop(columns="row"),
        [SIGNS_NOTE, f"All families: {answer.primary.n}." if answer.primary.n else ""],
        width=_WIDTH + 200,
    )


def slopes_by_part_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot question 1's slope by group of targets, arm and kind of distance (the answer's frame ``forest``)."""
    name = "q1_slopes"
    table = _estimates(answer.data.get("forest", pd.DataFrame())) if answer else pd.DataFrame()
    if not table.empty:
        table = table[~table["name"].str.startswith(_OF_SCORES)].drop_duplicates("name")
    if len(table) < 2:
        return AbsentFigure(name, "Question 1 has no slopes by group of targets or by arm.")
    rows = table.assign(row=table["name"].map(_short))
    sign = signs(rows).value_counts()
    return annotated_figure(
        study,
        name,
        "Slope of the gain on distance by targets, arm and kind of distance",
        f"Of {counted(len(rows), 'slope')}, the whole interval of {sign.get(BELOW, 0)} lies below 0 and that of "
        f"{sign.get(ABOVE, 0)} above.",
        f"Forest plot of {counted(len(rows), 'slope')}.",
        _panel(rows, str(rows["unit"].iloc[0])),
        rows.drop(columns="row"),
        [SIGNS_NOTE, "Exploratory: intervals are not corrected for their number."],
        width=_WIDTH + 200,
    )


def specifications_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot question 1's slope by distance, subset and scale (the answer's frame ``specifications``)."""
    name = "q1_specifications"
    frame = answer.data.get("specifications", pd.DataFrame()) if answer else pd.DataFrame()
    keys = ["distance", "scale", "subset"]
    wanted = {*_ESTIMATE, *keys} <= set(frame.columns)
    rows = frame.dropna(subset=["value", "low", "high"]).drop_duplicates(keys) if wanted else pd.DataFrame()
    if rows.empty:
        return AbsentFigure(name, "Question 1 was not estimated by other distances, scales and subsets.")
    rows = rows.assign(row=(rows["distance"] + "; " + rows["subset"]).map(_short))
    names = list(rows["row"].drop_duplicates())
    scales = list(rows["scale"].drop_duplicates())
    panels = [
        forest(part, names, _HALF, str(part["unit"].iloc[0]), _domain(part), f"gain in {scale}", labels=place == 0)
        for place, scale in enumerate(scales)
        for part in [rows[rows["scale"] == scale]]
    ]
    sign = signs(rows).value_counts()
    return annotated_figure(
        study,
        name,
        "Question 1 by distance, scale of the gain and subset",
        f"Of {counted(len(rows), 'specification')}, {(rows['value'] < 0).sum()} have a negative slope; the interval "
        f"lies below 0 in {sign.get(BELOW, 0)} and above 0 in {sign.get(ABOVE, 0)}.",
        f"Forest plots of {counted(len(names), 'pair')} of distance and subset on {counted(len(scales), 'scale')}.",
        grid(panels, len(panels), between=26),
        rows.drop(columns="row"),
        [SIGNS_NOTE],
        width=len(panels) * (_HALF + 26) + 300,
    )


def _estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame that are estimates with an interval; empty if it has other columns."""
    if not set(_ESTIMATE) <= set(frame.columns):
        return pd.DataFrame(columns=_ESTIMATE)
    return frame[_ESTIMATE].dropna(subset=["value", "low", "high"]).astype(dict.fromkeys(_ESTIMATE[1:4], "float64"))


def _panel(rows: pd.DataFrame, unit: str) -> alt.LayerChart:
    return forest(rows, list(rows["row"]), _WIDTH, unit, _domain(rows))


def _domain(rows: pd.DataFrame) -> list[float]:
    """Return a domain around all finite ends; intervals based on few clusters can be infinite."""
    ends = pd.concat([rows["low"], rows["high"], rows["value"]])
    return padded_domain(ends[ends.map(math.isfinite)], least=1e-3, zero=True)


def _question(answer: Answer) -> str:
    return f"Question {answer.question.removeprefix('q')}"


def _short(name: str) -> str:
    return textwrap.shorten(name, _NAME, placeholder=" …")
