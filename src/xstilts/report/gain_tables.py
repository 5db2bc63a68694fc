"""The tables of gains as pages: by target, by group of targets, by language of one target, and by language overall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.typeset import TableBlock, TablePage, TableRow
from xstilts.scores.gains import (
    ALL,
    ZERO_SHOT,
    arms_of,
    benchmark_targets,
    groups_of,
    is_control,
    mean_cells,
    targets_of,
    targets_with_average,
)
from xstilts.scores.labels import (
    CHANCE,
    CHANCE_MEANING,
    FEWER,
    MISSING,
    UNLEARNT,
    arm_label,
    average_note,
    chance_texts,
    fewer_note,
    metrics_note,
    metrics_of,
    retrieval_notes,
    scored_notes,
    seeds_note,
    shown_texts,
    unlearnt_note,
)
from xstilts.tasks.benchmarks import AVERAGE
from xstilts.tasks.languages import ENGLISH

FINE_TUNED = "fine_tuned"  # as a target: the unweighted mean over the fine-tuned targets that have the language

_BEST = "Bold: the best arm of a column, controls aside; the baseline where no arm gains."


def main_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the cells of :func:`~xstilts.scores.gains.task_cells`: arms × targets and the benchmark's average."""
    targets = targets_of(study)
    notes = [
        "A task's score is the unweighted mean over its languages, English included.",
        metrics_note(study, targets),
        *average_note(study),
        *scored_notes(scores, study, targets),
        *retrieval_notes(study),
    ]
    columns = {target: study.title_of(target) for target in targets_with_average(study)}
    blocks = _blocks(cells, study, "target", columns, "main")
    return _page(f"Gains on target tasks, study {study.study}", study, blocks, notes)


def groups_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the cells of :func:`~xstilts.scores.gains.group_cells`: arms × the benchmark's groups of tasks."""
    title = f"Gains on groups of target tasks, study {study.study}"
    groups = groups_of(study)
    if not groups:
        return TablePage(
            title, study.warning, [f"None of the study's targets is in one of {study.suite.title}'s groups."], []
        )
    members = "; ".join(
        f"{study.title_of(group)}: {', '.join(map(study.title_of, tasks))}" for group, tasks in groups.items()
    )
    notes = [
        f"Unweighted means over the study's tasks. {members}.",
        *scored_notes(scores, study, benchmark_targets(study)),
    ]
    columns = {name: study.title_of(name) for name in (*groups, AVERAGE)}
    return _page(title, study, _blocks(cells, study, "target", columns, "groups"), notes)


def target_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study, target: str) -> TablePage:
    """Lay out the cells of :func:`~xstilts.scores.gains.language_cells`: arms × languages of one target."""
    languages = study.languages(target)
    if ENGLISH in languages and len(languages) > 1:
        without = "the languages that fine-tuning has no examples of"
        means = f"{ZERO_SHOT}: unweighted mean over {without}; {ALL}: over all languages."
        columns = [ENGLISH, ZERO_SHOT, ALL, *(language for language in languages if language != ENGLISH)]
    else:
        means = f"{ALL}: unweighted mean over the languages."
        columns = [ALL, *languages]
    notes = [f"Metric: {metrics_of(study.task(target))}.", means, *scored_notes(scores, study, [target])]
    blocks = _blocks(cells, study, "language", {name: name for name in columns}, target)
    return _page(f"Gains on {study.title_of(target)} by language, study {study.study}", study, blocks, notes)


def with_language_means(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Keep the cells of single languages and append their means over fine-tuned targets.

    Args:
        cells: The cells of :func:`~xstilts.scores.gains.language_cells` of all targets.
        study: The study.

    Returns:
        The cells of single targets and languages, then those of the target :data:`FINE_TUNED`; ``targets`` counts the
        targets that a cell averages. NaN where an arm lacks a target that other arms are scored on in the language.
    """
    cells = cells[~cells["language"].isin([ALL, ZERO_SHOT])]
    of_tuned = cells[[study.task(target).trained_on is not None for target in cells["target"]]]
    scored = of_tuned.groupby(["split", "target", "language"])["seeds"].transform("max") > 0
    place = ["model", "split", "arm", "language"]
    groups = of_tuned[scored].groupby(place)
    means = mean_cells(groups).assign(targets=groups.size(), chance=groups["chance"].mean())
    means = of_tuned[place].drop_duplicates().join(means, on=place).assign(target=FINE_TUNED)
    both = pd.concat([cells.assign(targets=1), means], ignore_index=True)
    counts = ["seeds", "gain_seeds", "n", "targets", "flagged"]
    return both.assign(**{name: both[name].fillna(0).astype("int64") for name in counts})


def languages_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the cells of :func:`with_language_means`.

    For each model and split there is a block of arms × languages, then one of targets × languages for each arm.
    """
    codes = sorted(set(cells["language"]), key=lambda code: (code != ENGLISH, code))
    blocks = [
        block
        for model in study.models
        for split in study.splits
        for block in _language_blocks(cells[(cells["model"] == model) & (cells["split"] == split)], study, codes)
    ]
    notes = [
        "In the first table of a model, gains are unweighted means over the fine-tuned targets that have the language; "
        "the last row gives their number. Columns are means over different targets: compare arms within a language, "
        "not languages within an arm.",
        "Each other table is of one arm: the baseline in points, other arms in gains over it. Bold: the arm is best on "
        "that target and language. Blank: the target does not have the language.",
        *scored_notes(scores, study, targets_of(study)),
    ]
    table = study.language_table()
    names = ", ".join(f"{code} {table[code].name}" for code in codes)
    page = _page(f"Gains by language, study {study.study}", study, blocks, notes)
    return replace(page, below=[f"Languages: {names}."])


def _language_blocks(cells: pd.DataFrame, study: Study, codes: list[str]) -> list[TableBlock]:
    place = cells[["model", "split"]].iloc[0].tolist()
    name, label = ", ".join(place), "-".join([study.study, "languages", *place])
    texts, chances = shown_texts(cells, study, ["target", "arm", "language"]), chance_texts(cells, "target")
    blocks = []
    means = cells[(cells["target"] == FINE_TUNED) & (cells["arm"] == BASELINE)].set_index("language")["targets"]
    if len(means):
        of_means = {key[1:]: text for key, text in texts.items() if key[0] == FINE_TUNED}
        counts = ["targets in the mean", *(str(means.get(code, "")) for code in codes)]
        of_means_cells = cells[cells["target"] == FINE_TUNED]
        rows = [*_rows(of_means, study, codes, chance_texts(of_means_cells, "language")), counts]
        title = f"{name}: arms, mean over fine-tuned targets"
        blocks.append(TableBlock(title, f"{label}-arms", ["arm", *codes], rows))
    for arm in arms_of(study):
        rows = [
            [study.title_of(target), chances[target], *(texts.get((target, arm, code), "") for code in codes)]
            for target in targets_of(study)
        ]
        unit = "points" if arm == BASELINE else "gains"
        title = f"{name}: {arm_label(arm, study)}, {unit}"
        blocks.append(TableBlock(title, f"{label}-{arm}", ["target", CHANCE, *codes], rows))
    return blocks


def _blocks(cells: pd.DataFrame, study: Study, column: str, columns: dict[str, str], name: str) -> list[TableBlock]:
    """Return a block of arms × columns for each model and split.

    ``columns`` are the shown values of the cells' column ``column``, with their headers.
    """
    texts, chances = shown_texts(cells, study, ["model", "split", "arm", column]), chance_texts(cells, column)
    return [
        TableBlock(
            name=f"{model}, {split}",
            label=f"{study.study}-{name}-{model}-{split}",
            header=["arm", *columns.values()],
            rows=_rows(
                {key[2:]: text for key, text in texts.items() if key[:2] == (model, split)}, study, columns, chances
            ),
        )
        for model in study.models
        for split in study.splits
    ]


def _page(title: str, study: Study, blocks: list[TableBlock], notes: list[str]) -> TablePage:
    """Return a page of gains, with the notes that all of them have."""
    texts = {cell for block in blocks for row in block.rows if row is not None for cell in row[1:]}
    unit = f"Row '{arm_label(BASELINE, study)}': points (0–100). Other rows: gains over it in points."
    notes = [f"{unit} {seeds_note(study)}", *notes]
    notes.append(f"'{CHANCE}': {CHANCE_MEANING}.")
    if UNLEARNT in texts:
        notes.append(unlearnt_note())
    if MISSING in texts:
        notes.append(f"{MISSING}: not scored; of a gain or a mean: a score that it needs is missing.")
    if any(text.endswith(FEWER) for text in texts):
        notes.append(fewer_note(study))
    return TablePage(title, study.warning, notes, blocks, strong=_BEST)


def _rows(
    texts: Mapping[tuple[str, ...], str], study: Study, columns: Iterable[str], chances: Mapping[str, str]
) -> list[TableRow]:
    """Return a row per arm, with rules below the baseline, which is in points, and above the controls; then chance."""
    rows: list[TableRow] = []
    kind_above = None
    for arm in arms_of(study):
        kind = (arm == BASELINE, is_control(arm, study))
        if rows and kind != kind_above:
            rows.append(None)
        kind_above = kind
        rows.append([arm_label(arm, study), *(texts.get((arm, name), "") for name in columns)])
    return [*rows, None, [CHANCE, *(chances.get(name, "") for name in columns)]]
