"""Which of a study's planned scores exist, and why the others are missing.

A *cell* is one model, arm, target, split, seed and language; it is scored if all primary metrics of the target are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import Job, evaluation_of
from xstilts.scores.gains import arms_of, by_language, own_targets, targets_of
from xstilts.scores.labels import arm_label

#: One row per model, arm, target, split and seed with missing languages, and reason; ``languages`` is a tuple of codes.
MISSING_SCORES = ["model", "arm", "target", "split", "seed", "languages", "reason"]

_STRIPPED = "the release's labels are removed: predicted for submission, not scored"
_NO_LABELS = "its data has no labels: predicted, not scored"
_NO_SCORE = "its job is done, but wrote no score for it"
_NO_FILE = "the data has no file for it"


def missing_scores(scores: pd.DataFrame, study: Study, reasons: Mapping[Job, str]) -> pd.DataFrame:
    """List the planned cells without a score.

    Args:
        scores: Scores without flagged ones.
        study: The study.
        reasons: By job, why it is not done, or why its scores are left out.

    Returns:
        A frame with the columns :data:`MISSING_SCORES`.
    """
    scored = _scored_languages(scores, study)
    anywhere = {(target, split, code) for (_, _, target, split, _), codes in scored.items() for code in codes}
    own = own_targets(study)
    rows: list[tuple[str, str, str, str, int, tuple[str, ...], str]] = []
    for model, arm, target, split, seed in _planned(study):
        by_reason: dict[str, list[str]] = {}
        for code in study.languages(target):
            if code in scored.get((model, arm, target, split, seed), set()):
                continue
            job = (model, arm, evaluation_of(study, target), seed)
            if code not in study.languages(target, split):
                reason = _NO_FILE
            elif job in reasons:
                reason = reasons[job]
            elif (target, split, code) in anywhere:
                reason = _NO_SCORE
            else:
                reason = _NO_LABELS if target in own else _STRIPPED
            by_reason.setdefault(reason, []).append(code)
        rows += [(model, arm, target, split, seed, tuple(codes), reason) for reason, codes in by_reason.items()]
    return pd.DataFrame(rows, columns=MISSING_SCORES)


def evaluation_counts(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Count evaluations (one per split and seed) by model, arm and target.

    Returns:
        One row per model, arm and target with the numbers of ``planned`` evaluations, of those ``done`` (scored in all
        languages of the data) and of those ``partly`` done.
    """
    scored = _scored_languages(scores, study)
    rows = []
    for (model, arm, target), places in _by_target(study).items():
        done = partly = 0
        for split, seed in places:
            lacking = set(study.languages(target, split)) - scored.get((model, arm, target, split, seed), set())
            done += not lacking
            partly += 0 < len(lacking) < len(study.languages(target, split))
        rows.append((model, arm, target, len(places), done, partly))
    return pd.DataFrame(rows, columns=["model", "arm", "target", "planned", "done", "partly"])


def condensed_rows(missing: pd.DataFrame, study: Study) -> list[dict[str, str]]:
    """Shorten the rows of :func:`missing_scores` for readers.

    Returns:
        By column, the text of each row. Rows that differ in one column alone are merged; a column that names every
        model, arm, target, split, seed or language says "all".
    """
    every: dict[str, Sequence[Any]] = {
        "model": list(study.models),
        "arm": arms_of(study),
        "target": targets_of(study),
        "split": study.splits,
        "seed": study.seeds,
    }
    rows: list[dict[str, tuple[Any, ...]]] = []
    for row in missing.to_dict("records"):
        whole = len(row["languages"]) == len(study.languages(row["target"]))
        languages = () if whole else tuple(row["languages"])
        rows.append({**{name: (row[name],) for name in every}, "languages": languages, "reason": (row["reason"],)})
    for name in every:
        rows = _merged(rows, name)
    labels = {
        "arm": {arm: arm_label(arm, study) for arm in study.arms},
        "target": {target: study.title_of(target) for target in study.targets},
    }
    return [
        {
            **{
                name: _values_text([labels.get(name, {}).get(value, value) for value in row[name]], values, name)
                for name, values in every.items()
            },
            "languages": ", ".join(row["languages"]) or "all",
            "reason": row["reason"][0],
        }
        for row in rows
    ]


def _merged(rows: list[dict[str, tuple[Any, ...]]], name: str) -> list[dict[str, tuple[Any, ...]]]:
    """Merge rows that differ in the column ``name`` alone into one row with all of their values."""
    merged: dict[tuple[Any, ...], dict[str, tuple[Any, ...]]] = {}
    for row in rows:
        rest = tuple(value for key, value in row.items() if key != name)
        before = merged[rest][name] if rest in merged else ()
        merged[rest] = {**row, name: before + row[name]}
    return list(merged.values())


def _values_text(values: Sequence[Any], every: Sequence[Any], noun: str) -> str:
    return f"all {len(every)} {noun}s" if len(values) == len(every) > 1 else ", ".join(map(str, values))


def _planned(study: Study) -> Iterator[tuple[str, str, str, str, int]]:
    for (model, arm, target), places in _by_target(study).items():
        for split, seed in places:
            yield model, arm, target, split, seed


def _by_target(study: Study) -> dict[tuple[str, str, str], list[tuple[str, int]]]:
    """Return the splits and seeds to score, by model, arm and target."""
    return {
        (model, arm, target): list(product(study.splits_of(target), study.seeds))
        for model, arm, target in product(study.models, arms_of(study), targets_of(study))
    }


def _scored_languages(scores: pd.DataFrame, study: Study) -> dict[tuple[str, str, str, str, int], set[str]]:
    """Return the scored languages by model, arm, target, split and seed."""
    groups = by_language(scores, study).groupby(["model", "arm", "target", "split", "seed"])["language"]
    return {key: set(codes) for key, codes in groups}  # type: ignore[misc]
