"""How often a question's test says that there is something, in simulated studies with and without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.study_data import StudyData

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


Test = Callable[[StudyData], Tested | None]
Simulator = Callable[[np.random.Generator], StudyData]


@dataclass(frozen=True)
class Scenario:
    """A world to draw studies from; ``truth`` is what the estimate should be, NaN where only its sign is known."""

    name: str
    truth: float
    simulate: Simulator


@dataclass(frozen=True)
class Design:
    """A question's test, and the worlds that it is tried in."""

    test: Test
    scenarios: tuple[Scenario, ...]


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
    coverage = coverage if np.isfinite(scenario.truth) else np.nan
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
        truth, coverage = _known(row["truth"], "g"), _known(row["coverage"], ".3f")
        counts = f"{row['question']} | {row['scenario']} | {truth} | {row['runs']} | {row['untested']}"
        lines.append(f"| {counts} | {row['rejected']:.3f} ± {row['error']:.3f} | {coverage} |")
    return "\n".join(lines) + "\n"


def _known(value: float, form: str) -> str:
    return "–" if np.isnan(value) else format(value, form)
