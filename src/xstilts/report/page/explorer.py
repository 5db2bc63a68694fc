"""Per-language results: the numbers behind the explorer, and the same as tables that need no script."""

from __future__ import annotations

from typing import Any

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.page.view import Cell, Table, tone
from xstilts.scores.gains import (
    ALL,
    ZERO_SHOT,
    arms_of,
    as_asked,
    by_language,
    is_control,
    language_cells,
    targets_of,
)
from xstilts.scores.labels import arm_label, cell_texts, metrics_of, seeds_note
from xstilts.tasks.languages import ENGLISH

_MEANS = {ALL: "mean of all", ZERO_SHOT: "mean without English"}
_DIGITS = 2


def explorer_data(scores: pd.DataFrame, study: Study) -> dict[str, Any]:
    """What the page's script reads. ``cells`` has, by model, split, target, arm and language: score, gain, the lowest
    and the highest gain of a seed, the number of seeds, the number of examples; None for what there is not."""
    ranges = _seed_ranges(scores, study)
    cells: dict[str, Any] = {}
    for target in targets_of(study):
        for row in language_cells(scores, study, target).to_dict("records"):
            place = (row["model"], row["split"], target, row["arm"])
            low, high = ranges.get((*place, row["language"]), (None, None))
            if pd.isna(row["score"]):
                continue
            level = cells
            for key in place:
                level = level.setdefault(key, {})
            level[row["language"]] = [
                *map(_short, (row["score"], row["gain"], low, high)), row["seeds"], row["n"]
            ]  # fmt: skip
    table = study.language_table()
    used = sorted({code for target in study.targets for code in study.languages(target)})
    return {
        "models": list(study.models),
        "splits": study.splits,
        "arms": [{"id": arm, "label": arm_label(arm, study)} for arm in arms_of(study)],
        "baseline": BASELINE,
        "targets": [
            {
                "id": target,
                "label": study.title_of(target),
                "metric": metrics_of(study.task(target)),
                "codes": _codes(study, target),
            }
            for target in targets_of(study)
        ],
        "languages": {
            code: {"name": table[code].name, "family": table[code].family, "distance": table[code].distance}
            for code in used
        },
        "means": _MEANS,
        "seeds": len(study.seeds),
        "cells": cells,
    }


def language_tables(scores: pd.DataFrame, study: Study) -> list[Table]:
    """A table per target, model and split: languages × arms, gains shaded."""
    return [
        _language_table(cells[(cells["model"] == model) & (cells["split"] == split)], study, target, model, split)
        for target in targets_of(study)
        for cells in [language_cells(scores, study, target)]
        for model in study.models
        for split in study.splits
    ]


def languages_table(study: Study) -> Table:
    """Who the languages are."""
    table = study.language_table()
    targets = {code: [target for target in targets_of(study) if code in study.languages(target)] for code in table}
    rows = [
        [one.name, code, one.family, one.genus, one.script, f"{one.distance:.2f}", str(len(targets[code]))]
        for code, one in sorted(table.items(), key=lambda item: (item[1].distance, item[0]))
        if targets[code]
    ]
    return Table(
        "The study’s languages, by syntactic distance to English",
        ["language", "code", "family", "genus", "script", "distance", "targets"],
        [[Cell(text) for text in row] for row in rows],
        kind="texts",
    )


def _language_table(cells: pd.DataFrame, study: Study, target: str, model: str, split: str) -> Table:
    arms, names = arms_of(study), study.language_table()
    gains = cells["gain"][[not is_control(arm, study) for arm in cells["arm"]]].dropna().abs()
    most = float(gains.max()) if len(gains) else 0.0
    keys = zip(cells["language"], cells["arm"], strict=True)
    shown = [
        Cell(text, tone=tone(gain, most)) for text, gain in zip(cell_texts(cells, study), cells["gain"], strict=True)
    ]
    cell = dict(zip(keys, shown, strict=True))
    codes = _codes(study, target)
    means = [mean for mean in _MEANS if mean != ZERO_SHOT or (ENGLISH in codes and len(codes) > 1)]
    rows = []
    for code in [*means, *codes]:
        name = _MEANS.get(code) or f"{names[code].name} ({code})"
        rows.append([Cell(name), *(cell[code, arm] for arm in arms)])
    metric = metrics_of(study.task(target))
    return Table(
        caption=f"{study.title_of(target)} by language: {model}, {split} split. {seeds_note(study)}",
        header=["language", *(arm_label(arm, study) for arm in arms)],
        rows=rows,
        rules=frozenset({len(means)}),
        notes=[f"Column “{arm_label(BASELINE, study)}”: {metric} in points; all others: gains over it."],
    )


def _codes(study: Study, target: str) -> list[str]:
    """A target's languages: English, then by distance."""
    table = study.language_table()
    return sorted(study.languages(target), key=lambda code: (table[code].distance, code))


def _seed_ranges(scores: pd.DataFrame, study: Study) -> dict[tuple[str, ...], tuple[float, float]]:
    """By model, split, target, arm and language, the lowest and the highest gain of a seed; for two seeds and more."""
    per_seed = by_language(as_asked(scores, study), study)
    same = ["model", "split", "target", "language", "seed"]
    baseline = per_seed.loc[per_seed["arm"] == BASELINE, [*same, "score"]].rename(columns={"score": "baseline"})
    paired = per_seed[per_seed["arm"] != BASELINE].merge(baseline, on=same)
    paired["gain"] = paired["score"] - paired["baseline"]
    groups = paired.groupby(["model", "split", "target", "arm", "language"])["gain"]
    found = groups.agg(["min", "max", "size"])
    return {key: (low, high) for key, low, high, seeds in found.itertuples(name=None) if seeds > 1}


def _short(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), _DIGITS)
