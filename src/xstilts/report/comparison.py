"""Our scores beside published ones, and what is different about them.

A published score is compared with the study's arm of the same name, in the same target, language, split and metric.
What was published for arms that a study cannot have, such as the best arm for each target, stands there without a score
of ours: choosing an arm by the scores that are compared would flatter it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from xstilts.config.study import Study
from xstilts.report.differences import differences
from xstilts.report.typeset import Block, Page, Row
from xstilts.scores.gains import by_language, over_languages, scored_languages, targets_of
from xstilts.scores.labels import FEWER, MISSING, fewer_note, metric_label, metrics_of, seeds_note, signed
from xstilts.tasks.benchmarks import AGGREGATES, title_of
from xstilts.tasks.protocols import PROTOCOLS, SYSTEMS
from xstilts.tasks.published import HEADLINE, MARKS, MEAN, Published, published
from xstilts.tasks.registry import TASKS

#: One row per published score; ``ours`` is the mean over ``seeds`` seeds, each of ``n`` examples. Scores in points.
COLUMNS = [
    "model", "system", "arm", "target", "language", "split", "metric", "ours", "seeds", "n", "published", "difference",
    "mark", "source", "protocol", "note",
]  # fmt: skip

_HEADER = ["target", "split", "language", "metric", "arm", "ours", "n", "published", "difference", "mark", "source"]
_KIND = ["model", "arm", "target", "split", "language", "metric"]


class _Ours(NamedTuple):
    score: float
    seeds: int
    n: int


_Scored = dict[tuple[str, ...], _Ours]  # by model, arm, target, split, language and metric


def compared(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Published scores of the study's targets and splits beside its own, with the columns :data:`COLUMNS`.

    There are no rows where nothing of the study can be compared.
    """
    if study.source.kind == "synthetic":
        return pd.DataFrame(columns=COLUMNS)
    ours = _ours(scores, study)
    found = [_beside(one, model, ours, study) for model in study.models for one in _in_order(study)]
    table = pd.DataFrame([row for row in found if row], columns=COLUMNS)
    return table if (table["seeds"] > 0).any() else table[:0]


def comparison_page(rows: pd.DataFrame, study: Study) -> Page:
    """The page of compared scores: means over languages first, then single languages, then all differences."""
    title = f"Beside published scores, study {study.study}"
    if rows.empty:
        return Page(title, study.warning, [_why_nothing(study)], [])
    notes = [
        f"Points (0–100). {seeds_note(study)} n: examples scored with each seed.",
        f"Marks: {'; '.join(f'{mark}: {meaning}' for mark, meaning in MARKS.items())}.",
        "What is known to be different about how the scores came about stands below the tables.",
    ]
    if (rows["seeds"] == 0).any():
        notes.append(f"{MISSING}: published for an arm that the study does not have.")
    if rows["seeds"].between(0, len(study.seeds), inclusive="neither").any():
        notes.append(fewer_note(study))
    blocks = [
        Block(f"{model}, {what}", f"{study.study}-published-{model}-{place}", _HEADER, _rows(part, study))
        for model, of_model in rows.groupby("model", sort=False)
        for place, (what, part) in enumerate(_parts(of_model))
    ]
    return Page(title, study.warning, notes, blocks, list(_below(rows, study)))


def _in_order(study: Study) -> list[Published]:
    """Published scores of the study's targets, one after the other, and of aggregates; a target's baseline first."""
    order = {target: place for place, target in enumerate([*targets_of(study), *AGGREGATES])}
    wanted = [one for one in published() if one.target in order]
    return sorted(wanted, key=lambda one: (order[one.target], one.split, one.arm not in study.arms))


def _beside(one: Published, model: str, ours: _Scored, study: Study) -> list[str | float] | None:
    """A row of the table; None where the study has no score of the kind, or none yet of an arm that it has."""
    # what some call the dev split of a task with a single public evaluation set is the test split to a study
    split = one.split if one.target not in TASKS or TASKS[one.target].has(one.split) else "test"
    kind = (one.target, split, one.language, one.metric)
    mine = ours.get((model, one.arm, *kind))
    if mine is None:
        if one.arm in study.arms or not any((model, arm, *kind) in ours for arm in study.arms):
            return None
        mine = _Ours(float("nan"), 0, 0)
    return [
        model, one.system, one.arm, one.target, one.language, split, one.metric, *mine, one.score,
        mine.score - one.score, one.mark, one.source, one.protocol, one.note,
    ]  # fmt: skip


def _ours(scores: pd.DataFrame, study: Study) -> _Scored:
    """All that the study scores: languages, the means over them, and the aggregates that papers print."""
    headline = by_language(scores, study).assign(metric=HEADLINE)
    per_seed = pd.concat([scores[headline.columns], headline])
    expected = scored_languages(scores)
    means = [over_languages(part, expected, MEAN).assign(metric=metric) for metric, part in per_seed.groupby("metric")]
    groups = pd.concat([per_seed, *means]).sort_values("seed").groupby(_KIND)
    found = pd.DataFrame({"score": groups["score"].mean(), "seeds": groups.size(), "n": groups["n"].max()})
    ours = {key: _Ours(score, seeds, n) for key, score, seeds, n in found.itertuples(name=None)}
    for model, arm, split in dict.fromkeys((model, arm, split) for model, arm, _, split, _, _ in ours):
        for name, parts in AGGREGATES.items():
            of_parts = [[ours.get((model, arm, task, split, MEAN, HEADLINE)) for task in tasks] for tasks in parts]
            known = [[cell for cell in cells if cell] for cells in of_parts]
            if known == of_parts:
                ours[model, arm, name, split, MEAN, HEADLINE] = _aggregate(known)
    return ours


def _aggregate(parts: Sequence[Sequence[_Ours]]) -> _Ours:
    """The mean of the parts' means; with as many seeds as the task that has the fewest."""
    means = [sum(cell.score for cell in part) / len(part) for part in parts]
    cells = [cell for part in parts for cell in part]
    return _Ours(sum(means) / len(means), min(cell.seeds for cell in cells), sum(cell.n for cell in cells))


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """What each block shows."""
    single = rows["language"] != MEAN
    if not single.all():
        yield "means over languages", rows[~single]
    for target, part in rows[single].groupby("target", sort=False):
        yield f"{title_of(str(target))} by language", part


def _rows(part: pd.DataFrame, study: Study) -> list[Row]:
    """Rules set off targets."""
    rows: list[Row] = []
    for target, of_target in part.groupby("target", sort=False):
        rows += [None] * bool(rows)
        for values in of_target.to_dict("records"):
            mine = [MISSING, "", MISSING]
            if values["seeds"]:
                fewer = FEWER * (values["seeds"] < len(study.seeds))
                mine = [f"{values['ours']:.1f}{fewer}", str(values["n"]), signed(values["difference"])]
            score, n, difference = mine
            arm = f"{SYSTEMS[values['system']].title}, {values['arm']}"
            where = [
                title_of(str(target)),
                values["split"],
                values["language"],
                _metric(str(target), values["metric"]),
                arm,
            ]
            theirs = f"{values['published']:.1f}"
            rows.append([*where, score, n, theirs, difference, values["mark"], values["source"]])
    return rows


def _metric(target: str, metric: str) -> str:
    return metrics_of(TASKS[target]) if metric == HEADLINE and target in TASKS else metric_label(metric)


def _below(rows: pd.DataFrame, study: Study) -> Iterator[str]:
    """Per target and origin of published scores, all that is different about the study's; then notes on single rows."""
    kinds = rows.loc[rows["target"].isin(list(TASKS)), ["target", "split", "system", "protocol"]].drop_duplicates()
    for target, split, system, protocol in kinds.itertuples(index=False, name=None):
        found = "; ".join(differences(study, target, protocol, system, split)) or "none known"
        origin = f"{SYSTEMS[system].title} by {PROTOCOLS[protocol].citation}"
        yield f"{title_of(target)}, {split}, beside {origin}. Differences: {found}."
    noted = rows.loc[rows["note"] != "", ["target", "source", "note"]].drop_duplicates()
    for target, source, note in noted.itertuples(index=False, name=None):
        yield f"{title_of(target)} in {source}: {note}."


def _why_nothing(study: Study) -> str:
    if study.source.kind == "synthetic":
        return "Nothing is compared: published scores are of real languages and tasks, this study's are synthetic."
    return (
        "Nothing is compared: no score with a known source was published for a target, language, split and metric that "
        "the study has a score of."
    )
