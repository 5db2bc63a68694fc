"""How often a question's test says that there is something, in simulated studies with and without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.material import Material
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.questions import typology
from xstilts.analysis.simulation import Spreads, simulated, xtreme_study
from xstilts.study import Study

#: Columns of :func:`calibrated`. ``rejected``, ``error`` and ``coverage`` are shares of the runs that had a test.
COLUMNS = ["question", "scenario", "truth", "runs", "untested", "rejected", "error", "coverage", "seconds"]


class Tested(Protocol):
    """What a test gives: an Estimate, or anything else with its interval and its p (None or NaN: no test)."""

    @property
    def p(self) -> float | None: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


Test = Callable[[Material], Tested | None]
Simulator = Callable[[np.random.Generator], Material]


@dataclass(frozen=True)
class Scenario:
    """A world to draw studies from; ``truth`` is what the estimate should be."""

    name: str
    truth: float
    simulate: Simulator


@dataclass(frozen=True)
class Design:
    """A question's test, and the worlds that it is tried in."""

    test: Test
    scenarios: tuple[Scenario, ...]


def primary_of(answer: Callable[[Material], Answer]) -> Test:
    """The test of a question's primary hypothesis, where its whole answer is quick enough to be had many times."""

    def test(material: Material) -> Estimate | None:
        return answer(material).primary

    return test


def calibrated(question: str, design: Design, runs: int, seed: int = 1) -> pd.DataFrame:
    """A row per scenario, with :data:`COLUMNS`; run number r of any scenario draws from seed (seed, r).

    ``rejected`` is the share with p < 0.05, ``error`` its standard error (with two runs of either kind added, so that
    it is not 0 where the share is; Agresti and Coull 1998), ``coverage`` the share of 95 % intervals with the truth in
    them; ``seconds`` are those of all runs.
    """
    return pd.DataFrame([_row(question, design.test, scenario, runs, seed) for scenario in design.scenarios])[COLUMNS]


def _row(question: str, test: Test, scenario: Scenario, runs: int, seed: int) -> dict[str, object]:
    start, found = time.perf_counter(), []
    for run in range(runs):
        result = test(scenario.simulate(np.random.default_rng([seed, run])))
        if result is not None and result.p is not None and not np.isnan(result.p):
            found.append((result.p < LEVEL, result.low <= scenario.truth <= result.high))
    rejected, coverage = np.mean(found, axis=0) if found else (np.nan, np.nan)
    shrunk, count = (rejected * len(found) + 2) / (len(found) + 4), len(found) + 4
    return {
        "question": question,
        "scenario": scenario.name,
        "truth": scenario.truth,
        "runs": runs,
        "untested": runs - len(found),
        "rejected": rejected,
        "error": np.sqrt(shrunk * (1 - shrunk) / count),
        "coverage": coverage,
        "seconds": time.perf_counter() - start,
    }


def as_markdown(table: pd.DataFrame) -> str:
    """The table of docs/calibration.md."""
    lines = [
        "| question | world | truth | studies | untested | p < 0.05 | 95 % interval holds the truth |",
        "|---" * 7 + "|",
    ]
    for row in table.to_dict("records"):
        counts = f"{row['question']} | {row['scenario']} | {row['truth']:g} | {row['runs']} | {row['untested']}"
        lines.append(f"| {counts} | {row['rejected']:.3f} ± {row['error']:.3f} | {row['coverage']:.3f} |")
    return "\n".join(lines) + "\n"


@cache
def _xtreme() -> Study:
    return xtreme_study()


def _with_slope(rng: np.random.Generator, slope: float, spreads: Spreads) -> Material:
    return simulated(rng, _xtreme(), spreads, slope)


def typological(worlds: Iterable[tuple[str, float, Spreads]]) -> tuple[Scenario, ...]:
    """Worlds by name with the slope of the gain per SD of distance, in points."""
    return tuple(Scenario(name, slope, partial(_with_slope, slope=slope, spreads=sd)) for name, slope, sd in worlds)


_NO_GENUS = Spreads(genus=0.0)
_TYPOLOGY = typological(
    [
        ("no slope, no genus effect", 0.0, _NO_GENUS),
        ("no slope, genus effect", 0.0, Spreads()),
        ("no slope on average, genus effect, slopes of targets", 0.0, Spreads(target_slope=0.3)),
        ("slope, genus effect", -0.3, Spreads()),
        ("larger slope, genus effect", -0.5, Spreads()),
        ("slope of one point, genus effect", -1.0, Spreads()),
    ]
)

#: By name, what ``scripts/calibrate.py`` can run. Another question needs a test and scenarios whose truth is known.
DESIGNS: dict[str, Design] = {
    "q1": Design(typology.slope, _TYPOLOGY),
    "q1-interval": Design(typology.primary, (_TYPOLOGY[1], _TYPOLOGY[4])),
}
