"""Summaries of unfinished studies: what is made, what is said, and what an interruption leaves."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import configs
import pytest

from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.jobs import analysis, partial, report


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study with one job done; every step of a summary writes a file with its name, the page its state."""
    monkeypatch.chdir(tmp_path)
    found = Runs(load(configs.ready_made()))
    monkeypatch.setattr(partial, "_finished", lambda runs: frozenset([next(runs.jobs())]))
    for module, step in ((report, "collect"), (report, "tables"), (report, "figures"), (analysis, "answer")):
        monkeypatch.setattr(module, step, lambda runs, step=step: _write(runs, step))
    monkeypatch.setattr(report, "partial_page", lambda runs, state, left_out: _write(runs, "page", str(left_out)))
    return found


def _write(runs: Runs, name: str, text: str = "") -> None:
    runs.paths.summaries.mkdir(parents=True, exist_ok=True)
    (runs.paths.summaries / name).write_text(text)


def made(runs: Runs) -> set[str]:
    return {path.name for path in runs.paths.partials.glob("*")}


def test_figures_are_drawn_where_they_are_asked_for(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    partial.summarise(runs)
    assert made(runs) == {"collect", "tables", "answer", "page"}
    assert "xstilts partial --figures" in (runs.paths.partials / "page").read_text()
    partial.summarise(runs, figures=True)
    assert made(runs) == {"collect", "tables", "answer", "figures", "page"}
    assert (runs.paths.partials / "page").read_text() == "{}"


def test_it_says_what_it_does_before_it_does_it(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    partial.summarise(runs)
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0].startswith("1 of 18 jobs that make scores are done, as of ") and "Ctrl-C leaves that out" in lines[0]
    )
    assert lines[1:] == [
        "  scores", "  tables", "  answers", "  the page",
        "Partial results, with what is missing and why: results/trial/partial/report.html",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "step", "name"), [(analysis, "answer", "answers"), (report, "partial_page", "the page")]
)
def test_a_step_that_takes_long_says_so(
    runs: Runs,
    module: ModuleType,
    step: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []

    def take_long(*_: object) -> None:
        for _ in range(500):
            said.append(capsys.readouterr().out)
            if "so far" in said[-1]:
                return
            time.sleep(0.01)

    monkeypatch.setattr(partial, "_SECONDS_BETWEEN_SIGNS", 0.05)
    monkeypatch.setattr(module, step, take_long)
    partial.summarise(runs)
    assert f"  {name}\n  {name}: 0 s so far\n" in "".join(said)


@pytest.mark.parametrize("where", ["tables", "partial_page"])
def test_an_interruption_leaves_nothing_behind(runs: Runs, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, where, interrupt)
    with pytest.raises(KeyboardInterrupt):
        partial.summarise(runs)
    assert not runs.paths.partials.exists()


def test_where_nothing_is_done_the_reasons_are_said(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(partial, "_finished", lambda runs: frozenset())
    partial.summarise(runs)
    told = capsys.readouterr().out
    assert "  - waiting: " in told and "0 of 18 jobs" in told and told.endswith("There is nothing to summarise yet.\n")
    assert not runs.paths.partials.exists()


def test_what_cannot_be_made_is_left_out_with_the_reason(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(runs: Runs) -> None:
        raise ValueError("too few")

    monkeypatch.setattr(analysis, "answer", fail)
    partial.summarise(runs)
    assert "'answers': 'ValueError: too few'" in (runs.paths.partials / "page").read_text()
