"""Scores of two studies, paired by seed and language."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from xstilts.analysis.effects import effect
from xstilts.comparing.sides import Side
from xstilts.scores.flags import usable
from xstilts.scores.gains import primary_scores

_PLACE = ["model", "split", "arm", "target"]

#: Columns of :func:`score_rows`: means of both studies and their difference (the second's less the first's) in points,
#: its 95 % interval, and how many languages and seeds both have.
ROWS = [*_PLACE, "one", "other", "difference", "low", "high", "languages", "seeds", "note"]


def score_rows(one: Side, other: Side) -> pd.DataFrame:
    """Compare the means over languages of every arm and target that both studies have.

    A mean is over the languages that both studies scored, with each seed that both have; means of two studies are of
    the same cells. The interval is that of :func:`xstilts.analysis.effects.effects`, of the differences by seed and
    language. Without a seed in common the means are over each study's own seeds, and there is no interval. Scores with
    a flag are left out. Where each study has one model, these are compared, whatever they are called.

    Returns:
        Rows with the columns :data:`ROWS`, in the first study's order.
    """
    frames = [_scored(side) for side in (one, other)]
    if len(one.runs.study.models) == len(other.runs.study.models) == 1:
        frames[1] = frames[1].assign(model=next(iter(one.runs.study.models)))
    keys = [frame[_PLACE].drop_duplicates() for frame in frames]
    shared = keys[0].merge(keys[1], on=_PLACE)
    order = [list(names) for names in (one.runs.study.models, one.runs.study.splits, one.runs.study.arms)]
    order.append(list(one.runs.study.targets))
    ranked = shared.assign(**{
        f"rank {name}": shared[name].map({value: at for at, value in enumerate(names)})
        for name, names in zip(_PLACE, order, strict=True)
    })  # fmt: skip
    places = ranked.sort_values([f"rank {name}" for name in _PLACE])[_PLACE]
    return pd.DataFrame(_rows(places, frames, len(one.runs.study.seeds)), columns=ROWS)


def _scored(side: Side) -> pd.DataFrame:
    assert side.scores is not None, "compared without scores"
    return primary_scores(usable(side.scores), side.runs.study)


def _rows(places: pd.DataFrame, frames: list[pd.DataFrame], seeds: int) -> Iterator[tuple[object, ...]]:
    groups = [dict(list(frame.groupby(_PLACE))) for frame in frames]
    for place in places.itertuples(index=False, name=None):
        wide = [of[place].pivot(index="seed", columns="language", values="score") for of in groups]
        languages = wide[0].columns.intersection(wide[1].columns)
        both = wide[0].index.intersection(wide[1].index)
        matched = [matrix.loc[both, languages] for matrix in wide]
        complete = matched[0].notna().all(axis=1) & matched[1].notna().all(axis=1)
        if len(languages) and complete.any():
            first, second = (matrix[complete].to_numpy() for matrix in matched)
            yield (*place, first.mean(), second.mean(), *effect(second - first, seeds))
        elif len(languages):
            means = [float(matrix[languages].mean(axis=0).mean()) for matrix in wide]
            nothing = float("nan")
            note = "no seed in common: no interval"
            yield (*place, *means, means[1] - means[0], nothing, nothing, len(languages), 0, note)
