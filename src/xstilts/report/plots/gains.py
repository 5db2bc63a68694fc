"""The heat map of gains: intermediate arm × target.

Retrieval targets have a separate colour scale, since their gains and losses are far larger than those of fine-tuned
targets. Every cell has its number with its sign, as colours are lost in print and to some readers.
"""

from __future__ import annotations

import altair as alt
import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.plots.figure import Figure
from xstilts.report.plots.heat import LEGEND, heat_map, range_of
from xstilts.report.plots.style import annotated_figure, panel_title, views
from xstilts.scores.gains import is_control, task_cells
from xstilts.scores.labels import FEWER, MISSING, UNLEARNT, arm_label, cell_texts
from xstilts.tasks.benchmarks import AVERAGE
from xstilts.wording import counted, signed

_CELL = (70.0, 25.0)  # pixels


def gains_figure(scores: pd.DataFrame, study: Study) -> Figure:
    """Plot a heat map for every model and split, below one another."""
    cells = task_cells(scores, study)
    cells = cells[cells["target"] != AVERAGE]
    retrieval = [study.task(target).type == "retrieval" for target in cells["target"]]
    rows = [_row(view.of(cells.assign(retrieval=retrieval)), study, view.place) for view in views(study)]
    chart = alt.vconcat(*rows, spacing=24).resolve_scale(color="independent")
    arms = cells["arm"].nunique() - 1
    return annotated_figure(
        study,
        "gains",
        "Gains by intermediate arm and target task",
        _sentence(cells, study),
        f"Heat map of {counted(arms, 'arm')} (rows) and {counted(len(study.targets), 'target')} (columns).",
        chart,
        _data(cells, study),
        ["Points gained or lost over no intermediate training (its points in brackets).", *_legend(cells, study)],
        width=_CELL[0] * len(study.targets) + 220,
    )


def _data(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the cells, with the column ``control``: whether the arm is one."""
    table = cells[["model", "split", "arm"]].assign(control=[is_control(arm, study) for arm in cells["arm"]])
    return table.join(cells.drop(columns=["model", "split", "arm", "language"]))


def _sentence(cells: pd.DataFrame, study: Study) -> str:
    """Count gains and losses, and name the largest; controls do not count."""
    competes = [arm != BASELINE and not is_control(arm, study) for arm in cells["arm"]]
    known = cells[competes].dropna(subset=["gain"])
    if known.empty:
        return "No gain can be computed from these scores."
    up, down = (known["gain"] > 0).sum(), (known["gain"] < 0).sum()
    ranked = known.sort_values("gain", kind="stable")
    (worst, arm_of_worst, target_of_worst), (best, arm_of_best, target_of_best) = (
        ranked[["gain", "arm", "target"]].iloc[place] for place in (0, -1)
    )
    ends = (
        f"{signed(worst, 1)} ({arm_label(arm_of_worst, study)}, {study.title_of(target_of_worst)}) to "
        f"{signed(best, 1)} ({arm_label(arm_of_best, study)}, {study.title_of(target_of_best)})"
    )
    positive = f"{up} {'is' if up == 1 else 'are'} positive"
    return f"Of {counted(len(known), 'gain')} over the baseline, {positive} and {down} negative, from {ends}."


def _legend(cells: pd.DataFrame, study: Study) -> list[str]:
    """Explain the colours, and the marks that occur."""
    texts = "".join(cell_texts(cells, study))
    sentences = {
        LEGEND: True,
        "Controls do not count for the colour range.": any(is_control(arm, study) for arm in study.arms),
        f"{UNLEARNT}: not learnt.": UNLEARNT in texts,
        f"{MISSING}: not scored.": MISSING in texts,
        f"{FEWER}: not all seeds.": FEWER in texts,
    }
    return [sentence for sentence, holds in sentences.items() if holds]


def _row(cells: pd.DataFrame, study: Study, name: str) -> alt.HConcatChart:
    parts = [part for part in (cells[~cells["retrieval"]], cells[cells["retrieval"]]) if not part.empty]
    maps = [_heat_map(part, study, first=place == 0) for place, part in enumerate(parts)]
    return alt.hconcat(*maps, title=panel_title(name), spacing=24).resolve_scale(color="independent")


def _heat_map(cells: pd.DataFrame, study: Study, first: bool) -> alt.LayerChart:
    baseline, gains = (cells[(cells["arm"] == BASELINE) == is_baseline] for is_baseline in (True, False))
    points = zip(baseline["target"], cell_texts(baseline, study), strict=True)
    titles = {target: f"{study.title_of(target)}\n({text})" for target, text in points}
    data = pd.DataFrame(
        {
            "row": [arm_label(arm, study) for arm in gains["arm"]],
            "column": [titles[target] for target in gains["target"]],
            "gain": gains["gain"],
            "text": cell_texts(gains, study),
        }
    )
    x_axis = alt.Axis(
        orient="top",
        labelAngle=0,
        labelBaseline="alphabetic",
        labelExpr="split(datum.value, '\\n')",
        labelLimit=0,
        labelPadding=19,  # room for the second line, below the first
        domain=False,
        ticks=False,
    )
    y_axis = alt.Axis(labelLimit=0, domain=False, ticks=False, labelPadding=6, labels=first)
    limit = range_of(gains["gain"][[not is_control(arm, study) for arm in gains["arm"]]])
    return heat_map(data, list(titles.values()), list(data["row"].drop_duplicates()), limit, _CELL, x_axis, y_axis)
