"""Gains of the arms with their intervals: a forest plot per target."""

from __future__ import annotations

import altair as alt
import pandas as pd

from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.forest import ABOVE, BELOW, SIGNS_NOTE, UNCLEAR, forest, signs
from xstilts.report.plots.style import BLACK, View, annotated_figure, grid, padded_domain
from xstilts.scores.gains import ALL, ZERO_SHOT, arms_of, is_control, targets_of
from xstilts.scores.labels import arm_label
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted

_PLACE = ["model", "split", "arm", "target"]
_NEEDED = {*_PLACE, "language", "gain", "low", "high"}
_CROSS = "M-1,-1L1,1M-1,1L1,-1"  # two strokes: Vega's own cross is an outline, which looks like a diamond when small
_PARTS = {ENGLISH: _CROSS, ZERO_SHOT: "square"}
_WIDTH, _COLUMNS = 210.0, 3


def effects_figure(effects: pd.DataFrame, study: Study, view: View) -> Figure | AbsentFigure:
    """Plot gains with intervals by target and arm; small marks show the gains in English and in other languages.

    Args:
        effects: What :func:`xstilts.analysis.effects.effects` returns.
        study: The study.
        view: The model and split.
    """
    name = f"gains_effects{view.suffix}"
    if not set(effects.columns) >= _NEEDED:
        return AbsentFigure(name, "No effects with intervals were estimated.")
    known = view.of(effects).dropna(subset=["gain"])
    known = known[known["arm"].isin([arm for arm in study.arms if not is_control(arm, study)])]
    if not (known["language"] == ALL).any():
        return AbsentFigure(name, "No arm and its baseline are scored in all languages of a target with the same seed.")
    arms = {arm: arm_label(arm, study) for arm in arms_of(study)[1:] if arm in set(known["arm"])}
    rows = known[known["language"] == ALL].drop(columns="language")
    for part in _PARTS:
        of_part = known.loc[known["language"] == part, [*_PLACE, "gain"]].rename(columns={"gain": part})
        rows = rows.merge(of_part, how="left", on=_PLACE)
    rows = rows.assign(row=rows["arm"].map(arms), value=rows["gain"])
    targets = [target for target in targets_of(study) if target in set(known["target"])]
    panels = [
        _panel(rows[rows["target"] == target], rows, study, target, list(arms.values()), place % _COLUMNS == 0)
        for place, target in enumerate(targets)
    ]
    return annotated_figure(
        study,
        name,
        f"Gain of every arm with its interval, {view.place}",
        _sentence(rows),
        f"Forest plots of {counted(len(targets), 'target')} with a row for each of {counted(len(arms), 'arm')}.",
        grid(panels, _COLUMNS, between=24),
        rows.drop(columns=["row", "value"]),
        [
            "Points gained over no intermediate training.",
            SIGNS_NOTE,
            "Below them, crosses: English, squares: the other languages.",
            "Intervals are over seeds and languages; with one seed, over languages alone. Retrieval has its own axis.",
        ],
        width=min(_COLUMNS, len(targets)) * (_WIDTH + 24) + 260,
    )


def _panel(
    of_target: pd.DataFrame, rows: pd.DataFrame, study: Study, target: str, names: list[str], labels: bool
) -> alt.LayerChart:
    """Plot one target, on the axis of retrieval or of all other targets."""
    retrieves = study.task(target).type == "retrieval"
    alike = rows[[(study.task(other).type == "retrieval") == retrieves for other in rows["target"]]]
    domain = padded_domain(pd.concat([alike[end] for end in ("low", "high", "value", *_PARTS)]), zero=True)
    y = alt.Y("row:N").scale(domain=names)
    marks = [
        alt.Chart(of_target.dropna(subset=[part]))
        .mark_point(size=22, color=BLACK, strokeWidth=1, opacity=1, yOffset=6)
        .encode(
            x=alt.X(field=part, type="quantitative", title="points").scale(domain=domain, nice=False),
            y=y,
            shape=alt.value(_PARTS[part]),
        )
        for part in _PARTS
    ]
    return forest(of_target, names, _WIDTH, "points", domain, study.title_of(target), labels, marks)


def _sentence(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset=["low", "high"])
    if known.empty:
        return f"None of {counted(len(rows), 'effect')} has an interval."
    sign = signs(known).value_counts()
    return (
        f"Of {counted(len(known), 'effect')}, {sign.get(ABOVE, 0)} are gains and {sign.get(BELOW, 0)} losses "
        f"whose 95 % interval excludes 0; the interval of {sign.get(UNCLEAR, 0)} includes 0."
    )
