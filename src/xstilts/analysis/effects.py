"""What arms gain over the baseline: seed by seed, by target with intervals, and cell by cell with tests on examples.

A *cell* is a model, split, arm, target and language. Splits are those that the study asks for: a test split that stands
in for a dev split which a release lacks goes by the dev split's name. What is missing is listed, never filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.paired import Comparison, by_job, compare, read_examples
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS
from xstilts.report.gains import ALL, ZERO_SHOT, arms_of, as_asked, by_language, is_control, targets_of
from xstilts.report.labels import metrics_of
from xstilts.study import BASELINE, Study

_PLACE = ["model", "split", "arm", "target"]
CELL = [*_PLACE, "language"]

#: Columns of :func:`gains`, of :func:`effects` and of :func:`cell_tests`.
GAINS = [*CELL, "seed", "baseline", "score", "gain", "n"]
EFFECTS = [*CELL, "gain", "low", "high", "languages", "seeds", "note"]
TESTS = [*CELL, "gain", "measure", "difference", "low", "high", "p", "p_adjusted", "n", "seeds", "reason"]

_DRAWS = 2_000
_SEED = 1


def gains(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per cell and seed that both the arm and the baseline have a score for; none for the baseline itself.

    ``score`` and ``baseline`` are means of the target's headline metrics, ``gain`` is their difference, all in points;
    ``n`` is the number of examples scored. Rows are in the study's order; controls come last.
    """
    found = _scored(scores, study)
    same = [name for name in (*CELL, "seed") if name != "arm"]
    baseline = found[found["arm"] == BASELINE].rename(columns={"score": "baseline"})
    paired = found.merge(baseline[[*same, "baseline"]], on=same)
    paired["gain"] = paired["score"] - paired["baseline"]
    return _grid(study).merge(paired, on=[*CELL, "seed"])[GAINS]


def missing_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per cell and seed of the study without a gain, with the ``reason``."""
    grid, found = _grid(study), pd.MultiIndex.from_frame(_scored(scores, study)[[*CELL, "seed"]])
    has_arm = pd.MultiIndex.from_frame(grid).isin(found)
    has_baseline = pd.MultiIndex.from_frame(grid.assign(arm=BASELINE)).isin(found)
    reasons = np.select(
        [has_arm & has_baseline, has_arm, has_baseline],
        ["", "no score of the baseline", "no score of the arm"],
        "no score of the arm nor of the baseline",
    )
    return grid.assign(reason=reasons)[reasons != ""].reset_index(drop=True)


def _scored(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Headline scores per cell and seed; a metric that is no number is a missing one."""
    return by_language(as_asked(scores.dropna(subset=["score"]), study))


def _grid(study: Study) -> pd.DataFrame:
    """Every cell and seed of the study that a gain is asked for."""
    rows = [
        (model, split if split in study.splits else study.splits[0], arm, target, language, seed)
        for model in study.models
        for arm in arms_of(study)
        if arm != BASELINE
        for target in targets_of(study)
        for split in study.splits_of(target)
        for language in study.languages(target, split)
        for seed in study.seeds
    ]
    return pd.DataFrame(rows, columns=[*CELL, "seed"]).astype({"seed": "int64"})


def effects(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Mean gains of every model, split, arm and target, with a 95 % interval.

    There are three rows of each, as far as the target has such languages: with ``language`` "mean" for all of them,
    "en" for English alone, and "zero-shot" for all but English. ``languages`` and ``seeds`` count what is averaged:
    seeds that lack one of the languages in which any arm is scored count for nothing, as in the tables, since a mean
    over other languages is another quantity. ``note`` says what an interval leaves out, or why there is no gain.

    The interval is from the pigeonhole bootstrap (Owen 2007, Annals of Applied Statistics 1): seeds and languages are
    drawn with replacement, independently of each other, because every seed is scored in the same languages. It is over
    seeds and languages like these; with two or three seeds it understates what seeds differ by.
    """
    scored = _scored(scores, study)
    expected = {place: {*languages} for place, languages in scored.groupby(["target", "split"])["language"]}
    by_place = dict(list(gains(scores, study).groupby(_PLACE)))
    rows = []
    for place in _grid(study)[_PLACE].drop_duplicates().itertuples(index=False, name=None):
        _, split, _, target = place
        wide = pd.DataFrame()
        if place in by_place:
            wide = by_place[place].pivot(index="seed", columns="language", values="gain")
        for part, languages in _parts(study, target, expected.get((target, split), set())):
            complete = wide.reindex(columns=languages).dropna().to_numpy() if languages else np.empty((0, 0))
            rows.append((*place, part, *_effect(complete, len(study.seeds))))
    return pd.DataFrame(rows, columns=EFFECTS)


def _parts(study: Study, target: str, scored: set[str]) -> Iterator[tuple[str, list[str]]]:
    """The means to take, and the scored languages that each is over."""
    asked = set(study.languages(target))
    for part, languages in ((ALL, asked), (ENGLISH, asked & {ENGLISH}), (ZERO_SHOT, asked - {ENGLISH})):
        if languages:
            yield part, sorted(languages & scored)


def _effect(matrix: np.ndarray, seeds_asked: int) -> tuple[float, float, float, int, int, str]:
    """Gain, interval, languages, seeds and note of (seeds, languages) gains without holes."""
    seeds, languages = matrix.shape
    if not matrix.size:
        return np.nan, np.nan, np.nan, 0, 0, "no seed has a gain in every language"
    notes = [f"{seeds} of {seeds_asked} seeds"] if seeds < seeds_asked else []
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
    rng = np.random.default_rng(_SEED)
    seeds, languages = (rng.multinomial(size, np.full(size, 1 / size), _DRAWS) / size for size in matrix.shape)
    low, high = np.quantile(((seeds @ matrix) * languages).sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def cell_tests(predictions: Iterable[Path], study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Every cell of the study with a paired test of the arm against the baseline on the same examples.

    ``predictions`` are the study's files of predictions; those that do not exist count as missing. ``difference``,
    with its 95 % interval and ``p`` (see :func:`xstilts.analysis.paired.paired_test`), is over ``n`` examples, each at
    its mean over ``seeds`` seeds, in points of the ``measure``. That is what ``gain``, the gain of the headline score,
    is in as well, except in tagging: the F1 of spans has no parts that belong to sentences, so what is tested is the
    share of a sentence's tags that are right. ``p_adjusted`` is Benjamini and Hochberg's (1995) over all cells of a
    split, controls apart from the others. ``reason`` says why a cell has no test.

    A test speaks of other examples for the same trained models: with one seed, a difference may be that seed's. It
    takes examples as independent, which questions on one paragraph are not quite.

    Raises:
        DataError: a file is not one of predictions.
    """
    found = pd.DataFrame(_comparisons(predictions, study), columns=[*CELL, *Comparison._fields])
    mean_gains = gains(scores, study).groupby(CELL, as_index=False)["gain"].mean()
    table = _grid(study)[CELL].drop_duplicates().merge(mean_gains, how="left").merge(found, how="left")
    table["reason"] = table["reason"].fillna("no predictions of the arm and the baseline with the same seed")
    table[["n", "seeds"]] = table[["n", "seeds"]].fillna(0).astype("int64")
    table["measure"] = [_measure(target) for target in table["target"]]
    table["p_adjusted"] = np.nan
    tested = table[table["p"].notna()]
    for _, family in tested.groupby(["split", tested["arm"].map(lambda arm: is_control(arm, study))]):
        table.loc[family.index, "p_adjusted"] = stats.false_discovery_control(family["p"])
    return table[TESTS]


def _comparisons(predictions: Iterable[Path], study: Study) -> Iterator[tuple[object, ...]]:
    splits = {target: study.splits_of(target) for target in study.targets}
    for (model, _), arms in by_job(predictions).items():
        baseline = {seed: read_examples(path) for seed, path in arms.pop(BASELINE, {}).items()}
        for arm, paths in arms.items():
            for (target, language, split), comparison in compare(paths, baseline).items():
                if split in splits.get(target, ()):
                    yield model, split if split in study.splits else study.splits[0], arm, target, language, *comparison


def _measure(target: str) -> str:
    return "share of a sentence's tags" if TASKS[target].format == "tagging" else metrics_of(target)
