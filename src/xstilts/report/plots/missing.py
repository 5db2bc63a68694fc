"""Figure of scored and missing cells, by arm and by language."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.config.study import Study
from xstilts.report.plots.figure import Figure
from xstilts.report.plots.languages import ordered_languages, planned_languages
from xstilts.report.plots.style import BLUE, SKY, SMALL, View, annotated_figure, panel_title
from xstilts.scores.gains import arms_of, by_language, targets_of, with_study_splits
from xstilts.scores.labels import arm_label
from xstilts.wording import counted, listed

_CELL = (56.0, 16.0)  # pixels
_STATES = ["all", "some", "none"]


def missing_figure(scores: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View) -> Figure:
    """Plot how many of the planned cells are scored, by arm and target and by language and target.

    A cell is an arm, a target, a language and a seed.
    """
    cells = _cells(scores, study, view)
    known = ordered_languages(study, languages)
    arms = {arm: arm_label(arm, study) for arm in arms_of(study)}
    names = {code: f"{known['name'][code]} ({code})" for code in known.index}
    by_arm = _counts(cells.assign(row=cells["arm"].map(arms)), study)
    by_language = _counts(cells.assign(row=cells["language"].map(names)), study)
    titles = [study.title_of(target) for target in targets_of(study)]
    chart = alt.vconcat(
        _map(by_arm, list(arms.values()), titles, "by arm: languages × seeds"),
        _map(by_language, list(names.values()), titles, "by language: arms × seeds"),
        spacing=24,
    ).resolve_scale(y="independent")
    done = int(cells["done"].sum())
    return annotated_figure(
        study,
        f"missing{view.suffix}",
        f"Scored and missing cells, {view.place}",
        _sentence(cells, study, arms),
        f"Two tables of how much is scored, of {counted(len(arms), 'arm')} and of {counted(len(names), 'language')}.",
        chart,
        cells.assign(model=view.model, split=view.split),
        [
            f"A cell is an arm, a target, a language and a seed; {done:,} of {len(cells):,} are scored.",
            "No number: the target does not have the language.",
        ],
        width=_CELL[0] * len(titles) + 200,
    )


def _cells(scores: pd.DataFrame, study: Study, view: View) -> pd.DataFrame:
    """Return arm, target, language, seed and ``done`` for every planned cell."""
    planned = pd.DataFrame(
        [
            (arm, target, language, seed)
            for arm in arms_of(study)
            for target in targets_of(study)
            for language in planned_languages(study, target, view.split)
            for seed in study.seeds
        ],
        columns=["arm", "target", "language", "seed"],
    )
    scored = view.of(by_language(with_study_splits(scores, study), study))[["arm", "target", "language", "seed"]]
    both = planned.merge(scored.assign(done=True), how="left")
    return both.assign(done=both["done"].eq(True))


def _counts(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    counts = cells.groupby(["row", "target"])["done"].agg(done="sum", planned="size").reset_index()
    counts["column"] = [study.title_of(target) for target in counts["target"]]
    counts["text"] = [f"{done}/{planned}" for done, planned in counts[["done", "planned"]].to_numpy()]
    states = zip(counts["done"], counts["planned"], strict=True)
    counts["state"] = ["all" if done == planned else "some" if done else "none" for done, planned in states]
    return counts


def _map(data: pd.DataFrame, rows: list[str], columns: list[str], title: str) -> alt.LayerChart:
    legend = alt.Legend(title="scored", orient="right", symbolStrokeColor="#999")
    base = alt.Chart(data).encode(
        x=alt.X("column:N", title=None)
        .scale(domain=columns)
        .axis(orient="top", labelAngle=-40, labelLimit=0, domain=False, ticks=False),
        y=alt.Y("row:N", title=None).scale(domain=rows).axis(labelLimit=0, domain=False, ticks=False),
        tooltip=[alt.Tooltip("row:N"), alt.Tooltip("column:N"), alt.Tooltip("text:N")],
    )
    fill = base.mark_rect(stroke="white").encode(
        color=alt.Color("state:N", legend=legend).scale(domain=_STATES, range=["#d6e9f5", SKY, BLUE])
    )
    text = base.mark_text(fontSize=SMALL).encode(
        text=alt.Text("text:N"),
        color=alt.condition("datum.state == 'none'", alt.value("white"), alt.value("black")),
    )
    layers = cast(alt.LayerChart, alt.layer(fill, text))
    return layers.properties(width=_CELL[0] * len(columns), height=_CELL[1] * len(rows), title=panel_title(title))


def _sentence(cells: pd.DataFrame, study: Study, arms: dict[str, str]) -> str:
    missing = cells[~cells["done"]]
    if missing.empty:
        return f"All {counted(len(cells), 'planned cell')} are scored."
    where = (
        missing.groupby(["arm", "target"], as_index=False).size().sort_values("size", ascending=False, kind="stable")
    )
    most = [
        f"{arms[arm]} on {study.title_of(target)} ({count})"
        for arm, target, count in where.head(3).itertuples(index=False)
    ]
    more = f", and {counted(len(where) - 3, 'other pair')}" if len(where) > 3 else ""
    return f"{counted(len(missing), 'cell')} of {len(cells):,} are missing, most of {listed(most)}{more}."
