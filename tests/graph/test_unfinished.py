"""Whoever asks for the results of a study that is not finished is told what to run next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from finished_study import write_finished
from typer.testing import CliRunner

import xstilts
from xstilts.cli.commands import app
from xstilts.config.study import load_file
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs import report
from xstilts.jobs.exchange import export_results

STUDY = Path("results/my_study/study.json")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study without a summary of its scores; one of its eight jobs has scores."""
    monkeypatch.chdir(tmp_path)
    found = Runs(write_finished(STUDY.parent))
    found.paths.scores.unlink()
    one = next(found.jobs()).result(found.paths)
    one.parent.mkdir(parents=True)
    one.touch()
    return found


WAYS: list[Callable[[Runs], object]] = [
    report.main_table,
    report.tables,
    report.figures,
    lambda runs: export_results(runs, "mteb", Path("out")),
    lambda runs: xstilts.load_results(runs.paths.root),
]


@pytest.mark.parametrize("way", WAYS, ids=["show", "tables", "figures", "export-results", "load_results"])
def test_a_study_that_is_not_finished(runs: Runs, way: Callable[[Runs], object]) -> None:
    with pytest.raises(UserError) as caught:
        way(runs)
    told = str(caught.value)
    assert "the study is not finished; 1 of its 8 evaluations have scores" in told
    assert f"'xstilts status --study {STUDY}'" in told and f"'xstilts partial --study {STUDY}'" in told


def test_a_summary_that_was_deleted(runs: Runs) -> None:
    for job in runs.jobs():
        job.result(runs.paths).parent.mkdir(parents=True, exist_ok=True)
        job.result(runs.paths).touch()
    with pytest.raises(UserError, match=r"scores.parquet: no such file, although all 8 .* Run snakemake .* again"):
        report.tables(runs)


def test_no_study_at_all() -> None:
    with pytest.raises(UserError, match=r"no such study file.* run 'snakemake' .* first.*'xstilts check' .* --study"):
        load_file(Path("nowhere/study.json"))


def test_show_says_what_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_finished(STUDY.parent)
    (STUDY.parent / "tables").mkdir()
    done = CliRunner().invoke(app, ["show", "--study", str(STUDY)])
    assert done.exit_code == 0 and "Tables: results/my_study/tables" in done.output
    assert "Not there yet: figures, submission, report. Run snakemake" in done.output
    for name in ("figures", "submission"):
        (STUDY.parent / name).mkdir()
    (STUDY.parent / "report.html").touch()
    assert "Not there yet" not in CliRunner().invoke(app, ["show", "--study", str(STUDY)]).output
