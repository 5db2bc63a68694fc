"""What a study planned, what of it is done, and why the rest is missing.

A *cell* is one model, arm, target, split, seed and language; it is there where all primary metrics of the target are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import Job, evaluation_of
from xstilts.scores.gains import arms_of, by_language, targets_of
from xstilts.scores.labels import arm_label

#: One row per model, arm, target, split and seed that lacks languages; ``languages`` are their codes, as a tuple.
MISSING_CELLS = ["model", "arm", "target", "split", "seed", "languages", "reason"]

_STRIPPED = "the release's labels are removed: predicted for submission, not scored"
_NO_SCORE = "its job is done, but left no score of it"
_NO_FILE = "the data have no file for it"


def missing_cells(scores: pd.DataFrame, study: Study, reasons: Mapping[Job, str]) -> pd.DataFrame:
    """Cells that the study asks for and ``scores`` lack, with the columns :data:`MISSING_CELLS`.

    ``reasons`` says of each job that is not done why it is not, and of those whose scores are left out why they are.
    """
    found = _found(scores, study)
    scored = {(target, split, code) for (_, _, target, split, _), codes in found.items() for code in codes}
    rows: list[tuple[str, str, str, str, int, tuple[str, ...], str]] = []
    for model, arm, target, split, seed in _planned(study):
        by_reason: dict[str, list[str]] = {}
        for code in study.languages(target):
            if code in found.get((model, arm, target, split, seed), set()):
                continue
            job = (model, arm, evaluation_of(study, target), seed)
            if code not in study.languages(target, split):
                reason = _NO_FILE
            elif job in reasons:
                reason = reasons[job]
            else:
                reason = _NO_SCORE if (target, split, code) in scored else _STRIPPED
            by_reason.setdefault(reason, []).append(code)
        rows += [(model, arm, target, split, seed, tuple(codes), reason) for reason, codes in by_reason.items()]
    return pd.DataFrame(rows, columns=MISSING_CELLS)


def progress(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row per model, arm and target: how many of its ``planned`` evaluations, one per split and seed, are ``done``
    (every language that the data have is scored) or ``partly`` done."""
    found = _found(scores, study)
    rows = []
    for (model, arm, target), places in _by_target(study).items():
        done = partly = 0
        for split, seed in places:
            lacking = set(study.languages(target, split)) - found.get((model, arm, target, split, seed), set())
            done += not lacking
            partly += 0 < len(lacking) < len(study.languages(target, split))
        rows.append((model, arm, target, len(places), done, partly))
    return pd.DataFrame(rows, columns=["model", "arm", "target", "planned", "done", "partly"])


def condensed(missing: pd.DataFrame, study: Study) -> list[dict[str, str]]:
    """The missing cells for people: by column what a row is about, rows that differ in one thing alone put together;
    "all" where nothing of a kind is there."""
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
                name: _listed([labels.get(name, {}).get(value, value) for value in row[name]], of, name)
                for name, of in every.items()
            },
            "languages": ", ".join(row["languages"]) or "all",
            "reason": row["reason"][0],
        }
        for row in rows
    ]


def _merged(rows: list[dict[str, tuple[Any, ...]]], name: str) -> list[dict[str, tuple[Any, ...]]]:
    """Rows that are equal but for ``name`` as one, which has all of their values."""
    found: dict[tuple[Any, ...], dict[str, tuple[Any, ...]]] = {}
    for row in rows:
        rest = tuple(value for key, value in row.items() if key != name)
        before = found[rest][name] if rest in found else ()
        found[rest] = {**row, name: before + row[name]}
    return list(found.values())


def _listed(values: Sequence[Any], of: Sequence[Any], what: str) -> str:
    return f"all {len(of)} {what}s" if len(values) == len(of) > 1 else ", ".join(map(str, values))


def _planned(study: Study) -> Iterator[tuple[str, str, str, str, int]]:
    for (model, arm, target), places in _by_target(study).items():
        for split, seed in places:
            yield model, arm, target, split, seed


def _by_target(study: Study) -> dict[tuple[str, str, str], list[tuple[str, int]]]:
    """By model, arm and target, the splits and seeds to score."""
    return {
        (model, arm, target): list(product(study.splits_of(target), study.seeds))
        for model, arm, target in product(study.models, arms_of(study), targets_of(study))
    }


def _found(scores: pd.DataFrame, study: Study) -> dict[tuple[str, str, str, str, int], set[str]]:
    """By model, arm, target, split and seed, the languages with a whole score."""
    groups = by_language(scores, study).groupby(["model", "arm", "target", "split", "seed"])["language"]
    return {key: set(codes) for key, codes in groups}  # type: ignore[misc]
