"""What people and programs see of a plan."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from configs import own
from rich.console import Console
from typer.testing import CliRunner

from xstilts import wording
from xstilts.cli.commands import app
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import GPUS
from xstilts.planning.plan import StudyPlan, plan
from xstilts.planning.view import as_json, show


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folder: Path) -> StudyPlan:
    return plan(Runs(load(own())), GPUS["t4"], 2)


def shown(of: StudyPlan) -> str:
    console = Console(file=io.StringIO(), width=80)
    show(of, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_fits_a_terminal(small: StudyPlan) -> None:
    table = shown(small).split("Other jobs")[0]
    assert "…" not in table
    assert re.search(r"finetune +12 +12 ", table)
    assert re.search(r"  xnli +6 +6 ", table)


def test_names_the_sources_of_the_numbers(small: StudyPlan) -> None:
    text = shown(small)
    assert "24 jobs: model" in text
    assert "those of the full releases" in text
    assert "with 2 GPU jobs at a time" in text


def test_json_has_the_same_numbers(small: StudyPlan) -> None:
    values = json.loads(json.dumps(as_json(small)))
    assert values["jobs"] == dict(small.jobs())
    assert sum(group["jobs"] for group in values["groups"]) == small.jobs().total()
    hours = values["gpu_hours"]["all"]
    assert hours["low"] < hours["value"] < hours["high"]


def test_nothing_has_more_than_two_significant_digits(small: StudyPlan) -> None:
    values = as_json(small)
    hours = [span[name] for group in values["groups"] for span in [group["hours_each"]] for name in span]
    amounts = [item["bytes"] for item in values["disk_bytes"]]
    assert all(wording.two_digits(number) == number for number in hours + amounts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.24, "0.24 s"), (89, "89 s"), (95, "1.6 min"), (3600, "60 min"), (5400, "1.5 h"), (4_567_890, "1,300 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(5e5, "500 kB"), (1.234e6, "1.2 MB"), (9.96e8, "1 GB"), (12.3e9, "12 GB"), (1.26e12, "1.3 TB")]
)
def test_amounts(size: float, text: str) -> None:
    assert wording.file_size(size) == text


@pytest.mark.parametrize(("value", "up"), [(1234, 1300), (1300, 1300), (7, 7), (7.2, 8), (0.2, 1), (101, 110)])
def test_rounding_up(value: float, up: int) -> None:
    assert wording.two_digits_up(value) == up


def test_planning_does_not_import_torch() -> None:
    script = "import sys, xstilts.planning.view, xstilts.config.reading; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


class TestCommand:
    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, ["plan", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    def test_from_a_config_file(self) -> None:
        Path("study.yaml").write_text(json.dumps(own()), encoding="utf-8")
        assert json.loads(self.run("--config", "study.yaml", "--gpu", "cpu", "--json"))["study"] == "trial"
        assert "CPU time" in self.run("--config", "study.yaml", "--gpu", "cpu")

    def test_the_only_study_of_the_folder_need_not_be_named(self) -> None:
        text = yaml.safe_dump(own(), sort_keys=False)
        with pytest.raises(UserError, match="there is no study"):
            self.run("--gpu", "t4")
        Path("study.yaml").write_text(text, encoding="utf-8")
        assert self.run("--gpu", "t4") == self.run("--study", "study.yaml", "--gpu", "t4")
        Path("other.yaml").write_text(text.replace("study: trial", "study: other"), encoding="utf-8")
        with pytest.raises(UserError, match="give --study, as there are several studies"):
            self.run("--gpu", "t4")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--config", "study.yaml"], "give --gpu, what jobs will run on: t4"),
            (["--gpu", "t4", "--study", "a.json", "--config", "a.yaml"], "give either --study"),
            (["--gpu", "t4", "--study", "a.json"], "no such study file"),
        ],
    )
    def test_what_is_missing(self, arguments: list[str], message: str) -> None:
        Path("study.yaml").write_text(json.dumps(own()), encoding="utf-8")
        with pytest.raises(UserError, match=message):
            self.run(*arguments)
