"""The mixed model that gains are regressed with: languages and genera as random effects, tested by genera.

``y = cell + slope * predictor + covariates + genus + language + place + noise`` with a fixed effect per cell and
independent normal random effects. Cells (say, arm:target) are swept out first; what is left is fitted by REML from
cross-products alone, with the effects' SDs relative to the noise as parameters (the profiled criterion of Bates et al.
2015, arXiv 1406.5823). On XTREME's layout, 1,395 rows, that takes a twentieth of a second where
statsmodels' fit by formula takes two, and so makes simulations affordable; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg, optimize, stats

MIXED, CLUSTERED = "mixed model", "least squares, errors clustered by genus"
DRAWS = 2_000

_RANDOM = ("genus", "language", "place")
_STARTS = (0.7, 0.1, 3.0)  # relative SDs that the search starts from, one after the other until it converges
_NO_VARIANCE = 1e-10  # share of a column's variance


@dataclass(frozen=True)
class Fit:
    """``slope`` per unit of the predictor, its standard error and two-sided p by t with ``genera - 2`` df.

    ``low`` and ``high``: 95 % interval from the same t. ``coefficients`` holds those of predictor and covariates by
    column; ``dropped`` are covariates without variance of their own. ``spread``: SD of each random effect relative to
    the noise's, without those that the data cannot tell apart.
    """

    slope: float
    error: float
    df: int
    p: float
    low: float
    high: float
    partial_r2: float
    method: str
    coefficients: dict[str, float]
    dropped: tuple[str, ...]
    spread: dict[str, float]
    rows: int
    languages: int
    genera: int


def fit(table: pd.DataFrame, response: str, predictor: str, covariates: Sequence[str] = ()) -> Fit | None:
    """Fit rows with the columns named, ``cell``, ``language``, ``genus`` and ``place`` (target and language).

    A random effect that has a level per row, or the same levels as a coarser one, is left out: it is that one. Where
    the search does not converge, least squares with errors clustered by genus (CR1) take its place, as ``method`` says.
    None where nothing can be estimated: fewer than three genera, or no variance in the response or the predictor that
    is left within cells.
    """
    columns = [response, predictor, *covariates]
    table = table.dropna(subset=columns)
    genera = table["genus"].nunique()
    if genera < 3:
        return None
    cells = table["cell"].to_numpy()
    y = _swept(table[response].to_numpy(dtype=float)[:, None], cells)[:, 0]
    used, dropped = _independent(table, columns[1:], cells)
    if predictor not in used or _flat(y, table[response].to_numpy(dtype=float)):
        return None
    x = _swept(table[used].to_numpy(dtype=float), cells)
    free = len(table) - table["cell"].nunique() - len(used)
    if free < 1:
        return None
    random = _random_effects(table)
    found = _reml(x, y, {name: _swept(dummies, cells) for name, dummies in random.items()}, free)
    method = MIXED
    if found is None:
        method, found = CLUSTERED, _clustered(x, y, table["genus"].to_numpy(), free)
    coefficients, error, spread = found
    if not error > 0:
        return None
    slope, df = float(coefficients[0]), genera - 2
    t, margin = slope / error, float(stats.t.ppf(0.975, df)) * error
    return Fit(
        slope=slope,
        error=error,
        df=df,
        p=float(2 * stats.t.sf(abs(t), df)),
        low=slope - margin,
        high=slope + margin,
        partial_r2=t**2 / (t**2 + df),
        method=method,
        coefficients=dict(zip(used, map(float, coefficients), strict=True)),
        dropped=tuple(dropped),
        spread=spread,
        rows=len(table),
        languages=table["language"].nunique(),
        genera=genera,
    )


def bootstrap(
    table: pd.DataFrame, response: str, predictor: str, found: Fit, draws: int = DRAWS, seed: int = 1
) -> tuple[float, float]:
    """95 % interval of the slope: expanded percentiles over ``draws`` samples of genera with replacement.

    Plain percentiles are too narrow with twenty genera; Hesterberg 2015 (arXiv 1411.5279) takes wider ones, as wide
    as t and the bias of the bootstrap's variance make them, here with ``genera - 2`` df as in the test.
    docs/calibration.md has the coverage. Slopes are by generalised least squares with the random effects' SDs held at
    those of ``found``: fitting them anew in each draw would take minutes. Genera are independent in the model, so that
    each adds its own part to the normal equations; a cell that a draw has no row of has no part in it.
    """
    used = [predictor, *(name for name in found.coefficients if name != predictor)]
    table = table.dropna(subset=[response, *used]).reset_index(drop=True)
    codes, cells = pd.factorize(table["cell"])
    design = np.hstack([table[used].to_numpy(dtype=float), np.eye(len(cells))[codes]])
    y, random = table[response].to_numpy(dtype=float), _random_effects(table)
    products, sides = [], []
    for rows in table.groupby("genus").indices.values():
        z = np.hstack([random[name][rows] * sd for name, sd in found.spread.items()] or [np.zeros((len(rows), 1))])
        v = np.eye(len(rows)) + z @ z.T
        weighted = linalg.solve(v, np.column_stack([design[rows], y[rows]]), assume_a="pos")
        products.append(design[rows].T @ weighted[:, :-1])
        sides.append(design[rows].T @ weighted[:, -1])
    rng, genera = np.random.default_rng(seed), len(sides)
    counts = rng.multinomial(genera, np.full(genera, 1 / genera), size=draws).astype(float)
    equations = np.array(products), np.array(sides)
    slopes = [_solved(count, *equations) for count in counts]
    tail = float(stats.norm.cdf(stats.t.ppf(0.025, found.df) * np.sqrt(genera / (genera - 1))))
    low, high = np.quantile(slopes, [tail, 1 - tail])
    return float(low), float(high)


def _solved(counts: np.ndarray, products: np.ndarray, sides: np.ndarray) -> float:
    """First coefficient of the summed normal equations, each genus ``counts`` times.

    Columns that the genera drawn have nothing of, or that are collinear in them, count as 0.
    """
    matrix = np.tensordot(counts, products, 1)
    size = np.diag(matrix)
    matrix[np.diag_indices_from(matrix)] += np.where(size > 0, 1e-9 * size, 1.0)
    return float(linalg.solve(matrix, counts @ sides, assume_a="pos", check_finite=False)[0])


def _swept(columns: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(rows, columns) without the mean of each cell: what a fixed effect per cell leaves."""
    codes, names = pd.factorize(cells)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, codes, columns)
    return columns - (sums / np.bincount(codes)[:, None])[codes]


def _flat(left: np.ndarray, whole: np.ndarray) -> bool:
    """Whether what is left of a column is rounding."""
    return bool((left**2).sum() <= _NO_VARIANCE * max(float((whole**2).sum()), 1e-12))


def _independent(table: pd.DataFrame, columns: Sequence[str], cells: np.ndarray) -> tuple[list[str], list[str]]:
    """Columns that vary within cells beyond what those before them explain; and the others."""
    used: list[str] = []
    dropped = []
    basis = np.empty((len(table), 0))
    for name in columns:
        whole = table[[name]].to_numpy(dtype=float)
        left = _swept(whole, table["cell"].to_numpy())
        left = left - basis @ (basis.T @ left)
        if _flat(left, whole):
            dropped.append(name)
        else:
            used.append(name)
            basis = np.hstack([basis, left / np.linalg.norm(left)])
    return used, dropped


def _random_effects(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """By name, coarsest first, the (rows, levels) indicators of the random effects that can be told apart."""
    found: dict[str, np.ndarray] = {}
    levels = {1}
    for name in _RANDOM:
        codes, names = pd.factorize(table[name])
        if len(names) in levels or len(names) == len(table):
            continue  # nested factors with as many levels as a coarser one are that one
        levels.add(len(names))
        found[name] = np.eye(len(names))[codes]
    return found


_Found = tuple[np.ndarray, float, dict[str, float]]


def _reml(x: np.ndarray, y: np.ndarray, random: dict[str, np.ndarray], free: int) -> _Found | None:
    """Coefficients, standard error of the first, relative SDs; None where no search converges."""
    sizes = [z.shape[1] for z in random.values()]
    z = np.hstack([*random.values(), np.empty((len(y), 0))])
    xy = np.column_stack([x, y])
    zz, zxy, xyxy = z.T @ z, z.T @ xy, xy.T @ xy

    def absorbed(spread: np.ndarray) -> tuple[np.ndarray, float]:
        """Cross-products of x and y weighted by the inverse covariance, and the latter's log-determinant."""
        scale = np.repeat(spread, sizes)
        lower = linalg.cholesky(np.eye(len(scale)) + scale[:, None] * zz * scale, lower=True, check_finite=False)
        half = linalg.solve_triangular(lower, scale[:, None] * zxy, lower=True, check_finite=False)
        return xyxy - half.T @ half, 2 * float(np.log(np.diag(lower)).sum())

    def criterion(spread: np.ndarray) -> float:
        """-2 log restricted likelihood but for a constant, with the noise's variance at its best."""
        products, determinant = absorbed(spread)
        xx, _, rss = _least_squares(products)
        return determinant + float(np.linalg.slogdet(xx)[1]) + free * float(np.log(rss / free))

    best = np.empty(0)
    if sizes:
        searches = (
            optimize.minimize(criterion, np.full(len(sizes), start), method="L-BFGS-B", bounds=[(0, 100)] * len(sizes))
            for start in _STARTS
        )
        found = next((search.x for search in searches if search.success and np.isfinite(search.fun)), None)
        if found is None:
            return None
        best = found
    xx, beta, rss = _least_squares(absorbed(best)[0])
    error = float(np.sqrt(rss / free * np.linalg.inv(xx)[0, 0]))
    return beta, error, dict(zip(random, map(float, best), strict=True))


def _least_squares(products: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """x'x, coefficients and residual sum of squares from the cross-products of [x y]."""
    xx, xy, yy = products[:-1, :-1], products[:-1, -1], products[-1, -1]
    beta = np.linalg.solve(xx, xy)
    return xx, beta, max(float(yy - xy @ beta), 1e-300)


def _clustered(x: np.ndarray, y: np.ndarray, genus: np.ndarray, free: int) -> _Found:
    """Least squares; the sandwich over genera with the factor G/(G-1) (n-1)/(n-k)."""
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    scores = x * (y - x @ beta)[:, None]
    sums = np.array([scores[genus == name].sum(0) for name in np.unique(genus)])
    factor = len(sums) / (len(sums) - 1) * (len(y) - 1) / free
    return beta, float(np.sqrt(factor * (bread @ sums.T @ sums @ bread)[0, 0])), {}
