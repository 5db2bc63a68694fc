"""False-alarm rate, power and coverage of a question's test, counted in simulated studies."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from xstilts.analysis.verdicts import LEVEL

#: Columns of :func:`calibrated`. ``rejected``, ``error`` and ``coverage`` are shares of the runs that had a test.
COLUMNS = ["question", "scenario", "truth", "runs", "untested", "rejected", "error", "coverage", "seconds"]


class TestResult(Protocol):
    """The result of a test: an Estimate, or anything else with an interval and a p (None or NaN: no test)."""

    @property
    def p(self) -> float | None:
        """Two-sided."""

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""


@dataclass(frozen=True)
class PValue:
    """The result of a test without an interval."""

    p: float
    low: float = float("nan")
    high: float = float("nan")


#: Of what a scenario's simulator draws.
Test = Callable[[Any], TestResult | None]
Simulator = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Scenario:
    """A data-generating process.

    Attributes:
        name: Its name in the table.
        truth: The value that is estimated; NaN where only its sign is known.
        simulate: Draws a study.
    """

    name: str
    truth: float
    simulate: Simulator


@dataclass(frozen=True)
class Design:
    """A question's test, and the scenarios that it is run in."""

    test: Test
    scenarios: tuple[Scenario, ...]


def calibrated(question: str, design: Design, runs: int, seed: int = 1) -> pd.DataFrame:
    """Run a test in simulated studies.

    Args:
        question: Name of the question.
        design: The test and the scenarios.
        runs: Studies per scenario.
        seed: Run number r of any scenario draws from seed (seed, r).

    Returns:
        A row per scenario with :data:`COLUMNS`. ``rejected`` is the share with p < 0.05, ``error`` its standard error
        (with two runs of either kind added, so that it is not 0 where the share is; Agresti and Coull 1998),
        ``coverage`` the share of 95 % intervals that contain the truth; ``seconds`` is the time of all runs.
    """
    return pd.DataFrame([_row(question, design.test, scenario, runs, seed) for scenario in design.scenarios])[COLUMNS]


def _row(question: str, test: Test, scenario: Scenario, runs: int, seed: int) -> dict[str, object]:
    start, outcomes, with_interval = time.perf_counter(), [], False
    for run in range(runs):
        result = test(scenario.simulate(np.random.default_rng([seed, run])))
        if result is not None and result.p is not None and not np.isnan(result.p):
            with_interval = with_interval or bool(np.isfinite(result.low))
            outcomes.append((result.p < LEVEL, result.low <= scenario.truth <= result.high))
    rejected, coverage = np.mean(outcomes, axis=0) if outcomes else (np.nan, np.nan)
    coverage = coverage if np.isfinite(scenario.truth) and with_interval else np.nan
    shrunk, count = (rejected * len(outcomes) + 2) / (len(outcomes) + 4), len(outcomes) + 4
    return {
        "question": question,
        "scenario": scenario.name,
        "truth": scenario.truth,
        "runs": runs,
        "untested": runs - len(outcomes),
        "rejected": rejected,
        "error": np.sqrt(shrunk * (1 - shrunk) / count),
        "coverage": coverage,
        "seconds": time.perf_counter() - start,
    }


def as_markdown(table: pd.DataFrame) -> str:
    """Format the table of docs/calibration.md."""
    lines = [
        "| question | world | truth | studies | untested | p < 0.05 | 95 % interval holds the truth |",
        "|---" * 7 + "|",
    ]
    for row in table.to_dict("records"):
        truth, coverage = _known(row["truth"], "g"), _known(row["coverage"], ".3f")
        counts = f"{row['question']} | {row['scenario']} | {truth} | {row['runs']} | {row['untested']}"
        lines.append(f"| {counts} | {row['rejected']:.3f} ± {row['error']:.3f} | {coverage} |")
    return "\n".join(lines) + "\n"


def _known(value: float, number_format: str) -> str:
    return "–" if np.isnan(value) else format(value, number_format)
