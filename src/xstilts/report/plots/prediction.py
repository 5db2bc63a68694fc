"""Figure of question 5: predicted and observed gains, and what each model explains."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.style import (
    BELOW_PANELS,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    YELLOW,
    annotated_figure,
    grid,
    padded_domain,
    panel_title,
)  # fmt: skip
from xstilts.scores.gains import groups_of
from xstilts.wording import counted, with_minus

_MODELS = {"M0": "M0: task and arm", "M1": "M1: M0 and language", "M2": "M2: M1 and similarity"}
_LEFT_OUT = {"language": "one language", "family": "one family", "arm": "one arm"}
_OWN = "other"  # of targets that are in none of the benchmark's groups
_GROUPS = {
    "sentence_pairs": (BLUE, "circle"),
    "classification": (BLUE, "circle"),
    "structured_prediction": (ORANGE, "square"),
    "question_answering": (GREEN, "triangle-up"),
    "retrieval": (PURPLE, "cross"),
    _OWN: (GREY, "diamond"),
}
_PANEL = (215.0, 215.0)


def prediction_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot each model's predictions for left-out languages, and R² for each kind of left-out data."""
    name = "q5_prediction"
    data = answer.data.get("predictions", pd.DataFrame()) if answer else pd.DataFrame()
    models = [model for model in _MODELS if model in data]
    if not {"left_out", "observed", "target"} <= set(data.columns) or not models:
        return AbsentFigure(name, "Question 5 made no predictions: there was too little to predict from.")
    points = data[data["left_out"] == "language"].dropna(subset=["observed", *models])
    if points.empty:
        return AbsentFigure(name, "Question 5 made no predictions with languages left out.")
    in_first = reversed(groups_of(study).items())  # a target of two groups counts as one of the first
    group_of = {target: group for group, targets in in_first for target in targets}
    points = points.assign(group=points["target"].map(group_of).fillna(_OWN))
    domain = padded_domain(pd.concat([points["observed"], *(points[model] for model in models)]))
    panels = [_panel(points, model, domain) for model in models]
    increments = answer.data.get("increments", pd.DataFrame()) if answer else pd.DataFrame()
    rows: list[alt.ConcatChart | alt.LayerChart] = [grid(panels, len(panels))]
    if {"left_out", "model", "r2"} <= set(increments.columns):
        rows.append(_bars(increments))
    return annotated_figure(
        study,
        name,
        "Gains predicted and observed in left-out languages",
        _sentence(points, increments, models),
        f"Scatter plots of {counted(len(models), 'model')}: observed against predicted gains; bars of their R².",
        alt.vconcat(*rows, spacing=34).resolve_scale(color="independent", shape="independent"),
        points.drop(columns="group"),
        [
            f"Points; {counted(len(points), 'cell')} (arm, target, language), "
            f"{counted(points['language'].nunique(), 'language')}.",
            "On the line, predictions equal observations.",
            "R² below 0: the mean gain predicts better.",
        ],
        width=len(panels) * (_PANEL[0] + 66) + 100,
    )


def _panel(points: pd.DataFrame, model: str, domain: list[float]) -> alt.LayerChart:
    scale = alt.Scale(domain=domain, nice=False)
    present = [group for group in _GROUPS if group in set(points["group"])]
    names = [group.replace("_", " ") for group in present]
    drawn = points.assign(predicted=points[model], kind=points["group"].str.replace("_", " "))
    columns = ["predicted", "observed", "kind", "arm", "target", "language"]
    marks = (
        alt.Chart(drawn[[column for column in columns if column in drawn]])
        .mark_point(size=14, opacity=0.45, filled=True)
        .encode(
            x=alt.X("predicted:Q", title="predicted, points", scale=scale),
            y=alt.Y("observed:Q", title="observed, points", scale=scale),
            color=alt.Color("kind:N", legend=BELOW_PANELS).scale(
                domain=names, range=[_GROUPS[group][0] for group in present]
            ),
            shape=alt.Shape("kind:N", legend=BELOW_PANELS).scale(
                domain=names, range=[_GROUPS[group][1] for group in present]
            ),
        )
    )
    line = (
        alt.Chart(pd.DataFrame({"v": domain}))
        .mark_line(color=GREY)
        .encode(x=alt.X("v:Q", scale=scale), y=alt.Y("v:Q", scale=scale))
    )
    layers = cast(alt.LayerChart, alt.layer(marks, line))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=panel_title(_MODELS[model]))


def _bars(increments: pd.DataFrame) -> alt.LayerChart:
    """Plot R² by model and kind of left-out data."""
    known = [left_out for left_out in _LEFT_OUT if left_out in set(increments["left_out"])]
    data = increments[increments["left_out"].isin(known)].dropna(subset=["r2"])
    data = data.assign(left=data["left_out"].map(_LEFT_OUT), name=data["model"].map(_MODELS))
    data["text"] = [with_minus(f"{r2:.2f}") for r2 in data["r2"]]
    names = [_MODELS[model] for model in _MODELS if model in set(data["model"])]
    colours = [YELLOW, SKY, BLUE][: len(names)]
    base = alt.Chart(data).encode(
        y=alt.Y("left:N", title="left out").scale(domain=[_LEFT_OUT[left_out] for left_out in known]),
        yOffset=alt.YOffset("name:N").scale(domain=names),
    )
    domain = padded_domain(data["r2"], share=0.12, least=0.1, zero=True)
    x = alt.X("r2:Q", title="out-of-sample R²").scale(domain=domain, nice=False)
    bars = base.mark_bar(stroke="#333", strokeWidth=0.5).encode(
        x=x,
        color=alt.Color("name:N", title="model").scale(domain=names, range=colours),
        tooltip=[alt.Tooltip("name:N"), alt.Tooltip("left:N"), alt.Tooltip("r2:Q")],
    )
    right = base.transform_filter("datum.r2 >= 0").mark_text(fontSize=SMALL, align="left", dx=4)
    left = base.transform_filter("datum.r2 < 0").mark_text(fontSize=SMALL, align="right", dx=-4)
    text = [side.encode(x=x, text=alt.Text("text:N")) for side in (left, right)]
    layers = cast(alt.LayerChart, alt.layer(bars, *text))
    return layers.properties(width=520, height=48 * len(known), title=panel_title("What each model explains"))


def _sentence(points: pd.DataFrame, increments: pd.DataFrame, models: list[str]) -> str:
    if {"left_out", "model", "r2"} <= set(increments.columns):
        of_languages = increments[increments["left_out"] == "language"].set_index("model")["r2"]
        parts = [with_minus(f"{of_languages[m]:.2f} ({m})") for m in models if m in of_languages]
        return f"Leaving out languages, R² is {', '.join(parts)} over {counted(len(points), 'cell')}."
    errors = [f"{(points['observed'] - points[m]).abs().mean():.1f} ({m})" for m in models]
    return f"Leaving out languages, predictions are off by {', '.join(errors)} points on average."
