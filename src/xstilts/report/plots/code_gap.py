"""The gap to English in a model trained on code and in its twin, before and after: question 2, seen."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.report.plots.figure import Absent, Figure
from xstilts.report.plots.style import BLACK, BLUE, GREY, finished, grid, heading, padded
from xstilts.scores.gains import targets_of
from xstilts.scores.labels import signed
from xstilts.wording import counted

_KINDS = ["English", "other languages"]
_PANEL, _COLUMNS = (300.0, 92.0), 2
_NEEDED = {"pair", "role", "target", "when", "english", "others"}


def code_gap_figure(answer: Answer | None, study: Study) -> Figure | Absent:
    """Dumbbells from the other languages' mean to English, of either model before and after; means over arms."""
    name = "q2_gap"
    data = answer.data.get("dumbbell", pd.DataFrame()) if answer else pd.DataFrame()
    if not set(data.columns) >= _NEEDED or data.empty:
        return Absent(name, "No model of the study is declared to be another's twin that was trained on code.")
    data = data.dropna(subset=["english", "others"])
    if data.empty:
        return Absent(name, "No pair of models is scored in English and in another language above chance.")
    means = data.groupby(["pair", "role", "target", "when"], as_index=False)[["english", "others"]].mean()
    means["gap"] = means["english"] - means["others"]
    domain = padded(pd.concat([means["english"], means["others"]]))
    panels = [
        _panel(
            means[(means["pair"] == pair) & (means["target"] == target)], f"{study.title_of(target)}: {pair}", domain
        )
        for pair in means["pair"].drop_duplicates()
        for target in targets_of(study)
        if ((means["pair"] == pair) & (means["target"] == target)).any()
    ]
    return finished(
        study,
        name,
        "Gap to English with and without pretraining on code",
        _sentence(means),
        f"Dumbbell charts of {counted(len(panels), 'pair of models and target', 'pairs of models and targets')}.",
        grid(panels, _COLUMNS, between=130).resolve_scale(color="shared", shape="shared"),
        data,
        [
            "Points, means over arms; numbers: the gap.",
            "Only languages in which the text-only model exceeds chance: a small gap may still be two low levels.",
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
        .encode(x=alt.X("others:Q", title="points").scale(domain=domain, nice=False), x2="english:Q", y=y)
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
        .encode(x=alt.X("middle:Q").scale(domain=domain, nice=False), y=y, text="text:N")
    )
    layers = cast(alt.LayerChart, alt.layer(bars, points, text))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=heading(title))


def _sentence(means: pd.DataFrame) -> str:
    wide = means.pivot_table(index=["pair", "target"], columns=["role", "when"], values="gap")
    changes = {
        role: wide[role]["after"] - wide[role]["before"]
        for role in ("text", "code")
        if {(role, "before"), (role, "after")} <= set(wide.columns)
    }
    parts = [f"{signed(change.mean())} points in the {role} model" for role, change in changes.items()]
    if not parts:
        return "No model of a pair is scored both before and after intermediate training."
    return f"Averaged over targets, intermediate training changes the gap to English by {' and '.join(parts)}."
