"""The study's scores next to published ones, with the differences between the two protocols.

A published score is compared with the study's arm of the same name, on the same target, language, split and metric.
Only XTREME's tasks have published scores. Published arms that a study cannot have, such as the best arm for each
target, are listed without a score of the study: selecting the best arm by the compared scores would bias it upwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from xstilts.config.study import Study
from xstilts.report.differences import differences
from xstilts.report.typeset import TableBlock, TablePage, TableRow
from xstilts.scores.chance import chance
from xstilts.scores.gains import benchmark_targets, by_language, over_languages, scored_languages, task_cells
from xstilts.scores.labels import (
    CHANCE,
    CHANCE_MEANING,
    FEWER,
    MISSING,
    fewer_note,
    metric_label,
    metrics_of,
    seeds_note,
)
from xstilts.tasks.benchmarks import AGGREGATES, AVERAGE
from xstilts.tasks.protocols import PROTOCOLS, SYSTEMS
from xstilts.tasks.published import GAIN, HEADLINE, MARKS, MEAN, Published, published
from xstilts.tasks.registry import TARGET_TASKS, TASKS
from xstilts.wording import signed

#: One row per published score; ``ours`` is the study's mean over ``seeds`` seeds of ``n`` examples each, in points.
COLUMNS = [
    "model", "system", "arm", "target", "language", "split", "metric", "ours", "seeds", "n", "chance", "published",
    "difference", "mark", "source", "protocol", "note",
]  # fmt: skip

_HEADER = [
    "target", "split", "language", "metric", "arm", "ours", "n", "chance", "published", "difference", "mark", "source",
]  # fmt: skip
_OF_GAINS = ["model", "arm", "split", "gain", "gain_seeds", "n"]
_KEY = ["model", "arm", "target", "split", "language", "metric"]


class _StudyScore(NamedTuple):
    score: float
    seeds: int
    n: int


_StudyScores = dict[tuple[str, ...], _StudyScore]  # by model, arm, target, split, language and metric


def comparison_rows(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compare a study's scores with the published ones for its targets and splits.

    Returns:
        A frame with the columns :data:`COLUMNS`; empty if no published score can be compared.
    """
    if study.source.kind == "synthetic":
        return pd.DataFrame(columns=COLUMNS)
    ours = _study_scores(scores, study)
    rows = [_comparison_row(one, model, ours, study) for model in study.models for one in _published_scores(study)]
    table = pd.DataFrame([row for row in rows if row], columns=COLUMNS)
    return table if (table["seeds"] > 0).any() else table[:0]


def comparison_page(rows: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the rows of :func:`comparison_rows`: means over languages, then single languages, then differences."""
    title = f"Comparison with published scores, study {study.study}"
    if rows.empty:
        return TablePage(title, study.warning, [_no_comparison_note(study)], [])
    notes = [
        f"Points (0–100). {seeds_note(study)} n: examples scored per seed. {CHANCE}: {CHANCE_MEANING}.",
        f"Marks: {'; '.join(f'{mark}: {meaning}' for mark, meaning in MARKS.items())}.",
        "Known differences in protocol are listed below the tables.",
    ]
    if (rows["seeds"] == 0).any():
        notes.append(f"{MISSING}: published for an arm that the study does not have.")
    if rows["seeds"].between(0, len(study.seeds), inclusive="neither").any():
        notes.append(fewer_note(study))
    blocks = [
        TableBlock(f"{model}, {name}", f"{study.study}-published-{model}-{place}", _HEADER, _table_rows(part, study))
        for model, of_model in rows.groupby("model", sort=False)
        for place, (name, part) in enumerate(_named_parts(of_model, study))
    ]
    return TablePage(title, study.warning, notes, blocks, list(_protocol_notes(rows, study)))


def _published_scores(study: Study) -> list[Published]:
    """Return the published scores of the study's targets, target by target, then aggregates; baselines first."""
    order = {target: place for place, target in enumerate([*benchmark_targets(study), *AGGREGATES])}
    wanted = [one for one in published() if one.target in order and _same_languages(one, study)]
    return sorted(wanted, key=lambda one: (order[one.target], one.split, one.arm not in study.arms))


def _same_languages(one: Published, study: Study) -> bool:
    """Whether a published mean is over the languages that the study's benchmark has."""
    tasks = [task for tasks in AGGREGATES.get(one.target, ((one.target,),)) for task in tasks]
    return one.language != MEAN or all(study.task(task).languages == TASKS[task].languages for task in tasks)


def _comparison_row(one: Published, model: str, ours: _StudyScores, study: Study) -> list[str | float] | None:
    """Return a row of the table; None if the study has no such score, or none yet of an arm that it has."""
    # what some papers call the dev split of a task with a single public evaluation set is the study's test split
    split = one.split if one.target in AGGREGATES or study.task(one.target).has(one.split) else "test"
    kind = (one.target, split, one.language, one.metric)
    mine = ours.get((model, one.arm, *kind))
    if mine is None:
        if one.arm in study.arms or not any((model, arm, *kind) in ours for arm in study.arms):
            return None
        mine = _StudyScore(float("nan"), 0, 0)
    return [
        model, one.system, one.arm, one.target, one.language, split, one.metric, *mine,
        float("nan") if one.target in AGGREGATES else chance(study.task(one.target)), one.score,
        mine.score - one.score, one.mark, one.source, one.protocol, one.note,
    ]  # fmt: skip


def _study_scores(scores: pd.DataFrame, study: Study) -> _StudyScores:
    """Average the study's scores over seeds: single languages, means over languages, and published aggregates."""
    headline = by_language(scores, study).assign(metric=HEADLINE)
    per_seed = pd.concat([scores[headline.columns], headline])
    expected = scored_languages(scores)
    means = [over_languages(part, expected, MEAN).assign(metric=metric) for metric, part in per_seed.groupby("metric")]
    groups = pd.concat([per_seed, *means]).sort_values("seed").groupby(_KEY)
    cells = pd.DataFrame({"score": groups["score"].mean(), "seeds": groups.size(), "n": groups["n"].max()})
    ours = {key: _StudyScore(score, seeds, n) for key, score, seeds, n in cells.itertuples(name=None)}
    for model, arm, split in dict.fromkeys((model, arm, split) for model, arm, _, split, _, _ in ours):
        for name, parts in AGGREGATES.items():
            of_parts = [[ours.get((model, arm, task, split, MEAN, HEADLINE)) for task in tasks] for tasks in parts]
            known = [[cell for cell in cells if cell] for cells in of_parts]
            if known == of_parts:
                ours[model, arm, name, split, MEAN, HEADLINE] = _aggregate(known)
    return ours | _gains(scores, study)


def _gains(scores: pd.DataFrame, study: Study) -> _StudyScores:
    """Return the gains in XTREME's average, of studies that have all of its targets."""
    if set(benchmark_targets(study)) != set(TARGET_TASKS):
        return {}
    cells = task_cells(scores, study)
    cells = cells[(cells["target"] == AVERAGE) & cells["gain"].notna()]
    return {
        (model, arm, AVERAGE, split, MEAN, GAIN): _StudyScore(gain, seeds, n)
        for model, arm, split, gain, seeds, n in cells[_OF_GAINS].itertuples(index=False, name=None)
    }


def _aggregate(parts: Sequence[Sequence[_StudyScore]]) -> _StudyScore:
    """Average the parts' means; the number of seeds is that of the task with the fewest."""
    means = [sum(cell.score for cell in part) / len(part) for part in parts]
    cells = [cell for part in parts for cell in part]
    return _StudyScore(sum(means) / len(means), min(cell.seeds for cell in cells), sum(cell.n for cell in cells))


def _named_parts(rows: pd.DataFrame, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the rows of each block."""
    single = rows["language"] != MEAN
    if not single.all():
        yield "means over languages", rows[~single]
    for target, part in rows[single].groupby("target", sort=False):
        yield f"{study.title_of(str(target))} by language", part


def _table_rows(part: pd.DataFrame, study: Study) -> list[TableRow]:
    """Return a block's rows, with rules between targets."""
    rows: list[TableRow] = []
    for target, of_target in part.groupby("target", sort=False):
        rows += [None] * bool(rows)
        for values in of_target.to_dict("records"):
            score, n, difference = MISSING, "", MISSING
            if values["seeds"]:
                fewer = FEWER * (values["seeds"] < len(study.seeds))
                score, n = f"{values['ours']:.1f}{fewer}", str(values["n"])
                difference = signed(values["difference"], 1)
            place = [
                study.title_of(str(target)),
                values["split"],
                values["language"],
                _metric_text(str(target), values["metric"], study),
                f"{SYSTEMS[values['system']].title}, {values['arm']}",
            ]
            theirs = f"{values['published']:.1f}"
            guessing = "" if pd.isna(values["chance"]) else f"{values['chance']:.1f}"
            rows.append([*place, score, n, guessing, theirs, difference, values["mark"], values["source"]])
    return rows


def _metric_text(target: str, metric: str, study: Study) -> str:
    if metric == HEADLINE and target not in AGGREGATES:
        return metrics_of(study.task(target))
    return metric_label(metric)


def _protocol_notes(rows: pd.DataFrame, study: Study) -> Iterator[str]:
    """Yield the differences of each target from each origin of published scores, then the notes on single rows."""
    of_targets = ~rows["target"].isin(list(AGGREGATES))
    kinds = rows.loc[of_targets, ["target", "split", "system", "protocol"]].drop_duplicates()
    for target, split, system, protocol in kinds.itertuples(index=False, name=None):
        known = "; ".join(differences(study, target, protocol, system, split)) or "none known"
        origin = f"{SYSTEMS[system].title} by {PROTOCOLS[protocol].citation}"
        yield f"{study.title_of(target)}, {split}, compared with {origin}. Differences: {known}."
    noted = rows.loc[rows["note"] != "", ["target", "source", "note"]].drop_duplicates()
    for target, source, note in noted.itertuples(index=False, name=None):
        yield f"{study.title_of(target)} in {source}: {note}."


def _no_comparison_note(study: Study) -> str:
    if study.source.kind == "synthetic":
        return "Nothing is compared: published scores are of real languages and tasks, this study's are synthetic."
    return (
        "Nothing is compared: no score with a known source was published for a target, language, split and metric that "
        "the study has a score of."
    )
