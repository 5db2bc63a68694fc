"""The zero-shot scores of one arm as a section of its encoder's card."""

from __future__ import annotations

from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.report.markdown import plain, table
from xstilts.scores.gains import ALL, ZERO_SHOT, language_cells, targets_of
from xstilts.scores.labels import UNLEARNT, UNLEARNT_MEANING, taught_notes
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted

_HEAD = ["target", "split", "mean of", "guessing", "English", "zero-shot mean", "by language"]
_NOTE = (
    "For each target, the encoder was fine-tuned on English data and scored in every language; for retrieval, its "
    "states were compared as they are. In points of 100; means over languages are unweighted."
)


def zero_shot_section(scores: pd.DataFrame, study: Study) -> str:
    """Write the section on the scores of an arm.

    Args:
        scores: Scores of one arm of a model, of schema :data:`xstilts.scores.score_files.SCORES`, with flags.
        study: The study.

    Returns:
        Markdown; empty if there are no scores.
    """
    if scores.empty:
        return ""
    rows = [
        _row(target, split, {cell["language"]: cell for cell in cells}, study)
        for target, of_target in language_cells(scores, study).items()
        for split, cells in _by_split(of_target, scores, study).items()
    ]
    if not rows:
        return ""
    seeds = f"Means over {counted(scores['seed'].nunique(), 'seed')}." if scores["seed"].nunique() > 1 else ""
    unlearnt = f"{UNLEARNT}: {UNLEARNT_MEANING}." if any(UNLEARNT in cell for row in rows for cell in row) else ""
    taught = " ".join(plain(note) for target in targets_of(study) for note in taught_notes(study, target))
    notes = " ".join(filter(None, [_NOTE, taught, seeds, unlearnt]))
    return f"## Zero-shot scores\n\n{notes}\n\n{table(_HEAD, rows)}"


def _by_split(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> dict[str, list[dict[str, Any]]]:
    """By split, the arm's cells on a target by language; splits without scores are left out."""
    here = cells[(cells["model"] == scores["model"].iloc[0]) & (cells["arm"] == scores["arm"].iloc[0])]
    by_split = {split: here[here["split"] == split].to_dict("records") for split in study.splits}
    return {split: rows for split, rows in by_split.items() if any(row["seeds"] or row["flagged"] for row in rows)}


def _row(target: str, split: str, cells: dict[str, dict[str, Any]], study: Study) -> list[str]:
    chance = cells[ALL]["chance"]
    languages = [code for code in cells if code not in (ENGLISH, ZERO_SHOT, ALL) and _score(cells[code])]
    return [
        plain(study.title_of(target)),
        split,
        plain(" + ".join(study.task(target).primary_metrics)),
        f"{chance:.1f}" if chance else "",
        _score(cells[ENGLISH]) if ENGLISH in cells else "",
        _score(cells[ZERO_SHOT]),
        ", ".join(f"{code} {_score(cells[code])}" for code in languages),
    ]


def _score(cell: dict[str, Any]) -> str:
    if pd.isna(cell["score"]):
        return UNLEARNT if cell["flagged"] else ""
    return f"{cell['score']:.1f}"
