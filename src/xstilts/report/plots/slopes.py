"""Slope charts: scores before and after intermediate training, in English and in other languages."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.languages import before_and_after
from xstilts.report.plots.placing import spread_apart
from xstilts.report.plots.style import BLACK, BLUE, RED, SMALL, View, annotated_figure, grid, padded_domain, panel_title
from xstilts.scores.gains import targets_of
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, listed, signed

_PANEL, _COLUMNS = (180.0, 230.0), 3
_BEFORE, _AFTER = "before", "after"
_MEAN = "mean of others"
_LABELLED = 3  # languages that gain most, and as many that gain least
_KINDS = ["English", _MEAN, "gains", "does not gain"]


def slopes_figure(cells: pd.DataFrame, study: Study, view: View) -> Figure | AbsentFigure:
    """Plot a line per language from the baseline's score to the mean of intermediate arms, a panel per target."""
    name = f"languages_slopes{view.suffix}"
    data = before_and_after(cells, study, view).dropna(subset=["before", "after"])
    shown = [target for target in targets_of(study) if data.loc[data["target"] == target, "language"].nunique() > 1]
    shown = [target for target in shown if ENGLISH in set(data.loc[data["target"] == target, "language"])]
    if not shown:
        return AbsentFigure(
            name, "No target is scored in English and another language, with and without intermediate training."
        )
    drawn = data[data["target"].isin(shown)]
    panels = [_panel(drawn[drawn["target"] == target], study.title_of(target)) for target in shown]
    return annotated_figure(
        study,
        name,
        f"Score in every language before and after intermediate training, {view.place}",
        _sentence(drawn),
        f"Slope charts of {counted(len(shown), 'target')}, with a line for each language.",
        grid(panels, _COLUMNS, between=118).resolve_scale(color="shared", strokeDash="shared"),
        drawn.assign(model=view.model, split=view.split),
        [
            "Points without intermediate training (left) and as the mean of the intermediate arms (right).",
            f"Codes: the {_LABELLED} languages that gain most and the {_LABELLED} that gain least.",
            _absent_note(shown, study),
        ],
        width=min(_COLUMNS, len(shown)) * (_PANEL[0] + 118),
    )


def _panel(data: pd.DataFrame, title: str) -> alt.LayerChart:
    others = data[data["language"] != ENGLISH]
    mean = {"language": _MEAN, "before": others["before"].mean(), "after": others["after"].mean()}
    lines = pd.concat([data[["language", "before", "after"]], pd.DataFrame([mean])], ignore_index=True)
    lines["kind"] = [
        "English" if code == ENGLISH else _MEAN if code == _MEAN else "gains" if after > before else "does not gain"
        for code, before, after in lines.itertuples(index=False)
    ]
    domain = padded_domain(pd.concat([lines["before"], lines["after"]]), share=0.04)
    long = lines.melt(["language", "kind"], ["before", "after"], "when", "score")
    x = alt.X("when:N", title=None).scale(domain=[_BEFORE, _AFTER], paddingOuter=0.0, padding=0.6)
    y = alt.Y("score:Q", title="points").scale(domain=domain, nice=False)
    legend = alt.Legend(title=None, orient="bottom", symbolStrokeWidth=2.5, symbolSize=250)
    strokes = alt.Chart(long).encode(
        x=x.axis(labelAngle=0, domain=False, grid=True),
        y=y,
        detail=alt.Detail("language:N"),
        color=alt.Color("kind:N", legend=legend).scale(domain=_KINDS, range=[BLACK, BLACK, BLUE, RED]),
        strokeDash=alt.StrokeDash("kind:N", legend=legend).scale(domain=_KINDS, range=[[1, 0], [6, 3], [1, 0], [2, 2]]),
        strokeWidth=alt.condition(f"indexof(['English', '{_MEAN}'], datum.kind) >= 0", alt.value(2.5), alt.value(1.1)),
        tooltip=[alt.Tooltip("language:N"), alt.Tooltip("when:N"), alt.Tooltip("score:Q")],
    )
    text = (
        alt.Chart(_labels(lines, domain))
        .mark_text(align="left", dx=5, fontSize=SMALL, color="#222")
        .encode(x=x, y=alt.Y("at:Q").scale(domain=domain, nice=False), text=alt.Text("label:N"))
    )
    layers = cast(alt.LayerChart, alt.layer(strokes.mark_line(opacity=0.85), text))
    return layers.properties(width=_PANEL[0], height=_PANEL[1], title=panel_title(title))


def _labels(lines: pd.DataFrame, domain: list[float]) -> pd.DataFrame:
    """Return the labels at the right ends of lines, spaced apart: English, the mean, and the extreme languages."""
    others = lines[~lines["language"].isin([ENGLISH, _MEAN])]
    ranked = others.assign(gain=others["after"] - others["before"]).sort_values(["gain", "language"])
    extreme = pd.concat([ranked.head(_LABELLED), ranked.tail(_LABELLED)]).drop_duplicates("language")
    chosen = pd.concat([lines[lines["language"].isin([ENGLISH, _MEAN])], extreme])
    per_pixel = (domain[1] - domain[0]) / _PANEL[1]
    at = spread_apart(chosen["after"].tolist(), 11 * per_pixel, domain[0], domain[1])
    return pd.DataFrame({"label": chosen["language"].to_numpy(), "at": at, "when": _AFTER})


def _absent_note(shown: list[str], study: Study) -> str:
    """Return a sentence that names the targets that are not shown; empty if all are."""
    titles = [study.title_of(target) for target in targets_of(study) if target not in shown]
    return f"Not shown, as English or another language has no pair of scores: {listed(titles)}." if titles else ""


def _sentence(data: pd.DataFrame) -> str:
    others = data[data["language"] != ENGLISH].groupby("target")[["before", "after"]].mean()
    english = data[data["language"] == ENGLISH].set_index("target")[["before", "after"]]
    gap = english - others
    change = gap["after"] - gap["before"]
    return (
        f"The gap between English and the mean of the other languages shrinks in {(change < 0).sum()} of "
        f"{counted(len(change), 'target')}; on average it changes by {signed(change.mean(), 1)} points, "
        f"from {gap['before'].mean():.1f} to {gap['after'].mean():.1f}."
    )
