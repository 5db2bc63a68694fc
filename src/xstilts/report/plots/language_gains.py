"""Gains by language and arm, one panel per group of targets: which languages profit from what."""

from __future__ import annotations

from typing import cast

import altair as alt
import pandas as pd

from xstilts.config.study import Study
from xstilts.report.plots.figure import Absent, Figure
from xstilts.report.plots.heat import LEGEND, heat_map, range_of
from xstilts.report.plots.languages import places, planned_languages
from xstilts.report.plots.style import GREY, SMALL, View, finished, heading
from xstilts.scores.gains import arms_of, groups_of, is_control
from xstilts.scores.labels import MISSING, arm_label, signed
from xstilts.tasks.benchmarks import title_of
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted

_CELL = (26.0, 15.0)  # pixels
_FAMILY = 96  # pixels of the column with the families' names
_NOT_IN_GROUP = ""


def language_gains_figure(cells: pd.DataFrame, languages: pd.DataFrame, study: Study, view: View) -> Figure | Absent:
    """Rows are languages, family by family, columns arms; a panel per group of targets.

    A cell is the mean gain over those of the group's targets that have the language, missing where one of them is.
    ``cells``: see :func:`~xstilts.report.plots.languages.scored_by_language`.
    """
    name = f"languages_gains{view.suffix}"
    arms = arms_of(study)[1:]
    if not arms:
        return Absent(name, "The study has no arm but its baseline.")
    known = places(study, languages)
    data = _grid(view.of(cells), study, view, list(known.index), arms)
    if data["gain"].isna().all():
        return Absent(name, "No arm and its baseline are scored in the same language with the same seed.")
    names = {code: f"{known['name'][code]} ({code})" for code in known.index}
    data["control"] = [is_control(arm, study) for arm in data["arm"]]
    columns = {arm: f"{arm} *" if is_control(arm, study) else arm_label(arm, study) for arm in arms}
    drawn = data.assign(row=data["language"].map(names), column=data["arm"].map(columns))
    groups = list(groups_of(study))
    parts = [[group for group in groups if (group == "retrieval") == which] for which in (False, True)]
    blocks = [_block(drawn, part, known, names) for part in parts if part]
    chart = alt.hconcat(_families(known, names), *blocks, spacing=10).resolve_scale(
        color="independent", y="independent"
    )
    return finished(
        study,
        name,
        f"Gains by language and arm, {view.place}",
        _sentence(data, known),
        f"Heat maps of {counted(len(groups), 'group')} of targets, with {counted(len(known), 'language')} (rows) and "
        f"{counted(len(arms), 'arm')} (columns).",
        chart,
        data.assign(model=view.model, split=view.split, family=data["language"].map(known["family"])),
        [
            "Whole points over no intermediate training, mean over the group's targets that have the language.",
            LEGEND,
            "Retrieval has colours of its own." if len(groups) > 1 and "retrieval" in groups else "",
            "*: a control, which does not count for the range of the colours." if data["control"].any() else "",
            f"{MISSING}: not scored." if (data["text"] == MISSING).any() else "",
        ],
        width=_FAMILY + 110 + len(groups) * (len(arms) * _CELL[0] + 60),
    )


def _grid(cells: pd.DataFrame, study: Study, view: View, codes: list[str], arms: list[str]) -> pd.DataFrame:
    """group, language, arm, gain, targets, gain_seeds, text, of all groups, languages and arms."""
    groups = groups_of(study)
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
    return signed(round(gain)).removesuffix(".0")


def _block(drawn: pd.DataFrame, groups: list[str], known: pd.DataFrame, names: dict[str, str]) -> alt.HConcatChart:
    """The groups that share one scale of colours, side by side."""
    most = range_of(drawn["gain"][~drawn["control"] & drawn["group"].isin(groups)])
    named = drawn["group"].iloc[0]
    panels = [_panel(drawn[drawn["group"] == group], group, most, known, names, group == named) for group in groups]
    return alt.hconcat(*panels, spacing=12).resolve_scale(color="shared", y="independent")


def _panel(
    data: pd.DataFrame, group: str, most: float, known: pd.DataFrame, names: dict[str, str], first: bool
) -> alt.LayerChart:
    x_axis = alt.Axis(orient="top", labelAngle=-60, labelLimit=0, domain=False, ticks=False)
    y_axis = alt.Axis(labelLimit=0, domain=False, ticks=False, labelPadding=4) if first else None
    columns = list(data["column"].drop_duplicates())
    drawn = heat_map(
        data, columns, list(names.values()), most, _CELL, x_axis, y_axis, font=SMALL, absent=[_NOT_IN_GROUP]
    )
    rule = alt.Chart(_first_rows(known, names)).mark_rule(color=GREY, strokeWidth=0.5).encode(y=_top(names, y_axis))
    return cast(alt.LayerChart, alt.layer(drawn, rule)).properties(title=heading(title_of(group)))


def _families(known: pd.DataFrame, names: dict[str, str]) -> alt.LayerChart:
    """The families' names, each beside its first language, under a rule."""
    base = alt.Chart(_first_rows(known, names))
    y = alt.Y("row:N", axis=None).scale(domain=list(names.values()))
    text = base.mark_text(align="left", fontSize=10, color="#333", limit=_FAMILY)
    rule = base.mark_rule(color=GREY, strokeWidth=0.5)
    layers = alt.layer(
        rule.encode(x=alt.value(0), x2=alt.value(_FAMILY), y=_top(names, None)),
        text.encode(x=alt.value(0), text="family:N", y=y),
    )
    return cast(alt.LayerChart, layers).properties(width=_FAMILY, height=_CELL[1] * len(names))


def _first_rows(known: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """row and family where a new family begins; English, which stands by itself, has no name of a family."""
    family = known["family"].where(known.index != ENGLISH, "")
    first = family[family != family.shift()]
    return pd.DataFrame({"row": [names[code] for code in first.index], "family": first.tolist()})


def _top(names: dict[str, str], axis: alt.Axis | None) -> alt.Y:
    """The upper edge of a row."""
    return alt.Y("row:N", title=None, axis=axis, bandPosition=0).scale(domain=list(names.values()))


def _sentence(data: pd.DataFrame, known: pd.DataFrame) -> str:
    """Which language gains most and least in fine-tuned targets (in retrieval, if there are no others)."""
    counting = data[~data["control"]].dropna(subset=["gain"])
    fine_tuned = counting[counting["group"] != "retrieval"]
    chosen, where = (fine_tuned, "fine-tuned targets") if len(fine_tuned) else (counting, "retrieval")
    if chosen.empty:
        return "Only controls have gains."
    means = chosen.groupby("language")["gain"].mean()
    up = int((means > 0).sum())
    ranked = means.sort_values(kind="stable")
    ends = " to ".join(f"{signed(ranked.iloc[end])} ({known['name'][ranked.index[end]]})" for end in (0, -1))
    return f"Averaged over arms and groups, {up} of {len(means)} languages gain in {where}, from {ends}."
