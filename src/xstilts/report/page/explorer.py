"""The section on languages: the data of the interactive chart, and the same numbers as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.page.view import HtmlCell, HtmlTable, shade, text_table
from xstilts.scores.chance import chance
from xstilts.scores.gains import (
    ALL,
    ZERO_SHOT,
    arms_of,
    by_language,
    is_control,
    targets_of,
    with_study_splits,
)
from xstilts.scores.labels import (
    MISSING,
    UNLEARNT,
    UNLEARNT_MEANING,
    arm_label,
    cell_texts,
    metrics_of,
    seeds_note,
    taught_notes,
)
from xstilts.tasks.languages import ENGLISH, Language

_MEANS = {ALL: "mean of all", ZERO_SHOT: "mean without English"}
_DIGITS = 2


def explorer_data(scores: pd.DataFrame, by_target: Mapping[str, pd.DataFrame], study: Study) -> dict[str, Any]:
    """Return the data of the page's script.

    Args:
        scores: The study's scores without flagged ones.
        by_target: What :func:`~xstilts.scores.gains.language_cells` returns.
        study: The study.

    Returns:
        Models, splits, arms, targets and languages with their labels, and ``cells`` by model, split, target, arm and
        language: score, gain, lowest and highest gain of a seed (in points), number of seeds, number of examples. None
        stands for missing numbers and unknown facts about languages.
    """
    ranges = _seed_ranges(scores, study)
    cells: dict[str, Any] = {}
    for target, of_target in by_target.items():
        for row in of_target.to_dict("records"):
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
        "arms": [
            {
                "id": arm,
                "label": arm_label(arm, study),
                "competes": arm != BASELINE and not is_control(arm, study),
            }
            for arm in arms_of(study)
        ],
        "baseline": BASELINE,
        "targets": [
            {
                "id": target,
                "label": study.title_of(target),
                "metric": metrics_of(study.task(target)),
                "chance": round(chance(study.task(target)), _DIGITS),
                "codes": _codes(study, target),
            }
            for target in targets_of(study)
        ],
        "languages": {
            code: {"name": table[code].name, "family": table[code].family or None, "distance": table[code].distance}
            for code in used
        },
        "means": _MEANS,
        "seeds": len(study.seeds),
        "cells": cells,
    }


def language_tables(by_target: Mapping[str, pd.DataFrame], study: Study) -> list[HtmlTable]:
    """Build a table of shaded gains for each target, model and split: languages × arms.

    Args:
        by_target: What :func:`~xstilts.scores.gains.language_cells` returns.
        study: The study.
    """
    return [
        _language_table(cells[(cells["model"] == model) & (cells["split"] == split)], study, target, model, split)
        for target, cells in by_target.items()
        for model in study.models
        for split in study.splits
    ]


def languages_table(study: Study) -> HtmlTable:
    """Build the table of the study's languages, by distance to English; those of unknown distance come last."""
    rows = []
    for language in sorted(study.language_table().values(), key=_by_distance):
        targets = [target for target in targets_of(study) if language.code in study.languages(target)]
        if targets:
            facts = [text or MISSING for text in (language.family, language.genus, language.script)]
            distance = MISSING if language.distance is None else f"{language.distance:.2f}"
            rows.append([language.name, language.code, *facts, distance, str(len(targets))])
    header = ["language", "code", "family", "genus", "script", "distance", "targets"]
    notes = [f"{MISSING}: not known."] if any(MISSING in row for row in rows) else []
    return text_table("The study’s languages, by syntactic distance to English", header, rows, notes)


def _language_table(cells: pd.DataFrame, study: Study, target: str, model: str, split: str) -> HtmlTable:
    arms, names = arms_of(study), study.language_table()
    gains = cells["gain"][[not is_control(arm, study) for arm in cells["arm"]]].dropna().abs()
    largest = float(gains.max()) if len(gains) else 0.0
    keys = zip(cells["language"], cells["arm"], strict=True)
    shown = [
        HtmlCell(text, tone=shade(gain, largest))
        for text, gain in zip(cell_texts(cells, study), cells["gain"], strict=True)
    ]
    cell = dict(zip(keys, shown, strict=True))
    codes = _codes(study, target)
    means = [mean for mean in _MEANS if mean != ZERO_SHOT or (ENGLISH in codes and len(codes) > 1)]
    rows = []
    for code in [*means, *codes]:
        name = _mean_name(code, study, target) or f"{names[code].name} ({code})"
        rows.append([HtmlCell(name), *(cell[code, arm] for arm in arms)])
    metric, guessing = metrics_of(study.task(target)), f"{chance(study.task(target)):.1f}"
    column = f"Column “{arm_label(BASELINE, study)}”: {metric} in points (chance: {guessing})"
    notes = [f"{column}; all others: gains over it.", *taught_notes(study, target)]
    notes += [f"{UNLEARNT}: {UNLEARNT_MEANING}."] * any(one.text == UNLEARNT for one in shown)
    return HtmlTable(
        caption=f"{study.title_of(target)} by language: {model}, {split} split. {seeds_note(study)}",
        header=["language", *(arm_label(arm, study) for arm in arms)],
        rows=rows,
        rules=frozenset({len(means)}),
        notes=notes,
    )


def _codes(study: Study, target: str) -> list[str]:
    """Return a target's languages: English, then by distance."""
    table = study.language_table()
    return sorted(study.languages(target), key=lambda code: _by_distance(table[code]))


def _by_distance(language: Language) -> tuple[float, str]:
    """Return the key that sorts languages by distance to English, unknown distances last."""
    return (math.inf if language.distance is None else language.distance, language.code)


def _seed_ranges(scores: pd.DataFrame, study: Study) -> dict[tuple[str, ...], tuple[float, float]]:
    """Return the lowest and the highest gain of a seed by model, split, target, arm and language; of two or more."""
    per_seed = by_language(with_study_splits(scores, study), study)
    same = ["model", "split", "target", "language", "seed"]
    baseline = per_seed.loc[per_seed["arm"] == BASELINE, [*same, "score"]].rename(columns={"score": "baseline"})
    paired = per_seed[per_seed["arm"] != BASELINE].merge(baseline, on=same)
    paired["gain"] = paired["score"] - paired["baseline"]
    groups = paired.groupby(["model", "split", "target", "arm", "language"])["gain"]
    ranges = groups.agg(["min", "max", "size"])
    return {key: (low, high) for key, low, high, seeds in ranges.itertuples(name=None) if seeds > 1}


def _short(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), _DIGITS)


def _mean_name(code: str, study: Study, target: str) -> str:
    """What a mean over languages is called; empty for a single language."""
    return "zero-shot mean" if code == ZERO_SHOT and study.taught(target) != {ENGLISH} else _MEANS.get(code, "")
