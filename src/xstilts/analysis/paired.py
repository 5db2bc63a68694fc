"""Two arms compared on the same examples: what each example scores, and whether the difference is more than chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from xstilts.config.study import Study
from xstilts.scores import parquet_files as files
from xstilts.scores.score_files import PREDICTIONS
from xstilts.tasks.task import Task

Cell = tuple[str, str, str]  # target, language, split

_EXACT = 12  # differing examples up to which all 2^n assignments of signs are gone through
_ROUNDING = 1e-9


class Examples(NamedTuple):
    """One cell's examples with one seed: ids, and (n,) points of each; no points where there is a ``reason``."""

    ids: pa.Array
    points: np.ndarray | None
    reason: str = ""


class Comparison(NamedTuple):
    """Mean difference in points with its 95 % interval and two-sided p, over ``n`` examples and ``seeds`` seeds; all
    NaN where there is a ``reason``."""

    difference: float
    low: float
    high: float
    p: float
    n: int
    seeds: int
    reason: str = ""


def without_test(reason: str, n: int = 0, seeds: int = 0) -> Comparison:
    return Comparison(np.nan, np.nan, np.nan, np.nan, n, seeds, reason)


def read_examples(path: Path, study: Study) -> dict[Cell, Examples]:
    """The cells of a file of predictions.

    Raises:
        DataError: there is no such file, or it is not one of predictions.
    """
    return dict(_examples(files.read(path, PREDICTIONS), study))


def _examples(table: pa.Table, study: Study) -> Iterator[tuple[Cell, Examples]]:
    encoded = [table[name].combine_chunks().dictionary_encode() for name in ("target", "language", "split")]
    codes = np.zeros(len(table), dtype=np.int64)
    for column in encoded:
        codes = codes * len(column.dictionary) + column.indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    if len(set(codes[starts].tolist())) < len(starts):  # the rows of a cell do not stand together
        yield from _examples(table.take(pa.array(np.argsort(codes, kind="stable"))), study)
        return
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        target, language, split = (column[int(start)].as_py() for column in encoded)
        yield (target, language, split), _of_cell(study.task(target), table.slice(start, end - start))


def _of_cell(task: Task, rows: pa.Table) -> Examples:
    ids, points, reason = rows["example"].combine_chunks(), rows["score"].to_numpy(), ""
    if rows["gold"].null_count:
        return Examples(ids, None, "the release has no gold answers")
    if rows["score"].null_count == len(rows) and task.type == "retrieval":
        points = pair_points(rows["prediction"].combine_chunks(), rows["gold"].combine_chunks())
        reason = "" if np.isfinite(points).all() else "there are neither gold nor predicted pairs"
    elif not np.isfinite(points).all():
        reason = "the metric has no parts that belong to single examples"
    return Examples(ids, None if reason else points, reason)


def pair_points(predicted: pa.Array, gold: pa.Array) -> np.ndarray:
    """(n,) what each English sentence adds to the F1 of mined pairs: their mean is the F1, in points.

    Both arrays hold ids of foreign sentences with a blank between them. F1 is a ratio of sums, ``2 hits / (predicted +
    gold)``; a sentence gets the F1 of all, plus its own part of the ratio's linear approximation, so that the variance
    of the mean is that of the F1 (the delta method). NaN where there are no pairs at all.
    """
    found, wanted = _count(predicted), _count(gold)
    hits = np.where(pc.equal(predicted, gold).to_numpy(zero_copy_only=False), found, 0)
    for row in np.flatnonzero((np.minimum(found, wanted) > 0) & (np.maximum(found, wanted) > 1)):
        hits[row] = len({*predicted[row].as_py().split()} & {*gold[row].as_py().split()})
    pairs = found + wanted
    if not pairs.any():
        return np.full(len(pairs), np.nan)
    f1 = 200 * hits.sum() / pairs.sum()
    points: np.ndarray = f1 + (200 * hits - f1 * pairs) / pairs.mean()
    return points


def _count(ids: pa.Array) -> np.ndarray:
    filled = pc.not_equal(ids, "").to_numpy(zero_copy_only=False)
    counts: np.ndarray = pc.count_substring(ids, " ").to_numpy() + filled
    return counts


def compare(
    arm: Mapping[int, Path], baseline: Mapping[int, Mapping[Cell, Examples]], study: Study
) -> dict[Cell, Comparison]:
    """By cell, an arm's files against the baseline's examples, both by seed.

    An example's difference is that of its mean scores over the seeds that both have: examples are what is sampled, and
    the seeds of one example say nothing about others.
    """
    sums: dict[Cell, np.ndarray] = {}
    ids: dict[Cell, pa.Array] = {}
    seeds: dict[Cell, int] = {}
    reasons: dict[Cell, str] = {}
    for seed in sorted(arm.keys() & baseline.keys()):
        for cell, own in read_examples(arm[seed], study).items():
            order = ids.setdefault(cell, own.ids)
            found = _difference(own, baseline[seed].get(cell), order)
            if isinstance(found, str):
                reasons[cell] = found
            else:
                sums[cell] = sums.get(cell, 0) + found
                seeds[cell] = seeds.get(cell, 0) + 1
    tested = {cell: paired_test(total / seeds[cell], seeds[cell]) for cell, total in sums.items()}
    return {**{cell: without_test(reason) for cell, reason in reasons.items()}, **tested}


def _difference(own: Examples, other: Examples | None, order: pa.Array) -> np.ndarray | str:
    """(n,) points of one minus those of the other, by the ids in ``order``; or why there are none."""
    if other is None:
        return "no predictions of the baseline"
    if own.points is None or other.points is None:
        return own.reason or other.reason
    places = [_places(order, examples.ids) for examples in (own, other)]
    if places[0] is None or places[1] is None:
        return "the predictions are not for the same examples"
    difference: np.ndarray = own.points[places[0]] - other.points[places[1]]
    return difference


def _places(order: pa.Array, ids: pa.Array) -> np.ndarray | slice | None:
    """Where each of the ids in ``order`` stands; None where the others are not the same ids."""
    if ids.equals(order):
        return slice(None)
    if len(ids) != len(order):
        return None
    places = pc.index_in(order, value_set=ids)
    return None if places.null_count else places.to_numpy()


def paired_test(differences: np.ndarray, seeds: int = 1) -> Comparison:
    """Test of a mean difference of 0 over (n,) examples, in points.

    p is that of the paired t test, which takes a thousandth of the time of 20,000 sign flips and agrees with them to
    0.01 on graded scores; on right or wrong it rejects a little more readily than the flips, which are few-valued, and
    still keeps its level. Where few examples differ it is too sure of itself (3 of 1000, all the same way: 0.08, and
    not 0.25): up to twelve of them all flips are gone through, and beyond no p is smaller than flips could give. The
    interval is Student's throughout.
    """
    n = len(differences)
    if n < 2:
        return without_test("fewer than 2 examples", n, seeds)
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / n**0.5
    margin = float(special.stdtrit(n - 1, 0.975)) * error
    differing = differences[np.abs(differences) > _ROUNDING]
    if len(differing) <= _EXACT:
        p = _sign_flip(differing)
    else:
        t_test = 2 * float(special.stdtr(n - 1, -abs(mean) / error)) if error else 0.0
        p = max(t_test, 2.0 ** (1 - len(differing)))
    return Comparison(mean, mean - margin, mean + margin, p, n, seeds)


def _sign_flip(differing: np.ndarray) -> float:
    """Share of all assignments of signs whose sum is at least as far from 0; 1 where nothing differs."""
    sums = np.abs(_signs(len(differing)) @ differing)
    return float((sums >= abs(differing.sum()) - _ROUNDING).mean())


@cache
def _signs(count: int) -> np.ndarray:
    """(2^count, count) of −1 and 1."""
    return 1 - 2.0 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)


def by_job(paths: Iterable[Path]) -> dict[tuple[str, str], dict[str, dict[int, Path]]]:
    """By model and training set, then arm, then seed, those files of predictions that exist.

    Raises:
        ValueError: a path does not end in {model}/{arm}/{training set}/seed{seed}.parquet.
    """
    jobs: dict[tuple[str, str], dict[str, dict[int, Path]]] = {}
    for path in sorted(path for path in paths if path.is_file()):
        model, arm, what, _ = path.parts[-4:]
        jobs.setdefault((model, what), {}).setdefault(arm, {})[int(path.stem.removeprefix("seed"))] = path
    return jobs
