"""Figure of question 4: gains by size of the intermediate data and language family."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.placing import spread_apart
from xstilts.report.plots.style import (
    BELOW_PANELS,
    BLUE,
    GREY,
    RED,
    SMALL,
    annotated_figure,
    grid,
    padded_domain,
    panel_title,
)
from xstilts.wording import counted, signed

WORST = "worst"  # as a family: the one that gains least at each size
_PANEL, _COLUMNS = (290.0, 220.0), 2
_KINDS = ["worst family", "one family"]


def sizes_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot learning curves: a panel per intermediate task, a line per family, the worst family in bold."""
    name = "q4_sizes"
    data = answer.data.get("curves", pd.DataFrame()) if answer else pd.DataFrame()
    if not {"task", "size", "family", "gain"} <= set(data.columns):
        return AbsentFigure(name, "Question 4 has no gains by size of the intermediate data.")
    drawn = data.dropna(subset=["size", "gain"])
    if "how" in drawn:
        drawn = drawn[drawn["how"] == "random"]
    sizes = drawn.groupby("task")["size"].nunique()
    tasks = [str(task) for task in sizes.index[sizes > 1]]
    if not tasks:
        return AbsentFigure(name, "No intermediate task has arms with two sizes of training data (train_examples).")
    drawn = drawn[drawn["task"].isin(tasks)]
    domain = padded_domain(drawn["gain"], zero=True)
    panels = [_panel(drawn[drawn["task"] == task], study, task, domain) for task in tasks]
    return annotated_figure(
        study,
        name,
        "Gain by size of the intermediate data",
        _sentence(drawn),
        f"Line charts of {counted(len(tasks), 'task')} with a line for each family of languages.",
        grid(panels, _COLUMNS, between=150).resolve_scale(color="shared"),
        drawn,
        ["Mean gain in points over the targets and the languages of a family; examples on a logarithmic axis."],
        width=min(_COLUMNS, len(panels)) * (_PANEL[0] + 150),
    )


def _panel(data: pd.DataFrame, study: Study, task: str, domain: list[float]) -> alt.LayerChart:
    title = " + ".join(study.title_of(part) for part in task.split("+"))
    lines = data.assign(kind=[_KINDS[0] if family == WORST else _KINDS[1] for family in data["family"]])
    sizes = sorted(set(lines["size"]))
    scale = alt.Scale(type="log", base=2, nice=False, domain=[sizes[0], sizes[-1]])
    x = alt.X("size:Q", title="training examples", scale=scale).axis(values=sizes, format="~s", labelOverlap=True)
    y = alt.Y("gain:Q", title="points gained").scale(domain=domain, nice=False)
    line = (
        alt.Chart(lines)
        .mark_line(point=alt.OverlayMarkDef(size=22))
        .encode(
            x=x,
            y=y,
            detail=alt.Detail("family:N"),
            color=alt.Color("kind:N", legend=BELOW_PANELS).scale(domain=_KINDS, range=[RED, BLUE]),
            strokeDash=alt.StrokeDash("kind:N", legend=BELOW_PANELS).scale(domain=_KINDS, range=[[6, 2], [1, 0]]),
            strokeWidth=alt.condition(f"datum.family == '{WORST}'", alt.value(3), alt.value(1.2)),
            tooltip=[alt.Tooltip("family:N"), alt.Tooltip("size:Q"), alt.Tooltip("gain:Q")],
        )
    )
    last = lines[(lines["size"] == lines["size"].max()) & (lines["family"] != WORST)].copy()
    last["at"] = spread_apart(last["gain"].tolist(), 10.5 * (domain[1] - domain[0]) / _PANEL[1], domain[0], domain[1])
    text = (
        alt.Chart(last)
        .mark_text(align="left", dx=7, fontSize=SMALL, color="#222")
        .encode(x=x, y=alt.Y("at:Q").scale(domain=domain, nice=False), text=alt.Text("family:N"))
    )
    zero = alt.Chart(pd.DataFrame({"gain": [0.0]})).mark_rule(color=GREY, strokeDash=[3, 3]).encode(y=y)
    layers = cast(alt.LayerChart, alt.layer(zero, line, text))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=panel_title(title))


def _sentence(data: pd.DataFrame) -> str:
    worst = data[data["family"] == WORST].sort_values("size").groupby("task")["gain"].agg(["first", "last"])
    if worst.empty:
        return "The worst family has no line."
    rises = int((worst["last"] > worst["first"]).sum())
    return (
        f"From the smallest to the largest size, the worst family's gain rises in {rises} of "
        f"{counted(len(worst), 'task')}, on average from {signed(worst['first'].mean(), 1)} to "
        f"{signed(worst['last'].mean(), 1)}."
    )
