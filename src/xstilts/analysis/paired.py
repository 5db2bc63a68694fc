"""Paired comparison of two arms: the points of each example, and a test of the mean difference."""

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

CellKey = tuple[str, str, str]  # target, language, split

_EXACT = 12  # differing examples up to which all 2^n assignments of signs are enumerated
_ROUNDING = 1e-9


class ExamplePoints(NamedTuple):
    """One cell's examples with one seed.

    Attributes:
        ids: (n,) ids.
        points: (n,) score of each example; None where there is a ``reason``.
        reason: Why single examples have no points.
    """

    ids: pa.Array
    points: np.ndarray | None
    reason: str = ""


class Comparison(NamedTuple):
    """A test of one cell.

    Attributes:
        difference: Mean difference in points; this and the next three are NaN where there is a ``reason``.
        low: Lower end of its 95 % interval.
        high: Upper end of the interval.
        p: Two-sided.
        n: Number of examples.
        seeds: Number of seeds.
        reason: Why there is no test.
    """

    difference: float
    low: float
    high: float
    p: float
    n: int
    seeds: int
    reason: str = ""


def without_test(reason: str, n: int = 0, seeds: int = 0) -> Comparison:
    """Make the comparison of a cell that cannot be tested."""
    return Comparison(np.nan, np.nan, np.nan, np.nan, n, seeds, reason)


def read_examples(path: Path, study: Study) -> dict[CellKey, ExamplePoints]:
    """Read the cells of a file of predictions.

    Raises:
        DataError: There is no such file, or it does not hold predictions.
    """
    return dict(_examples(files.read(path, PREDICTIONS), study))


def _examples(table: pa.Table, study: Study) -> Iterator[tuple[CellKey, ExamplePoints]]:
    encoded = [table[name].combine_chunks().dictionary_encode() for name in ("target", "language", "split")]
    codes = np.zeros(len(table), dtype=np.int64)
    for column in encoded:
        codes = codes * len(column.dictionary) + column.indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    if len(set(codes[starts].tolist())) < len(starts):  # the rows of a cell are not contiguous
        yield from _examples(table.take(pa.array(np.argsort(codes, kind="stable"))), study)
        return
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        target, language, split = (column[int(start)].as_py() for column in encoded)
        yield (target, language, split), _points_of_cell(study.task(target), table.slice(start, end - start))


def _points_of_cell(task: Task, rows: pa.Table) -> ExamplePoints:
    ids, points, reason = rows["example"].combine_chunks(), rows["score"].to_numpy(), ""
    if rows["gold"].null_count:
        return ExamplePoints(ids, None, "the release has no gold answers")
    if rows["score"].null_count == len(rows) and task.type == "retrieval":
        points = pair_points(rows["prediction"].combine_chunks(), rows["gold"].combine_chunks())
        reason = "" if np.isfinite(points).all() else "there are neither gold nor predicted pairs"
    elif not np.isfinite(points).all():
        reason = "the metric has no parts that belong to single examples"
    return ExamplePoints(ids, None if reason else points, reason)


def pair_points(predicted: pa.Array, gold: pa.Array) -> np.ndarray:
    """Attribute the F1 of mined pairs to English sentences.

    F1 is a ratio of sums, ``2 hits / (predicted + gold)``. A sentence gets the F1 of all sentences plus its own part of
    the ratio's linear approximation, so that the mean is the F1 and the variance of the mean is that of the F1 (the
    delta method).

    Args:
        predicted: (n,) ids of foreign sentences, separated by blanks.
        gold: (n,) the same of the gold pairs.

    Returns:
        (n,) points; NaN if there are no pairs at all.
    """
    mined, wanted = _count_ids(predicted), _count_ids(gold)
    hits = np.where(pc.equal(predicted, gold).to_numpy(zero_copy_only=False), mined, 0)
    for row in np.flatnonzero((np.minimum(mined, wanted) > 0) & (np.maximum(mined, wanted) > 1)):
        hits[row] = len({*predicted[row].as_py().split()} & {*gold[row].as_py().split()})
    pairs = mined + wanted
    if not pairs.any():
        return np.full(len(pairs), np.nan)
    f1 = 200 * hits.sum() / pairs.sum()
    points: np.ndarray = f1 + (200 * hits - f1 * pairs) / pairs.mean()
    return points


def _count_ids(ids: pa.Array) -> np.ndarray:
    filled = pc.not_equal(ids, "").to_numpy(zero_copy_only=False)
    counts: np.ndarray = pc.count_substring(ids, " ").to_numpy() + filled
    return counts


def compare(
    arm: Mapping[int, Path], baseline: Mapping[int, Mapping[CellKey, ExamplePoints]], study: Study
) -> dict[CellKey, Comparison]:
    """Compare an arm with the baseline on the same examples.

    An example's difference is that of its mean scores over the seeds that both have: the sampled units are examples,
    and the seeds of one example carry no information about others.

    Args:
        arm: Files of predictions by seed.
        baseline: As :func:`read_examples` returns them, by seed.
        study: Declares the targets.

    Returns:
        A comparison per cell that the arm has predictions for.
    """
    sums: dict[CellKey, np.ndarray] = {}
    ids: dict[CellKey, pa.Array] = {}
    seeds: dict[CellKey, int] = {}
    reasons: dict[CellKey, str] = {}
    for seed in sorted(arm.keys() & baseline.keys()):
        for cell, own in read_examples(arm[seed], study).items():
            order = ids.setdefault(cell, own.ids)
            difference = _difference(own, baseline[seed].get(cell), order)
            if isinstance(difference, str):
                reasons[cell] = difference
            else:
                sums[cell] = sums.get(cell, 0) + difference
                seeds[cell] = seeds.get(cell, 0) + 1
    tested = {cell: paired_test(total / seeds[cell], seeds[cell]) for cell, total in sums.items()}
    return {**{cell: without_test(reason) for cell, reason in reasons.items()}, **tested}


def _difference(own: ExamplePoints, other: ExamplePoints | None, order: pa.Array) -> np.ndarray | str:
    """(n,) points of one minus those of the other, by the ids in ``order``; or the reason why there are none."""
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
    """The index in ``ids`` of each id in ``order``; None if the two are not the same ids."""
    if ids.equals(order):
        return slice(None)
    if len(ids) != len(order):
        return None
    places = pc.index_in(order, value_set=ids)
    return None if places.null_count else places.to_numpy()


def paired_test(differences: np.ndarray, seeds: int = 1) -> Comparison:
    """Test the hypothesis that the mean difference over (n,) examples, in points, is 0.

    p is that of the paired t test, which takes a thousandth of the time of 20,000 sign flips and agrees with them to
    0.01 on graded scores; on scores of 0 and 100 it rejects slightly more often than sign flips, whose p has few
    values, and still keeps its level. Where few examples differ it is anticonservative (3 of 1000, all the same way:
    0.08 instead of 0.25): up to twelve of them all flips are enumerated, and beyond no p is smaller than flips could
    give. The interval is always Student's.
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
    """Group the files of predictions that exist by model and training set, then arm, then seed.

    Raises:
        ValueError: A path does not end in {model}/{arm}/{training set}/seed{seed}.parquet.
    """
    jobs: dict[tuple[str, str], dict[str, dict[int, Path]]] = {}
    for path in sorted(path for path in paths if path.is_file()):
        model, arm, training_set, _ = path.parts[-4:]
        jobs.setdefault((model, training_set), {}).setdefault(arm, {})[int(path.stem.removeprefix("seed"))] = path
    return jobs
