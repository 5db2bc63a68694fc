"""What calibration counts, and that question 1's test keeps its level."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.calibration import COLUMNS, DESIGNS, Design, Scenario, as_markdown, calibrated, primary_of
from xstilts.analysis.material import Material
from xstilts.analysis.questions import typology
from xstilts.analysis.simulation import Spreads, simulated, xtreme_study
from xstilts.catalogue.tasks import TASKS

SCRIPT = Path(__file__).parents[2] / "scripts" / "calibrate.py"


def flags(rng: np.random.Generator) -> Material:
    """A stand-in for a study: what matters of it is one random number."""
    return rng.uniform()  # type: ignore[return-value]


def test_shares_are_of_the_runs_that_have_a_test() -> None:
    """Of a p that is uniform, every run with p >= 0.5 has no test: a tenth of the others is below 0.05."""

    def test(p: Material) -> Estimate | None:
        return Estimate("", 0, -1 if float(p) < 0.25 else 0.5, 1, "", float(p)) if float(p) < 0.5 else None  # type: ignore[arg-type]

    table = calibrated("q9", Design(test, (Scenario("null", 0.0, flags),)), runs=400)
    drawn = np.array([np.random.default_rng([1, run]).uniform() for run in range(400)])
    tested = drawn[drawn < 0.5]
    (row,) = table.to_dict("records")
    assert list(table.columns) == COLUMNS
    assert row["untested"] == 400 - len(tested)
    assert row["rejected"] == pytest.approx((tested < 0.05).mean())
    assert row["coverage"] == pytest.approx((tested < 0.25).mean())
    assert row["error"] == pytest.approx(np.sqrt(row["rejected"] * (1 - row["rejected"]) / len(tested)), rel=0.2)


def test_a_world_in_which_nothing_can_be_tested_has_no_share() -> None:
    (row,) = calibrated("q9", Design(lambda _: None, (Scenario("null", 0.0, flags),)), runs=3).to_dict("records")
    assert row["untested"] == 3
    assert np.isnan(row["rejected"]) and np.isnan(row["coverage"])


def test_any_answer_can_be_calibrated_by_its_primary_hypothesis() -> None:
    primary = Estimate("it", 1, 0, 2, "points", 0.01)
    test = primary_of(lambda _: Answer("q9", "", "", "supported", "", primary))
    (row,) = calibrated("q9", Design(test, (Scenario("effect", 1.0, flags),)), runs=2).to_dict("records")
    assert (row["rejected"], row["coverage"]) == (1, 1)


def test_question_1_keeps_its_level_with_genus_effects_and_finds_what_is_there() -> None:
    """Three arms, three targets and few runs: docs/calibration.md has the full layout and many."""
    arms = {task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")}
    study = xtreme_study(arms=arms, targets={target: TASKS[target].languages for target in ("xnli", "udpos", "panx")})

    def world(rng: np.random.Generator, slope: float) -> Material:
        return simulated(rng, study, Spreads(), slope)

    def row(slope: float, runs: int) -> dict[str, float]:
        scenario = Scenario(f"slope {slope}", slope, partial(world, slope=slope))
        return calibrated("q1", Design(typology.slope, (scenario,)), runs).to_dict("records")[0]

    null, effect = row(0.0, runs=60), row(-1.0, runs=20)
    assert null["untested"] == effect["untested"] == 0
    assert null["rejected"] <= 0.12
    assert null["coverage"] >= 0.88
    assert effect["rejected"] >= 0.8


def test_the_table_has_a_row_per_world() -> None:
    design = DESIGNS["q1"]
    table = calibrated("q1", Design(design.test, design.scenarios[:2]), runs=1)
    lines = as_markdown(table).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    assert design.scenarios[1].name in lines[3]


def test_the_script_refuses_a_name_that_it_does_not_know() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "q9=3"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'q9=3' is not NAME=STUDIES" in done.stderr
