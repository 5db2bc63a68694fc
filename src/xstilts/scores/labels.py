"""How cells, arms, metrics and seeds read in tables and figures, what stands out, and what must stand beside them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from xstilts.config.settings import Limits
from xstilts.config.study import BASELINE, Study
from xstilts.report.typeset import Strong
from xstilts.scores import gains
from xstilts.scores.gains import is_control, targets_of
from xstilts.tasks.task import Task

MISSING = "–"
FEWER = "†"  # stands at what has not all of the study's seeds


def stamped(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A table with what must not be lost when a CSV file leaves its folder: the study, whether it is synthetic, and
    whether it uses only a part of each file."""
    synthetic, limited = study.source.kind == "synthetic", study.examples != Limits()
    marked = table.assign(study=study.study, synthetic=synthetic, limited=limited)
    return marked[["study", "synthetic", "limited", *table.columns]]


def labelled(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Stamped cells of arms, with their place in front; ``control`` says which arms are controls."""
    table = cells.assign(control=[is_control(arm, study) for arm in cells["arm"]])
    first = [name for name in ("model", "split", "arm", "control") if name in table]
    return stamped(table[[*first, *(name for name in cells.columns if name not in first)]], study)


def arm_label(arm: str, study: Study) -> str:
    """An arm's name for readers: that of its task where the arm is named after its only task."""
    if is_control(arm, study):
        return f"{arm} (untrained control)"
    if arm == BASELINE:
        return f"{arm} (baseline)"
    return study.title_of(arm) if study.arms[arm].tasks == [arm] else arm


def seeds_note(study: Study) -> str:
    numbers = ", ".join(map(str, study.seeds))
    return f"One seed ({numbers})." if len(study.seeds) == 1 else f"Means over {len(study.seeds)} seeds ({numbers})."


def fewer_note(study: Study) -> str:
    return f"{FEWER}: fewer seeds than the study's {len(study.seeds)}; the CSV file says how many."


def metric_label(metric: str) -> str:
    return metric.replace("_", " ").replace("f1", "F1")


def metrics_of(task: Task) -> str:
    """A task's primary metrics, in words."""
    names = [metric_label(metric) for metric in task.primary_metrics]
    return names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"


def cell_texts(cells: pd.DataFrame, study: Study) -> list[str]:
    """What a reader sees of each cell: the baseline's score or another arm's gain, with one decimal."""
    texts = []
    for arm, score, seeds, gain, gain_seeds in cells[["arm", "score", "seeds", "gain", "gain_seeds"]].itertuples(
        index=False
    ):
        value, count = (score, seeds) if arm == BASELINE else (gain, gain_seeds)
        text = f"{value:.1f}" if arm == BASELINE else signed(value)
        texts.append(MISSING if pd.isna(value) else text + FEWER * (count < len(study.seeds)))
    return texts


def best_cells(cells: pd.DataFrame, study: Study) -> pd.Series:
    """Which cells stand out: the arm with the largest gain of each model, split, target and language, controls aside.

    Where no arm gains it is the baseline; where none can be compared with it, there is none.
    """
    competes = pd.Series([arm != BASELINE and not is_control(arm, study) for arm in cells["arm"]], index=cells.index)
    columns = [cells[name] for name in ("model", "split", "target", "language")]
    most = cells["gain"].where(competes).groupby(columns).transform("max")
    return (competes & (cells["gain"] == most) & (most > 0)) | ((cells["arm"] == BASELINE) & (most <= 0))


def shown_texts(cells: pd.DataFrame, study: Study, place: list[str]) -> dict[tuple[str, ...], str]:
    """:func:`cell_texts` by the columns ``place``, which tell the cells apart; strong are :func:`best_cells`."""
    keys = cells[place].itertuples(index=False, name=None)
    found = zip(keys, cell_texts(cells, study), best_cells(cells, study), strict=True)
    return {key: Strong(text) if best else text for key, text, best in found}


def scored_notes(scores: pd.DataFrame, study: Study, targets: Sequence[str]) -> list[str]:
    """Sentences about targets scored on another split than asked for, in fewer languages than the study has, or not."""
    scored, notes = gains.scored_languages(gains.as_asked(scores, study)), []
    for target in targets:
        title, languages, splits = study.title_of(target), study.languages(target), study.splits_of(target)
        for split in study.splits:
            stands_in = not set(splits) <= set(study.splits)
            if split not in splits:
                instead = "; its test split stands in" if stands_in else ""
                notes.append(f"{title}: the release has no {split} split{instead}.")
            found = scored.get((target, split), set())
            absent = [code for code in languages if code not in found]
            if found and absent:
                where = f"{len(absent)} of {len(languages)} languages ({', '.join(absent)})"
                notes.append(f"{title}, {split}: no scores in {where}.")
            elif absent and (split == "test" or stands_in):
                why = "its predictions are in submission/ (the release's test labels are stripped)"
                notes.append(f"{title}, {split}: not scored: {why}.")
            elif absent and split in splits:
                notes.append(f"{title}, {split}: not scored.")
    return notes


def retrieval_notes(study: Study) -> list[str]:
    """How sentences are embedded, target by target where they differ."""
    tasks_of: dict[str, list[str]] = {}
    for target in targets_of(study):
        if study.task(target).type == "retrieval":
            settings = study.embedding_of(target)
            what = "mean over positions" if settings.pooling == "mean" else "first token"
            tasks_of.setdefault(f"the hidden states of layer {settings.layer}, {what}", []).append(
                study.title_of(target)
            )
    how = "; ".join(f"{', '.join(tasks)} from {states}" for states, tasks in tasks_of.items())
    return [f"Retrieval is without fine-tuning: {how}."] if how else []


def signed(difference: float) -> str:
    """A difference with one decimal and its sign; none for what rounds to zero."""
    text = f"{difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
