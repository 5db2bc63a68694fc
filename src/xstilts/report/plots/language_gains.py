"""Gains by language and arm: a panel per group of the benchmark's targets, and per other target of the study."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.config.study import Study
from xstilts.report.plots.figure import AbsentFigure, Figure
from xstilts.report.plots.heat import LEGEND, heat_map, range_of
from xstilts.report.plots.languages import ordered_languages, planned_languages
from xstilts.report.plots.style import GREY, SMALL, WIDEST, View, annotated_figure, panel_title
from xstilts.scores.gains import arms_of, groups_of, is_control, targets_of
from xstilts.scores.labels import MISSING, arm_label
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

_CELL = (26.0, 15.0)  # pixels
_FAMILY = 96  # pixels: the column with the names of families
_LABELS = 190  # pixels: the names of languages, the legend and the margins
_BETWEEN = 12  # pixels between panels
_NOT_IN_GROUP = ""


def language_gains_figure(
    cells: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View
) -> Figure | AbsentFigure:
    """Plot mean gains by language, family by family, and arm, with a panel per group of targets.

    A cell is the mean gain over the group's targets that have the language, missing if one of them is missing.

    Args:
        cells: What :func:`~xstilts.report.plots.languages.scored_by_language` returns.
        languages: What :func:`~xstilts.analysis.study_data.language_frame` returns; may be empty.
        study: The study.
        view: The model and split.
    """
    name = f"languages_gains{view.suffix}"
    arms = arms_of(study)[1:]
    if not arms:
        return AbsentFigure(name, "The study has no arm but its baseline.")
    known = ordered_languages(study, languages)
    data = _grid(view.of(cells), study, view, list(known.index), arms)
    if data["gain"].isna().all():
        return AbsentFigure(name, "No arm and its baseline are scored in the same language with the same seed.")
    names = {code: f"{known['name'][code]} ({code})" for code in known.index}
    data["control"] = [is_control(arm, study) for arm in data["arm"]]
    columns = {arm: f"{arm} *" if is_control(arm, study) else arm_label(arm, study) for arm in arms}
    drawn = data.assign(row=data["language"].map(names), column=data["arm"].map(columns))
    groups = _panels(study)
    retrieval = [group for group, targets in groups.items() if study.task(targets[0]).type == "retrieval"]
    parts = [[group for group in groups if group not in retrieval], retrieval]
    blocks = [_block(drawn, part, known, names, study) for part in parts if part]
    chart = alt.vconcat(*blocks, spacing=26).resolve_scale(color="independent", y="independent")
    return annotated_figure(
        study,
        name,
        f"Gains by language and arm, {view.place}",
        _sentence(data, known, retrieval),
        f"Heat maps of {counted(len(groups), 'group')} of targets, with {counted(len(known), 'language')} (rows) and "
        f"{counted(len(arms), 'arm')} (columns).",
        chart,
        data.assign(model=view.model, split=view.split, family=data["language"].map(known["family"])),
        [
            "Whole points over no intermediate training, mean over the group's targets that have the language.",
            LEGEND,
            "Retrieval has a separate colour scale." if all(parts) else "",
            "*: a control, which does not count for the colour range." if data["control"].any() else "",
            f"{MISSING}: not scored." if (data["text"] == MISSING).any() else "",
        ],
        width=WIDEST - 20,
    )


def _panels(study: Study) -> dict[str, list[str]]:
    """Return the targets of each panel: the benchmark's groups, then single targets that are in none of them."""
    groups = groups_of(study)
    grouped = {target for targets in groups.values() for target in targets}
    return {**groups, **{target: [target] for target in targets_of(study) if target not in grouped}}


def _grid(cells: pd.DataFrame, study: Study, view: View, codes: list[str], arms: list[str]) -> pd.DataFrame:
    """Return group, language, arm, gain, targets, gain_seeds and text for all groups, languages and arms."""
    groups = _panels(study)
    planned = pd.DataFrame(
        [
            (group, target, code)
            for group, targets in groups.items()
            for target in targets
            for code in planned_languages(study, target, view.split)
        ],
        columns=["group", "target", "language"],
    ).merge(pd.DataFrame({"arm": arms}), how="cross")
    scored = planned.merge(cells[["target", "language", "arm", "gain", "gain_seeds"]], how="left")
    by_place = scored.groupby(["group", "language", "arm"])
    means = pd.DataFrame(
        {
            "gain": by_place["gain"].mean(skipna=False),
            "targets": by_place.size(),
            "gain_seeds": by_place["gain_seeds"].min(),
        }
    )
    index = pd.MultiIndex.from_product([list(groups), codes, arms], names=["group", "language", "arm"])
    table = means.reindex(index).reset_index()
    counts = ["targets", "gain_seeds"]
    table[counts] = table[counts].fillna(0).astype("int64")
    pairs = zip(table["gain"], table["targets"], strict=True)
    return table.assign(text=[_text(gain) if targets else _NOT_IN_GROUP for gain, targets in pairs])


def _text(gain: float) -> str:
    if pd.isna(gain):
        return MISSING
    return signed(round(gain), 0)


def _block(
    drawn: pd.DataFrame, groups: list[str], known: pd.DataFrame, names: dict[str, str], study: Study
) -> alt.VConcatChart:
    """Plot the groups that share a colour scale, as many in a row as there is room for; each row has labels."""
    limit = range_of(drawn["gain"][~drawn["control"] & drawn["group"].isin(groups)])
    width = drawn["arm"].nunique() * _CELL[0] + _BETWEEN
    in_row = max(1, int((WIDEST - _FAMILY - _LABELS) // width))
    rows = []
    for start in range(0, len(groups), in_row):
        part = groups[start : start + in_row]
        panels = [
            _panel(drawn[drawn["group"] == group], study.title_of(group), limit, known, names, group == part[0])
            for group in part
        ]
        row = alt.hconcat(_families(known, names), *panels, spacing=_BETWEEN)
        rows.append(row.resolve_scale(color="shared", y="independent"))
    return alt.vconcat(*rows, spacing=26).resolve_scale(color="shared", y="independent")


def _panel(
    data: pd.DataFrame, title: str, limit: float, known: pd.DataFrame, names: dict[str, str], first: bool
) -> alt.LayerChart:
    x_axis = alt.Axis(orient="top", labelAngle=-60, labelLimit=0, domain=False, ticks=False)
    y_axis = alt.Axis(labelLimit=0, domain=False, ticks=False, labelPadding=4) if first else None
    columns = list(data["column"].drop_duplicates())
    drawn = heat_map(
        data, columns, list(names.values()), limit, _CELL, x_axis, y_axis, font=SMALL, absent=[_NOT_IN_GROUP]
    )
    rule = alt.Chart(_first_rows(known, names)).mark_rule(color=GREY, strokeWidth=0.5).encode(y=_top(names, y_axis))
    return cast(alt.LayerChart, alt.layer(drawn, rule)).properties(title=panel_title(title))


def _families(known: pd.DataFrame, names: dict[str, str]) -> alt.LayerChart:
    """Plot the name of each family beside its first language, below a rule."""
    base = alt.Chart(_first_rows(known, names))
    y = alt.Y("row:N", axis=None).scale(domain=list(names.values()))
    text = base.mark_text(align="left", fontSize=10, color="#333", limit=_FAMILY)
    rule = base.mark_rule(color=GREY, strokeWidth=0.5)
    layers = alt.layer(
        rule.encode(x=alt.value(0), x2=alt.value(_FAMILY), y=_top(names, None)),
        text.encode(x=alt.value(0), text=alt.Text("family:N"), y=y),
    )
    return cast(alt.LayerChart, layers).properties(width=_FAMILY, height=_CELL[1] * len(names))


def _first_rows(known: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return row and family where a new family begins; English, which comes first, has no family name."""
    family = known["family"].where(known.index != ENGLISH, "")
    first = family[family != family.shift()]
    return pd.DataFrame({"row": [names[code] for code in first.index], "family": first.tolist()})


def _top(names: dict[str, str], axis: alt.Axis | None) -> alt.Y:
    """Return the position of a row's upper edge."""
    return alt.Y("row:N", title=None, axis=axis, bandPosition=0).scale(domain=list(names.values()))


def _sentence(data: pd.DataFrame, known: pd.DataFrame, retrieval: list[str]) -> str:
    """Name the languages that gain most and least on fine-tuned targets (on retrieval, if there are no others)."""
    competing = data[~data["control"]].dropna(subset=["gain"])
    fine_tuned = competing[~competing["group"].isin(retrieval)]
    chosen, where = (fine_tuned, "fine-tuned targets") if len(fine_tuned) else (competing, "retrieval")
    if chosen.empty:
        return "Only controls have gains."
    means = chosen.groupby("language")["gain"].mean()
    up = int((means > 0).sum())
    ranked = means.sort_values(kind="stable")
    ends = " to ".join(f"{signed(ranked.iloc[end], 1)} ({known['name'][ranked.index[end]]})" for end in (0, -1))
    return f"Averaged over arms and groups, {up} of {len(means)} languages gain on {where}, from {ends}."
