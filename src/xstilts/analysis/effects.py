"""Effects of arms: mean gains by target with intervals, and paired tests of single cells on the same examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from xstilts.analysis.gains import CELL, PLACE, gains, grid
from xstilts.analysis.multiplicity import benjamini_hochberg
from xstilts.analysis.paired import Comparison, by_job, compare, read_examples
from xstilts.analysis.resampling import percentile_interval, resampling_weights
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import ALL, ZERO_SHOT, is_control, primary_scores
from xstilts.scores.labels import metrics_of
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.task import Task

#: Columns of :func:`effects` and of :func:`cell_tests`.
EFFECTS = [*CELL, "gain", "low", "high", "languages", "seeds", "note"]
TESTS = [*CELL, "gain", "measure", "difference", "low", "high", "p", "p_adjusted", "n", "seeds", "reason"]

_DRAWS = 2_000


def effects(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Average the gains of every model, split, arm and target, with a 95 % interval.

    The interval is from the pigeonhole bootstrap (Owen 2007, Annals of Applied Statistics 1): seeds and languages are
    drawn with replacement, independently of each other, because every seed is scored in the same languages. It covers
    seeds and languages like these; with two or three seeds it understates the variance between seeds.

    Returns:
        Up to three rows each, with the columns :data:`EFFECTS`: ``language`` is "mean" for all of the target's
        languages, "en" for English alone, and "zero-shot" for all that are. ``languages`` and ``seeds`` count what
        is averaged. As in the tables, a seed that lacks a language in which any arm is scored is not used, since a mean
        over other languages is another quantity. ``note`` says what an interval leaves out, or why there is no gain.
    """
    scored = primary_scores(scores, study)
    expected = {place: {*languages} for place, languages in scored.groupby(["target", "split"])["language"]}
    by_place = dict(list(gains(scored, study).groupby(PLACE)))
    rows = []
    for place in grid(study)[PLACE].drop_duplicates().itertuples(index=False, name=None):
        _, split, _, target = place
        wide = pd.DataFrame()
        if place in by_place:
            wide = by_place[place].pivot(index="seed", columns="language", values="gain")
        for mean, languages in _means(study, target, expected.get((target, split), set())):
            complete = wide.reindex(columns=languages).dropna().to_numpy() if languages else np.empty((0, 0))
            rows.append((*place, mean, *effect(complete, len(study.seeds))))
    return pd.DataFrame(rows, columns=EFFECTS)


def _means(study: Study, target: str, scored: set[str]) -> Iterator[tuple[str, list[str]]]:
    """The name of each mean, and the scored languages that it is over."""
    all_languages = set(study.languages(target))
    for name, languages in (
        (ALL, all_languages),
        (ENGLISH, all_languages & {ENGLISH}),
        (ZERO_SHOT, all_languages - study.taught(target)),
    ):
        if languages:
            yield name, sorted(languages & scored)


def effect(matrix: np.ndarray, seeds_wanted: int) -> tuple[float, float, float, int, int, str]:
    """Gain, interval, languages, seeds and note of complete (seeds, languages) gains."""
    seeds, languages = matrix.shape
    if not matrix.size:
        return np.nan, np.nan, np.nan, 0, 0, "no seed has a gain in every language"
    notes = [f"{seeds} of {seeds_wanted} seeds"] if seeds < seeds_wanted else []
    low, high = _interval(matrix)
    if matrix.size == 1:
        low = high = np.nan
        notes.append("one seed and one language: no interval")
    elif seeds == 1:
        notes.append("one seed: the interval is over languages alone")
    elif languages == 1:
        notes.append("one language: the interval is over seeds alone")
    return float(matrix.mean()), low, high, languages, seeds, "; ".join(notes)


def _interval(matrix: np.ndarray) -> tuple[float, float]:
    seeds, languages = _drawn(*matrix.shape)
    return percentile_interval(((seeds @ matrix) * languages).sum(axis=1))


@cache
def _drawn(seeds: int, languages: int) -> tuple[np.ndarray, np.ndarray]:
    """The weights of seeds and languages in each draw: the same for all means over so many of them."""
    rng = np.random.default_rng(1)
    return resampling_weights(rng, seeds, _DRAWS), resampling_weights(rng, languages, _DRAWS)


def cell_tests(predictions: Iterable[Path], study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Test every cell of the study: the arm against the baseline on the same examples.

    A test generalises to other examples for the same trained models: with one seed, a difference may be due to that
    seed. It treats examples as independent, although questions on one paragraph are not quite independent.

    Args:
        predictions: The study's files of predictions; those that do not exist count as missing.
        study: The study.
        scores: Its scores.

    Returns:
        A row per cell with the columns :data:`TESTS`. ``difference``, with its 95 % interval and ``p`` (see
        :func:`xstilts.analysis.paired.paired_test`), is over ``n`` examples, each at its mean over ``seeds`` seeds, in
        points of the ``measure``. That is the primary score, of which ``gain`` is the gain, except in tagging: the F1
        of spans is not a mean over sentences, so the test is of the share of a sentence's tags that are right.
        ``p_adjusted`` is by Benjamini and Hochberg over all cells of a split, controls apart from the others.
        ``reason`` says why a cell has no test.

    Raises:
        DataError: A file does not hold predictions.
    """
    comparisons = pd.DataFrame(_comparisons(predictions, study), columns=[*CELL, *Comparison._fields])
    mean_gains = gains(primary_scores(scores, study), study).groupby(CELL, as_index=False)["gain"].mean()
    table = grid(study)[CELL].drop_duplicates().merge(mean_gains, how="left").merge(comparisons, how="left")
    table["reason"] = table["reason"].fillna("no predictions of the arm and the baseline with the same seed")
    table[["n", "seeds"]] = table[["n", "seeds"]].fillna(0).astype("int64")
    table["measure"] = [_measure(study.task(target)) for target in table["target"]]
    control = table["arm"].map({arm: is_control(arm, study) for arm in study.arms})
    table["p_adjusted"] = table.groupby(["split", control])["p"].transform(benjamini_hochberg)
    return table[TESTS]


def _comparisons(predictions: Iterable[Path], study: Study) -> Iterator[tuple[object, ...]]:
    splits = {target: study.splits_of(target) for target in study.targets}
    for (model, _), arms in by_job(predictions).items():
        baseline = {seed: read_examples(path, study) for seed, path in arms.pop(BASELINE, {}).items()}
        for arm, paths in arms.items():
            for (target, language, split), comparison in compare(paths, baseline, study).items():
                if split in splits.get(target, ()):
                    yield model, split if split in study.splits else study.splits[0], arm, target, language, *comparison


def _measure(task: Task) -> str:
    return "share of a sentence's tags" if task.type == "tagging" else metrics_of(task)
