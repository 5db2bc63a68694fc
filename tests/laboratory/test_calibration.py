"""Calibration: what is counted, and that the tests alone give the same results as the answers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from calibration.designs import DESIGNS, distance_slope
from calibration.rates import COLUMNS, Design, Scenario, as_markdown, calibrated
from calibration.similarity import WordParts, domain_slope, study_with_words
from calibration.simulation import Draw, Layout, Spreads, xtreme_study
from planted import declared

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity, typology
from xstilts.analysis.study_data import StudyData
from xstilts.tasks.registry import TASKS

SCRIPT = Path(__file__).parents[2] / "scripts" / "calibrate.py"


def flags(rng: np.random.Generator) -> StudyData:
    """A stand-in for a study: what matters of it is one random number."""
    return rng.uniform()  # type: ignore[return-value]


def test_shares_are_of_the_runs_that_have_a_test() -> None:
    """Of a p that is uniform, every run with p >= 0.5 has no test: a tenth of the others is below 0.05."""

    def test(p: StudyData) -> Estimate | None:
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


def test_a_truth_that_is_not_known_has_no_coverage() -> None:
    def test(p: StudyData) -> Estimate:
        return Estimate("", 0, -1, 1, "", 0.01)

    table = calibrated("q9", Design(test, (Scenario("effect", float("nan"), flags),)), runs=2)
    assert table["rejected"].item() == 1 and np.isnan(table["coverage"].item())
    assert as_markdown(table).splitlines()[2].split("|")[3::4] == [" – ", " – "]


def test_question_1_keeps_its_level_where_slopes_of_targets_differ_and_finds_what_is_there() -> None:
    """Three arms, five targets and few runs: docs/calibration.md has the full layout and many."""
    arms = {task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")}
    targets = ("xnli", "udpos", "panx", "tatoeba", "tydiqa")
    layout = Layout(xtreme_study(arms=arms, targets={target: TASKS[target].languages for target in targets}))

    def row(slope: float, runs: int) -> dict[str, float]:
        scenario = Scenario(
            f"slope {slope}", slope, partial(layout.draw, spreads=Spreads(target_slope=0.3), slope=slope)
        )
        return calibrated("q1", Design(distance_slope, (scenario,)), runs).to_dict("records")[0]

    null, effect = row(0.0, runs=40), row(-1.5, runs=8)
    assert null["untested"] == effect["untested"] == 0
    assert null["rejected"] <= 0.16
    assert null["coverage"] >= 0.84
    assert effect["rejected"] >= 0.7


def world(question: str, place: int) -> Draw:
    return DESIGNS[question].scenarios[place].simulate(np.random.default_rng(7))


def sized(study_data: StudyData) -> StudyData:
    """With arms that declare the sizes that their names tell."""
    for arm, section in study_data.study.arms.items():
        if section.tasks:
            declared(section, train_examples=1000 * 2 ** int(arm.rsplit("-", 1)[1]))
    return study_data


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worlds of questions 1 and 5 with a tenth of the cells."""
    arms = {task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")}
    layout = Layout(xtreme_study(arms=arms, targets={target: TASKS[target].languages for target in ("xnli", "udpos")}))
    for module in ("similarity", "designs"):
        monkeypatch.setattr(f"calibration.{module}.full_layout", lambda: layout)


@pytest.mark.parametrize(
    ("question", "place", "answer"),
    [
        ("q2", 2, code_pretraining.answer),
        ("q3", 3, domain.answer),
        ("q4", 4, lambda data: size_diversity.answer(sized(data))),
    ],
)
def test_the_test_alone_gives_what_the_answer_gives(
    question: str, place: int, answer: Callable[[StudyData], Answer]
) -> None:
    draw = world(question, place)
    test = partial(domain_slope, permutations=9_999) if question == "q3" else DESIGNS[question].test
    alone, primary = test(draw), answer(draw.study_data()).primary
    assert alone is not None and primary is not None and primary.p is not None
    assert (alone.p, alone.low, alone.high) == pytest.approx((primary.p, primary.low, primary.high), rel=1e-6)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("question", "place", "answer"), [("q1", 2, typology.answer), ("q5", 3, semantics.answer)])
def test_the_tests_of_questions_1_and_5_alone_give_the_p_of_the_answer(
    question: str, place: int, answer: Callable[[StudyData], Answer]
) -> None:
    draw = world(question, place)
    alone, primary = DESIGNS[question].test(draw), answer(draw.study_data()).primary
    assert alone is not None and primary is not None
    assert alone.p == pytest.approx(primary.p, rel=1e-6)


@pytest.mark.parametrize(
    ("question", "null", "effect", "runs"),
    [("q2", 1, 4, 40), ("q3", 1, 4, 5), ("q4", 1, 3, 60), ("q5", 1, 3, 8)],
)
def test_a_test_finds_what_is_planted_more_often_than_what_is_not(
    question: str, null: int, effect: int, runs: int
) -> None:
    design = DESIGNS[question]
    table = calibrated(question, Design(design.test, (design.scenarios[null], design.scenarios[effect])), runs, seed=3)
    assert (table["untested"] == 0).all()
    assert table["rejected"].iloc[0] <= 0.25 < 0.5 <= table["rejected"].iloc[1]


def test_without_noise_a_planted_slope_on_similarity_comes_out_as_it_went_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calibration.simulation.Spreads", lambda: Spreads(0, 0, 0, 0, 0, 0, 0, 0))
    found = domain_slope(study_with_words(np.random.default_rng(0), WordParts(same_format=2.0), slope=0.7))
    assert found is not None
    assert (found.beta, found.partial_r) == (pytest.approx(0.7), pytest.approx(1))


def test_every_question_has_worlds_without_and_with_an_effect_under_names_of_their_own() -> None:
    assert {name[:2] for name in DESIGNS} == {"q1", "q2", "q3", "q4", "q5"}
    for design in DESIGNS.values():
        names, truths = zip(*((scenario.name, scenario.truth) for scenario in design.scenarios), strict=True)
        assert len(set(names)) == len(names)
        assert 0 in truths and any(truth != 0 for truth in truths)


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


def test_rows_of_questions_that_are_not_run_stay_in_their_place() -> None:
    spec = importlib.util.spec_from_file_location("calibrate", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    table = "| question |\n|---|\n| q1 | old |\n| q3 | kept |\n"
    document = f"before\n{script.BEGIN}{table}{script.END}after\n"
    for question in ("q1", "q2"):
        document = script.with_rows(document, question, f"| question |\n|---|\n| {question} | new |\n")
    rows = "| q1 | new |\n| q2 | new |\n| q3 | kept |\n"
    assert document == f"before\n{script.BEGIN}| question |\n|---|\n{rows}{script.END}after\n"
    assert script.RUNS.keys() == DESIGNS.keys()


def test_the_document_has_a_row_of_every_world() -> None:
    document = (SCRIPT.parents[1] / "docs" / "calibration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (q\d\S*) \| (.+?) \|", document, re.MULTILINE)
    assert rows == [(name, scenario.name) for name, design in DESIGNS.items() for scenario in design.scenarios]
