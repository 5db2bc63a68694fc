"""Training curves: losses and dev scores by step, read from the jobs' records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import altair as alt
import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.graph.jobs import Job
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.placing import spread_apart
from xstilts.report.plots.style import (
    BELOW_PANELS,
    BLACK,
    BLUE,
    ORANGE,
    SMALL,
    annotated_figure,
    grid,
    padded_domain,
    panel_title,
)
from xstilts.scores.curves import curves_of
from xstilts.scores.gains import arms_of, is_control
from xstilts.scores.labels import arm_label
from xstilts.wording import counted

#: One row per evaluation during fine-tuning: ``what`` is the training set, ``score`` the mean of the dev scores (NaN if
#: only the loss was recorded), and ``best`` marks the step whose weights were kept.
CURVES = ["model", "arm", "what", "seed", "step", "loss", "score", "best"]

_PANEL, _COLUMNS = (290.0, 200.0), 2
_KINDS = ["baseline", "intermediate arm", "control"]


def read_curves(records: Iterable[Path]) -> pd.DataFrame:
    """Read :data:`CURVES` from records ``…/{model}/{arm}/{what}/seed{seed}.json``; jobs without training have none."""
    jobs = {_job(path): json.loads(path.read_bytes()) for path in records}
    points = curves_of(jobs).to_pandas().groupby(CURVES[:5], as_index=False)
    return points.agg(loss=("loss", "first"), score=("score", "mean"), best=("best", "first"))


def _job(record: Path) -> Job:
    model, arm, what = record.parts[-4:-1]
    return Job(model, arm, what, int(record.stem.removeprefix("seed")))


def training_figure(curves: pd.DataFrame, study: Study, model: str) -> Figure | AbsentFigure:
    """Plot scores on English dev data by step: a panel per training set, a line per arm (mean over seeds)."""
    name = f"training-{model}" if len(study.models) > 1 else "training"
    if not set(curves.columns) >= set(CURVES):
        return AbsentFigure(name, "There are no records of training.")
    known = curves[(curves["model"] == model) & curves["arm"].isin(study.arms)]
    known = known.dropna(subset=["score"])
    shown = [what for what in study.training_sets() if known.loc[known["what"] == what, "step"].nunique() > 1]
    if not shown:
        return AbsentFigure(name, "No fine-tuning run was evaluated at two steps or more.")
    drawn = known[known["what"].isin(shown)]
    panels = [_panel(drawn[drawn["what"] == what], study, study.title_of(what)) for what in shown]
    return annotated_figure(
        study,
        name,
        f"Dev scores during fine-tuning, {model}",
        _sentence(drawn),
        f"Line charts of {counted(len(shown), 'training set')} with a line for each arm.",
        grid(panels, _COLUMNS, between=150).resolve_scale(color="shared", strokeDash="shared"),
        drawn,
        ["Points on the English dev split, on which checkpoints are selected."],
        width=min(_COLUMNS, len(panels)) * (_PANEL[0] + 150),
    )


def _panel(data: pd.DataFrame, study: Study, title: str) -> alt.LayerChart:
    arms = [arm for arm in arms_of(study) if arm in set(data["arm"])]
    kinds = {arm: _KINDS[0] if arm == BASELINE else _KINDS[2] if is_control(arm, study) else _KINDS[1] for arm in arms}
    means = (
        data.groupby(["arm", "step"], as_index=False)["score"].mean().assign(kind=lambda rows: rows["arm"].map(kinds))
    )
    domain = padded_domain(means["score"], share=0.04)
    x = alt.X("step:Q", title="step").axis(tickCount=4)
    y = alt.Y("score:Q", title="points, English dev").scale(domain=domain, nice=False)
    line = (
        alt.Chart(means)
        .mark_line(point=alt.OverlayMarkDef(size=14))
        .encode(
            x=x,
            y=y,
            detail=alt.Detail("arm:N"),
            color=alt.Color("kind:N", legend=BELOW_PANELS).scale(domain=_KINDS, range=[BLACK, BLUE, ORANGE]),
            strokeDash=alt.StrokeDash("kind:N", legend=BELOW_PANELS).scale(
                domain=_KINDS, range=[[1, 0], [1, 0], [4, 2]]
            ),
            strokeWidth=alt.condition("datum.kind == 'intermediate arm'", alt.value(1.1), alt.value(2.4)),
            tooltip=[alt.Tooltip("arm:N"), alt.Tooltip("step:Q"), alt.Tooltip("score:Q")],
        )
    )
    last = means.loc[means.groupby("arm")["step"].idxmax()].copy()
    last["label"] = [arm if is_control(arm, study) else arm_label(arm, study) for arm in last["arm"]]
    last["at"] = spread_apart(last["score"].tolist(), 11 * (domain[1] - domain[0]) / _PANEL[1], domain[0], domain[1])
    last["step"] = means["step"].max()
    text = (
        alt.Chart(last)
        .mark_text(align="left", dx=7, fontSize=SMALL, color="#222")
        .encode(x=x, y=alt.Y("at:Q").scale(domain=domain, nice=False), text=alt.Text("label:N"))
    )
    layers = cast(alt.LayerChart, alt.layer(line, text))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=panel_title(title))


def _sentence(curves: pd.DataFrame) -> str:
    runs = curves.groupby(["arm", "what", "seed"])
    last = curves.loc[runs["step"].idxmax()]
    at_end = int(last["best"].sum())
    return (
        f"{at_end} of {counted(len(last), 'fine-tuning run')} are best on dev at their last evaluation: longer "
        "training might have improved them."
    )
