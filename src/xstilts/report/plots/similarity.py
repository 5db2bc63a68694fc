"""Figure of question 3: similarity of data sets and gains."""

from __future__ import annotations

from typing import cast

import altair as alt
import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.heat import LEGEND, heat_map, range_of
from xstilts.report.plots.placing import labels_beside
from xstilts.report.plots.style import BLUE, GREY, ORANGE, SMALL, annotated_figure, haloed, padded_domain, panel_title
from xstilts.scores.gains import targets_of
from xstilts.scores.labels import MISSING, arm_label
from xstilts.wording import counted, signed

_CELL, _SCATTER = (62.0, 22.0), (560.0, 330.0)
_X = alt.Axis(orient="top", labelAngle=-40, labelLimit=0, domain=False, ticks=False)
_Y = alt.Axis(labelLimit=0, domain=False, ticks=False)


def similarity_figure(answer: Answer | None, study: Study, model: str) -> Figure | AbsentFigure:
    """Plot similarity and gain by arm and target one above the other; below, both double-centred in a scatter plot."""
    name = f"q3_similarity-{model}" if len(study.models) > 1 else "q3_similarity"
    data = answer.data.get("matrix", pd.DataFrame()) if answer else pd.DataFrame()
    if not {"arm", "target", "delta", "jsd"} <= set(data.columns):
        return AbsentFigure(name, "Question 3 has no matrix of similarities and gains.")
    if "model" in data:
        data = data[data["model"] == model]
    data = data[data["arm"].isin(study.arms) & data["target"].isin(study.targets)]
    if data["jsd"].isna().all():
        return AbsentFigure(name, "The similarity of the data sets was not measured.")
    if data["delta"].isna().all():
        return AbsentFigure(name, "No arm with a similarity has a gain beyond English.")
    centred = _centred(data)
    maps = alt.vconcat(_similarities(data, study), _gains(data, study), spacing=20).resolve_scale(
        color="independent", y="independent"
    )
    rows = [maps, _scatter(centred, study)] if len(centred) else [maps]
    return annotated_figure(
        study,
        name,
        f"Similarity of data sets and gains, {model}",
        _sentence(centred),
        f"Two heat maps, similarity and gain, of {data['arm'].nunique()} arms and {data['target'].nunique()} targets"
        + (", and a scatter plot of both." if len(centred) else "."),
        alt.vconcat(*rows, spacing=30).resolve_scale(color="independent", shape="independent"),
        data,
        [
            "Similarity: 1 minus the Jensen–Shannon divergence of the English texts' words. "
            "Gain: points, mean over the languages but English.",
            LEGEND,
            "Below, both minus their row and column means." if len(centred) else "",
            f"{MISSING}: not known." if data[["jsd", "delta"]].isna().any(axis=None) else "",
        ],
        width=_CELL[0] * data["target"].nunique() + 260,
    )


def _centred(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with both double-centred values: those of the complete matrix; empty if there is none."""
    columns = ["delta_centred", "jsd_centred"]
    return data.dropna(subset=columns) if set(columns) <= set(data.columns) else data.iloc[:0]


def _placed(data: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, list[str], list[str]]:
    columns = [study.title_of(target) for target in targets_of(study) if target in set(data["target"])]
    rows = [arm_label(arm, study) for arm in study.arms if arm in set(data["arm"])]
    row = [arm_label(arm, study) for arm in data["arm"]]
    return data.assign(row=row, column=[study.title_of(target) for target in data["target"]]), columns, rows


def _gains(data: pd.DataFrame, study: Study) -> alt.LayerChart:
    placed, columns, rows = _placed(data, study)
    placed["gain"] = placed["delta"]
    placed["text"] = [MISSING if np.isnan(gain) else signed(gain, 1) for gain in placed["gain"]]
    drawn = heat_map(placed, columns, rows, range_of(placed["gain"]), _CELL, _X, _Y, font=10)
    return drawn.properties(title=panel_title("gain"))


def _similarities(data: pd.DataFrame, study: Study) -> alt.LayerChart:
    placed, columns, rows = _placed(data, study)
    placed["text"] = [MISSING if np.isnan(value) else f"{value:.2f}" for value in placed["jsd"]]
    low, high = float(placed["jsd"].min()), float(placed["jsd"].max())
    base = alt.Chart(placed).encode(
        x=alt.X("column:N", title=None, axis=_X).scale(domain=columns),
        y=alt.Y("row:N", title=None, axis=_Y).scale(domain=rows),
        tooltip=[alt.Tooltip("row:N"), alt.Tooltip("column:N"), alt.Tooltip("text:N")],
    )
    colour = alt.Color("jsd:Q", title="similarity").scale(scheme="viridis", reverse=True, domain=[low, high])
    fill = base.transform_filter("isValid(datum.jsd)").mark_rect(stroke="white").encode(color=colour)
    dark = f"datum.jsd > {low + 0.45 * (high - low)}"
    text = base.mark_text(fontSize=10).encode(
        text=alt.Text("text:N"), color=alt.condition(dark, alt.value("white"), alt.value("black"))
    )
    layers = cast(alt.LayerChart, alt.layer(fill, text))
    return layers.properties(
        width=_CELL[0] * len(columns), height=_CELL[1] * len(rows), title=panel_title("similarity")
    )


def _scatter(data: pd.DataFrame, study: Study) -> alt.LayerChart:
    """Plot every cell, labelling those furthest from the centre; pairs of one task type have their own mark."""
    x_domain, y_domain = padded_domain(data["jsd_centred"], least=1e-3), padded_domain(data["delta_centred"])
    same = data["same_format"] > 0 if "same_format" in data else pd.Series(False, index=data.index)
    points = data.assign(
        label=[
            f"{arm_label(a, study)} → {study.title_of(t)}" for a, t in zip(data["arm"], data["target"], strict=True)
        ],
        types=["same" if is_same else "different" for is_same in same],
        x=data["jsd_centred"],
        y=data["delta_centred"],
    )
    labels = labels_beside(_furthest_first(points), _SCATTER, x_domain, y_domain, SMALL, most=16)
    x = alt.X("x:Q", title="similarity, centred by arm and target").scale(domain=x_domain, nice=False)
    y = alt.Y("y:Q", title="points gained, centred by arm and target").scale(domain=y_domain, nice=False)
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=55, opacity=0.85, stroke="#333", strokeWidth=0.5)
        .encode(
            x=x,
            y=y,
            color=alt.Color("types:N", title="types of the two tasks").scale(
                domain=["same", "different"], range=[ORANGE, BLUE]
            ),
            shape=alt.Shape("types:N", title="types of the two tasks").scale(
                domain=["same", "different"], range=["diamond", "circle"]
            ),
            tooltip=[alt.Tooltip("label:N"), alt.Tooltip("x:Q"), alt.Tooltip("y:Q")],
        )
    )
    text = alt.Chart(labels).encode(
        x=alt.X("at_x:Q").scale(domain=x_domain, nice=False), y=alt.Y("at_y:Q").scale(domain=y_domain, nice=False),
        text=alt.Text("label:N"),
    )  # fmt: skip
    line = alt.Chart(_line(data)).mark_line(color=GREY).encode(x=x, y=y)
    layers = cast(alt.LayerChart, alt.layer(line, *haloed(text), marks))
    return layers.properties(width=_SCATTER[0], height=_SCATTER[1], title=panel_title("both, double-centred"))


def _furthest_first(points: pd.DataFrame) -> pd.DataFrame:
    """Return x, y and label, sorted by the distance from the centre in SDs."""
    values = points[["x", "y"]].to_numpy(dtype=float)
    far = ((values / np.maximum(values.std(axis=0), 1e-12)) ** 2).sum(axis=1)
    return points.iloc[np.argsort(-far, kind="stable")][["x", "y", "label"]]


def _line(data: pd.DataFrame) -> pd.DataFrame:
    """Return the ends of the least-squares line, which passes through the origin for double-centred values."""
    x, y = (data[column].to_numpy(dtype=float) for column in ("jsd_centred", "delta_centred"))
    ends = np.array([x.min(), x.max()])
    return pd.DataFrame({"x": ends, "y": float(x @ y) / max(float(x @ x), 1e-12) * ends})


def _sentence(centred: pd.DataFrame) -> str:
    if len(centred) < 4 or centred["jsd_centred"].std() < 1e-12 or centred["delta_centred"].std() < 1e-12:
        return "There is no complete matrix of similarities and gains in which both vary."
    r = float(np.corrcoef(centred["jsd_centred"], centred["delta_centred"])[0, 1])
    shape = f"{centred['arm'].nunique()} × {centred['target'].nunique()}"
    return (
        f"Net of arm and target means, similarity and gain correlate with r = {signed(r)} over "
        f"{counted(len(centred), 'cell')} ({shape}); question 3 tests this."
    )
