"""Figures of question 1: scores and gains against typological distance to English."""

from __future__ import annotations

from typing import cast

import altair as alt
import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.languages import before_and_after, distance_note, family_marks, ordered_languages
from xstilts.report.plots.placing import labels_beside
from xstilts.report.plots.style import GREY, SMALL, View, annotated_figure, grid, haloed, padded_domain, panel_title
from xstilts.scores.gains import targets_of
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed, with_minus

LEAST_FOR_A_LINE = 10  # languages; with fewer, a correlation or a line is misleading
_PANEL, _COLUMNS = (212.0, 160.0), 3
_LARGE = (560.0, 320.0)
_LINE_NOTE = f"Line: least squares, with at least {LEAST_FOR_A_LINE} languages; no test."


def distance_scores_figure(
    cells: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View
) -> Figure | AbsentFigure:
    """Plot the baseline's score in each language against the language's distance, a panel per target."""
    data = _by_target(cells, languages, study, view).rename(columns={"before": "value"})
    return _panels(
        data.drop(columns=["gain", "after", "arms"]),
        ordered_languages(study, languages),
        study,
        view,
        "q1_scores",
        "Zero-shot score without intermediate training by distance to English",
        "points",
        ["English is in no line."],
    )


def distance_gains_figure(
    cells: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View
) -> Figure | AbsentFigure:
    """Plot the mean gain over intermediate arms against the language's distance, a panel per target."""
    data = _by_target(cells, languages, study, view).rename(columns={"gain": "value"})
    return _panels(
        data.drop(columns=["before", "after"]),
        ordered_languages(study, languages),
        study,
        view,
        "q1_gains",
        "Gain by distance to English",
        "points gained",
        ["Mean over the intermediate arms.", "English is in no line."],
        zero=True,
    )


def partial_residuals_figure(answer: Answer | None, languages: pd.DataFrame, study: Study) -> Figure | AbsentFigure:
    """Plot question 1's gains, net of all other terms of its model, against distance."""
    name = "q1_partial"
    data = answer.data.get("scatter", pd.DataFrame()) if answer else pd.DataFrame()
    if not {"language", "distance", "partial_residual"} <= set(data.columns):
        return AbsentFigure(name, "Question 1 has no partial residuals: its model could not be fitted.")
    points = data[data["language"] != ENGLISH].dropna(subset=["distance", "partial_residual"])
    if points["language"].nunique() < 3:
        return AbsentFigure(name, "Question 1 has partial residuals in fewer than three languages.")
    known = ordered_languages(study, languages)
    means = points.groupby("language")[["distance", "partial_residual"]].mean()
    means = means.rename(columns={"partial_residual": "value"}).reset_index()
    means["cells"] = means["language"].map(points.groupby("language").size())
    means = means[means["language"].isin(known.index)].merge(
        known[["name", "family_group"]], left_on="language", right_index=True
    )
    line = answer.data.get("line", pd.DataFrame()) if answer else pd.DataFrame()
    fitted = line.rename(columns={"partial_residual": "value"}) if "partial_residual" in line else None
    if len(means) < LEAST_FOR_A_LINE:
        sentence = f"Net of the other terms, gains are {_halves(means.assign(target='all'))}."
    else:
        sentence = (
            f"Net of the other terms, the rank correlation of a language's gain with its distance is "
            f"{_rho_text(_spearman(means))} over {counted(len(means), 'language')}."
        )
    return annotated_figure(
        study,
        name,
        "Gain by distance to English, net of all other terms of the model",
        sentence,
        f"Scatter plot of {counted(len(means), 'language')}: partial residual of the gain against distance to English.",
        _panel(means, known, _LARGE, (_axis(study), "partial residual, points"), None, zero=True, fitted=fitted),
        points,
        [f"Means over {counted(len(points), 'cell')}. Line: the slope of question 1's model.", distance_note(known)],
        width=_LARGE[0] + 180,
    )


def _by_target(cells: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View) -> pd.DataFrame:
    known = ordered_languages(study, languages)
    data = before_and_after(cells, study, view)
    return data.merge(known[["name", "family", "family_group", "distance"]], left_on="language", right_index=True)


def _panels(
    data: pd.DataFrame,
    known: pd.DataFrame,
    study: Study,
    view: View,
    name: str,
    title: str,
    unit: str,
    notes: list[str],
    zero: bool = False,
) -> Figure | AbsentFigure:
    name += view.suffix
    data = data.dropna(subset=["value", "distance"])
    others = data[data["language"] != ENGLISH]
    shown = [target for target in targets_of(study) if others.loc[others["target"] == target, "distance"].nunique() > 1]
    if not shown:
        return AbsentFigure(name, "No target is scored in two languages that differ in their distance to English.")
    panels = []
    for target in shown:
        of_target = data[data["target"] == target]
        count = of_target.loc[of_target["language"] != ENGLISH, "language"].nunique()
        panels.append(
            _panel(
                of_target,
                known,
                _PANEL,
                (_axis(study), unit),
                f"{study.title_of(target)} ({counted(count, 'language')})",
                zero,
            )
        )
    drawn = data[data["target"].isin(shown)]
    return annotated_figure(
        study,
        name,
        f"{title}, {view.place}",
        _sentence(drawn, study, shown, "Gains" if zero else "Scores"),
        f"Scatter plots of {counted(len(shown), 'target')}: {unit} of every language against its {_axis(study)}.",
        grid(panels, _COLUMNS).resolve_scale(color="shared", shape="shared"),
        drawn.assign(model=view.model, split=view.split).drop(columns="family_group"),
        [*notes, _LINE_NOTE, "Codes: the languages furthest from the line (or the mean).", distance_note(known)],
        width=_COLUMNS * (_PANEL[0] + 60) + 120,
    )


def _panel(
    data: pd.DataFrame,
    known: pd.DataFrame,
    size: tuple[float, float],
    axes: tuple[str, str],
    title: str | None,
    zero: bool,
    fitted: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Plot points with a line: ``fitted`` (distance, value) if given, else the least-squares line."""
    x_domain, y_domain = [-0.02, float(data["distance"].max()) + 0.04], padded_domain(data["value"], zero=zero)
    x = alt.X("distance:Q", title=axes[0]).scale(domain=x_domain, nice=False)
    y = alt.Y("value:Q", title=axes[1]).scale(domain=y_domain, nice=False)
    colour, shape = family_marks(known)
    fit = _line(data[data["language"] != ENGLISH]) if fitted is None else fitted
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=38, stroke="#333", strokeWidth=0.5, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=shape,
            tooltip=[
                alt.Tooltip("name:N"),
                alt.Tooltip("language:N"),
                alt.Tooltip("family_group:N"),
                alt.Tooltip("distance:Q"),
                alt.Tooltip("value:Q"),
            ],
        )
    )
    predicted = np.interp(data["distance"], fit["distance"], fit["value"]) if len(fit) else data["value"].mean()
    order = (data["value"] - predicted).abs().sort_values(ascending=False).index
    ranked = data.loc[order].rename(columns={"distance": "x", "value": "y"}).assign(label=data["language"])
    labels = labels_beside(ranked[["x", "y", "label"]], size, x_domain, y_domain, SMALL)
    text = alt.Chart(labels).encode(
        x=alt.X("at_x:Q", title=axes[0]).scale(domain=x_domain, nice=False),
        y=alt.Y("at_y:Q", title=axes[1]).scale(domain=y_domain, nice=False),
        text=alt.Text("label:N"),
    )
    line = alt.Chart(fit).mark_line(color=GREY, strokeWidth=1.5).encode(x=x, y=y)
    zero_line = [
        alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color="#999", strokeDash=[3, 3]).encode(y=y)
    ] * zero
    layers = cast(alt.LayerChart, alt.layer(*zero_line, line, *haloed(text), points))
    return layers.properties(width=size[0], height=size[1], **({"title": panel_title(title)} if title else {}))


def _line(data: pd.DataFrame) -> pd.DataFrame:
    """Return the ends of the least-squares line over the range of the data; none if distances are few or equal."""
    if len(data) < LEAST_FOR_A_LINE or data["distance"].nunique() < 2:
        return pd.DataFrame({"distance": pd.Series(dtype=float), "value": pd.Series(dtype=float)})
    slope, start = np.polyfit(data["distance"], data["value"], 1)
    ends = np.array([data["distance"].min(), data["distance"].max()], dtype=float)
    return pd.DataFrame({"distance": ends, "value": start + slope * ends})


def _spearman(data: pd.DataFrame) -> float:
    """Return the rank correlation of value with distance; NaN if it is undefined."""
    if len(data) < 3 or data["distance"].nunique() < 2 or data["value"].nunique() < 2:
        return float("nan")
    return float(stats.spearmanr(data["distance"], data["value"]).statistic)


def _halves(data: pd.DataFrame) -> str:
    """Return the means of the nearer and the further half of each target's languages, in words."""
    near = data["distance"] <= data.groupby("target")["distance"].transform("median")
    means = [with_minus(f"{data[half].groupby('target')['value'].mean().mean():.1f}") for half in (near, ~near)]
    return f"{means[0]} points in the nearer half of the languages and {means[1]} in the further half"


def _axis(study: Study) -> str:
    kind = "planted" if study.source.kind == "synthetic" else "syntactic"
    return f"{kind} distance to English"


def _rho_text(rho: float) -> str:
    return "undefined" if np.isnan(rho) else signed(rho)


def _sentence(data: pd.DataFrame, study: Study, shown: list[str], noun: str) -> str:
    """Report rank correlations if there are enough languages, else the nearer and the further half of them."""
    others = data[data["language"] != ENGLISH]
    sizes = others.groupby("target")["language"].nunique()
    large = [target for target in shown if sizes[target] >= LEAST_FOR_A_LINE]
    rhos = {target: _spearman(others[others["target"] == target]) for target in large}
    known = {target: rho for target, rho in rhos.items() if not np.isnan(rho)}
    if not known:
        return f"Averaged over {counted(len(shown), 'target')}, {noun.lower()} are {_halves(others)}."
    down = sum(rho < 0 for rho in known.values())
    low, high = min(known, key=lambda t: known[t]), max(known, key=lambda t: known[t])
    return (
        f"{noun} fall with distance in {down} of {counted(len(known), 'target')} with at least {LEAST_FOR_A_LINE} "
        f"languages; the rank correlation ranges from {_rho_text(known[low])} "
        f"({study.title_of(low)}) to {_rho_text(known[high])} ({study.title_of(high)})."
    )
