"""Figure of question 2: the gap to English in a model trained on code and in its twin, before and after."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.style import BLACK, BLUE, GREY, annotated_figure, grid, padded_domain, panel_title
from xstilts.scores.gains import targets_of
from xstilts.wording import counted, listed, signed

_KINDS = ["English", "other languages"]
_PANEL, _COLUMNS = (300.0, 92.0), 2
_NEEDED = {"pair", "role", "target", "when", "english", "others"}


def code_gap_figure(answer: Answer | None, study: Study) -> Figure | AbsentFigure:
    """Plot the mean of other languages and English, joined by a line, for both models before and after training.

    Scores are means over arms.
    """
    name = "q2_gap"
    data = answer.data.get("dumbbell", pd.DataFrame()) if answer else pd.DataFrame()
    if not set(data.columns) >= _NEEDED or data.empty:
        return AbsentFigure(name, "No model of the study is declared as the code-trained twin of another.")
    data = data.dropna(subset=["english", "others"])
    if data.empty:
        return AbsentFigure(name, "No pair of models is scored in English and in another language above chance.")
    means = data.groupby(["pair", "role", "target", "when"], as_index=False)[["english", "others"]].mean()
    means["gap"] = means["english"] - means["others"]
    domain = padded_domain(pd.concat([means["english"], means["others"]]))
    panels = [
        _panel(
            means[(means["pair"] == pair) & (means["target"] == target)], f"{study.title_of(target)}: {pair}", domain
        )
        for pair in means["pair"].drop_duplicates()
        for target in targets_of(study)
        if ((means["pair"] == pair) & (means["target"] == target)).any()
    ]
    return annotated_figure(
        study,
        name,
        "Gap to English with and without pretraining on code",
        _sentence(means),
        f"Dumbbell charts of {counted(len(panels), 'pair of models and target', 'pairs of models and targets')}.",
        grid(panels, _COLUMNS, between=130).resolve_scale(color="shared", shape="shared"),
        data,
        [
            "Points, means over arms. Numbers: the gap.",
            "Only languages in which the text-only model exceeds chance; a small gap can still mean two low scores.",
        ],
        width=_COLUMNS * (_PANEL[0] + 130),
    )


def _panel(means: pd.DataFrame, title: str, domain: list[float]) -> alt.LayerChart:
    rows = [f"{role}, {when}" for role in ("text", "code") for when in ("before", "after")]
    data = means.assign(row=means["role"] + ", " + means["when"], text=[f"{gap:.1f}" for gap in means["gap"]])
    data["middle"] = (data["english"] + data["others"]) / 2
    y = alt.Y("row:N", title=None).scale(domain=rows).axis(domain=False, ticks=False)
    x = alt.X("points:Q", title="points").scale(domain=domain, nice=False)
    long = data.melt(["row"], ["english", "others"], "kind", "points")
    long["kind"] = long["kind"].map({"english": _KINDS[0], "others": _KINDS[1]})
    bars = (
        alt.Chart(data)
        .mark_rule(color=GREY, strokeWidth=2)
        .encode(x=alt.X("others:Q", title="points").scale(domain=domain, nice=False), x2=alt.X2("english:Q"), y=y)
    )
    points = (
        alt.Chart(long)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("kind:N", title=None).scale(domain=_KINDS, range=[BLACK, BLUE]),
            shape=alt.Shape("kind:N", title=None).scale(domain=_KINDS, range=["diamond", "circle"]),
        )
    )
    text = (
        alt.Chart(data)
        .mark_text(fontSize=10, dy=-7)
        .encode(x=alt.X("middle:Q").scale(domain=domain, nice=False), y=y, text=alt.Text("text:N"))
    )
    layers = cast(alt.LayerChart, alt.layer(bars, points, text))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=panel_title(title))


def _sentence(means: pd.DataFrame) -> str:
    wide = means.pivot_table(index=["pair", "target"], columns=["role", "when"], values="gap")
    changes = {
        role: wide[role]["after"] - wide[role]["before"]
        for role in ("text", "code")
        if {(role, "before"), (role, "after")} <= set(wide.columns)
    }
    parts = [f"{signed(change.mean(), 1)} points in the {role} model" for role, change in changes.items()]
    if not parts:
        return "No model of a pair is scored both before and after intermediate training."
    return f"Averaged over targets, intermediate training changes the gap to English by {listed(parts)}."
