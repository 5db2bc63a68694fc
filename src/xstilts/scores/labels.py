"""Labels and notes for tables and figures: cells, arms, metrics, seeds, and which cells are in bold."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from xstilts.config.settings import Limits
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import (
    benchmark_targets,
    is_control,
    own_targets,
    scored_languages,
    targets_of,
    with_study_splits,
)
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.task import Task
from xstilts.wording import Strong, listed, signed

MISSING = "–"
FEWER = "†"  # marks a value with fewer seeds than the study has
UNLEARNT = "×"  # stands for a score that is left out because no run has learnt the training set
UNLEARNT_MEANING = "no seed has learnt its training set; the score is that of guessing, left out of all means and tests"
CHANCE = "chance"  # as a row or a column: the score of guessing
CHANCE_MEANING = "the score of guessing, in points; 0 where there is nothing to guess among"


def stamped(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Prepend the columns that a CSV file must keep outside its folder.

    Returns:
        The table with the columns ``study``, ``synthetic`` (whether its data is synthetic) and ``limited`` (whether it
        uses only a part of each file) in front.
    """
    synthetic, limited = study.source.kind == "synthetic", study.examples != Limits()
    marked = table.assign(study=study.study, synthetic=synthetic, limited=limited)
    return marked[["study", "synthetic", "limited", *table.columns]]


def labelled(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Stamp cells, put model, split and arm first, and add the column ``control``: whether the arm is one."""
    table = cells.assign(control=[is_control(arm, study) for arm in cells["arm"]])
    first = [name for name in ("model", "split", "arm", "control") if name in table]
    return stamped(table[[*first, *(name for name in cells.columns if name not in first)]], study)


def arm_label(arm: str, study: Study) -> str:
    """Return an arm's name for readers: its task's title where it trains on that alone and is named after it."""
    if is_control(arm, study):
        return f"{arm} (control)"
    if arm == BASELINE:
        return f"{arm} (baseline)"
    alone = study.arms[arm].all_tasks == (arm,) and not study.arms[arm].texts
    return study.title_of(arm) if alone else arm


def seeds_note(study: Study) -> str:
    """Return a sentence that names the seeds."""
    numbers = ", ".join(map(str, study.seeds))
    return f"One seed ({numbers})." if len(study.seeds) == 1 else f"Means over {len(study.seeds)} seeds ({numbers})."


def fewer_note(study: Study) -> str:
    """Return the sentence that explains :data:`FEWER`."""
    return f"{FEWER}: fewer seeds than the study's {len(study.seeds)}; the CSV file says how many."


def unlearnt_note() -> str:
    """Return the sentence that explains :data:`UNLEARNT`."""
    return f"{UNLEARNT}: {UNLEARNT_MEANING}. The table 'ledger' lists them."


def average_note(study: Study) -> list[str]:
    """Return a sentence that names the targets outside the benchmark's average, if there are any and an average."""
    own = own_targets(study)
    if not own or not benchmark_targets(study):
        return []
    return [f"Not part of {study.suite.title}'s average: {listed([study.title_of(target) for target in own])}."]


def metric_label(metric: str) -> str:
    """Return a metric's name for readers."""
    return metric.replace("_", " ").replace("f1", "F1")


def metrics_of(task: Task) -> str:
    """Return a task's primary metrics in words."""
    names = [metric_label(metric) for metric in task.primary_metrics]
    return names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"


def metrics_note(study: Study, tasks: Sequence[str]) -> str:
    """Return a sentence that names the primary metrics of tasks."""
    return f"Metrics: {'; '.join(f'{study.title_of(task)}: {metrics_of(study.task(task))}' for task in tasks)}."


def cell_texts(cells: pd.DataFrame, study: Study) -> list[str]:
    """Return the text of each cell: the baseline's score or another arm's gain, with one decimal."""
    texts = []
    columns = ["arm", "score", "seeds", "gain", "gain_seeds", "flagged"]
    for arm, score, seeds, gain, gain_seeds, flagged in cells[columns].itertuples(index=False):
        value, count = (score, seeds) if arm == BASELINE else (gain, gain_seeds)
        text = f"{value:.1f}" if arm == BASELINE else signed(value, 1)
        missing = UNLEARNT if flagged and not seeds else MISSING
        texts.append(missing if pd.isna(value) else text + FEWER * (count < len(study.seeds)))
    return texts


def chance_texts(cells: pd.DataFrame, column: str) -> dict[str, str]:
    """Return the score of guessing by the values of a column that tells targets, groups or languages apart."""
    return {str(name): f"{value:.1f}" for name, value in cells.groupby(column)["chance"].mean().items()}


def best_cells(cells: pd.DataFrame, study: Study) -> pd.Series:
    """Mark the cells to set in bold: the arm with the largest gain by model, split, target and language.

    Controls do not compete. Where no arm gains, it is the baseline; where no arm can be compared with the baseline,
    there is none.
    """
    competes = pd.Series([arm != BASELINE and not is_control(arm, study) for arm in cells["arm"]], index=cells.index)
    columns = [cells[name] for name in ("model", "split", "target", "language")]
    largest = cells["gain"].where(competes).groupby(columns).transform("max")
    return (competes & (cells["gain"] == largest) & (largest > 0)) | ((cells["arm"] == BASELINE) & (largest <= 0))


def shown_texts(cells: pd.DataFrame, study: Study, place: list[str]) -> dict[tuple[str, ...], str]:
    """Return :func:`cell_texts` by the columns ``place``, which identify a cell; :func:`best_cells` are in bold."""
    keys = cells[place].itertuples(index=False, name=None)
    rows = zip(keys, cell_texts(cells, study), best_cells(cells, study), strict=True)
    return {key: Strong(text) if best else text for key, text, best in rows}


def scored_notes(scores: pd.DataFrame, study: Study, targets: Sequence[str]) -> list[str]:
    """Return sentences about targets that are scored on another split, in fewer languages, or not at all."""
    scored, own, notes = scored_languages(with_study_splits(scores, study)), own_targets(study), []
    for target in targets:
        title, languages, splits = study.title_of(target), study.languages(target), study.splits_of(target)
        uses_test_split = not set(splits) <= set(study.splits)
        for split in study.splits:
            if split not in splits:
                instead = "; its test split is used instead" if uses_test_split else ""
                notes.append(f"{title}: the release has no {split} split{instead}.")
            codes = scored.get((target, split), set())
            absent = [code for code in languages if code not in codes]
            if codes and absent:
                where = f"{len(absent)} of {len(languages)} languages ({', '.join(absent)})"
                notes.append(f"{title}, {split}: no scores in {where}.")
            elif absent and target not in own and (split == "test" or uses_test_split):
                why = "its jobs are not done, or the release's test labels are stripped (predictions: submission/)"
                notes.append(f"{title}, {split}: not scored: {why}.")
            elif absent and (split in splits or uses_test_split):
                notes.append(f"{title}, {split}: not scored.")
        notes += taught_notes(study, target)
    return notes


def taught_notes(study: Study, target: str) -> list[str]:
    """Return a sentence on the languages of a target that are not zero-shot; none where only English is trained on."""
    training_set = study.task(target).trained_on
    if training_set is None or study.taught(target) == {ENGLISH}:
        return []
    few = [f"{shots.examples} examples in {shots.language}" for shots in study.shots(training_set)]
    whole = [f"training data in {code}" for code in study.train_languages(training_set)[1:]]
    return [
        f"{study.title_of(target)}: fine-tuned on English and on {listed([*whole, *few])}; these languages are not "
        "zero-shot and are in no zero-shot mean."
    ]


def retrieval_notes(study: Study) -> list[str]:
    """Return a sentence on how sentences are embedded, by target where they differ; none without retrieval."""
    titles: dict[str, list[str]] = {}
    for target in targets_of(study):
        if study.task(target).type == "retrieval":
            settings = study.embedding_of(target)
            pooling = "mean over positions" if settings.pooling == "mean" else "first token"
            states = f"the hidden states of layer {settings.layer}, {pooling}"
            titles.setdefault(states, []).append(study.title_of(target))
    how = "; ".join(f"{', '.join(tasks)} from {states}" for states, tasks in titles.items())
    return [f"Retrieval is without fine-tuning: {how}."] if how else []
