"""The command line: help for strangers, and one message for what is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from configs import own, ready_made
from typer.testing import CliRunner

from xstilts import cli
from xstilts.cli.commands import app
from xstilts.cli.environment import fetches
from xstilts.config.study import load, store

COMMANDS = [
    "generate", "prepare", "text", "tokenizer", "encode", "pretrain", "intermediate", "finetune", "retrieve", "collect",
    "tables", "figures", "show", "prefetch", "prefetch-model", "prefetch-translator", "translate", "submission",
    "submit-check", "score", "similarity",
    "answer", "report", "plan", "shard", "schema", "status", "partial", "why", "check", "export", "init", "run", "ls",
    "compare", "export-results", "cite", "doctor",
]  # fmt: skip

#: What does not read a study, or takes it in another way.
WITHOUT_STUDY = {"prefetch-model", "prefetch-translator", "schema", "why", "init", "run", "compare"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs; it has nothing but what the test puts there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(command: str, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command that cannot run says on standard error, given a stored study."""
    store(load(config), Path("study.json"))
    before = sorted(Path.cwd().rglob("*"))
    monkeypatch.setattr(sys, "argv", ["xstilts", *command.split(), "--study", "study.json"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert isinstance(caught.value.code, str), "a text is printed to standard error, and the exit code is 1"
    assert sorted(Path.cwd().rglob("*")) == before, "nothing is written"
    return caught.value.code


def test_every_command_is_documented() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    named = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert {name.replace("_", "-") for name in named} == set(COMMANDS)
    for command in COMMANDS:
        assert command in listed.output


@pytest.mark.parametrize("command", sorted({*COMMANDS} - WITHOUT_STUDY))
def test_help(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert "--study" in shown.output
    assert "its name, its file or its folder" in shown.output


def test_downloads_and_what_starts_them_use_the_network() -> None:
    online = {command for command in COMMANDS if fetches(["-v", command, "--study", "study.json"])}
    assert online == {"prefetch", "prefetch-model", "prefetch-translator", "run"}


@pytest.mark.parametrize(
    ("command", "offline"), [("prefetch --task mnli", False), ("-v prefetch --task mnli", False), ("-v tables", True)]
)
def test_only_downloads_use_the_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, offline: bool
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    refusal(command, ready_made(), monkeypatch)
    assert ("HF_HUB_OFFLINE" in os.environ) == offline


def test_without_a_command_help_is_shown() -> None:
    assert "Usage" in CliRunner().invoke(app, []).output


def test_version_says_what_a_bug_report_needs() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0
    for name in ("xstilts", "Python", "snakemake", "torch", "transformers"):
        assert re.search(rf"\b{name} \d+\.\d+", shown.output), name


def test_an_option_that_is_left_out() -> None:
    result = CliRunner().invoke(app, ["prepare"])
    assert result.exit_code == 2
    assert "--task" in result.output


XNLI = "--training-set xnli"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("prepare --task xnly", "the study has no task 'xnly'. Did you mean 'xnli'?"),
        ("prepare --task ccg",
         "the study has no task 'ccg'. Valid names: mnli, qqp, xnli, squad_v1, xquad, mlqa, tatoeba."),
        ("encode --model xlm --task xnli", "the study has no model 'xlm'. Did you mean 'xlmr'?"),
        ("tokenizer --model x", "the study has no model 'x'. Valid names: xlmr."),
        (f"finetune --model xlmr --arm mnly --seed 1 {XNLI}", "the study has no arm 'mnly'. Did you mean 'mnli'?"),
        (f"finetune --model xlmr --arm none --seed 3 {XNLI}", "the study has no seed '3'. Valid names: 1, 2."),
        ("finetune --model xlmr --arm none --seed 1 --training-set xquad",
         "the study has no training set 'xquad'. Did you mean 'squad_v1'?"),
        ("retrieve --model xlmr --arm non --seed 1", "the study has no arm 'non'. Did you mean 'none'?"),
        ("pretrain --model xlmr", "the study has no model to pretrain 'xlmr'. There are none."),
        ("intermediate --model xlmr --arm none --seed 1",
         "the study has no arm that trains 'none'. Valid names: mnli, pair."),
        ("export --to new --model x", "the study has no model 'x'. Valid names: xlmr."),
        ("export --to new --arm mnly", "the study has no arm 'mnly'. Did you mean 'mnli'?"),
        ("export --to new --arm mnli --seed 3", "the study has no seed '3'. Valid names: 1, 2."),
        ("export --to new", "give --arm, one of: mnli, pair."),
        ("export --to new --arm mnli", "give --seed, one of: 1, 2."),
        ("export --to new --arm none", "the arm 'none' trains nothing, and the model 'xlmr' is a ready-made encoder: "
         "take it from models/xlmr. Arms that train: mnli, pair."),
        ("export --to new --arm pair --seed 2", "results/trial/encoders/xlmr/pair/seed2: this "
         "encoder has not been trained yet. Start snakemake"),
        ("doctor --run", "--run is about a cluster: give --slurm, too."),
        ("doctor --profile mine", "--profile is about a cluster: give --slurm, too."),
        ("doctor --slurm", "--slurm needs the study's YAML file, from which Snakemake plans its jobs; give its path."),
        ("generate", "The study's source is a folder of files; there is nothing to generate."),
        ("prepare --task xnli", "source.root: there is no folder 'data'"),
        ("tokenizer --model xlmr", "models.xlmr: models/xlmr: there is no config.json"),
    ],
)  # fmt: skip
def test_mistakes(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, message: str) -> None:
    said = refusal(command, ready_made(), monkeypatch)
    assert said.startswith(f"xstilts: {message}")


def test_retrieval_in_a_study_without_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal("retrieve --model xlmr --arm none --seed 1", ready_made(targets={"xnli": {}}), monkeypatch)
    assert said == "xstilts: The study has no retrieval target."


@pytest.mark.parametrize("command", ["pretrain --model tiny", "intermediate --model tiny --arm mnli --seed 1",
                                     f"finetune --model tiny --arm none --seed 1 {XNLI}",
                                     "retrieve --model tiny --arm none --seed 1"])  # fmt: skip
def test_a_job_that_was_planned_from_another_config(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    said = refusal(f"{command} --run 0123456789ab", own(), monkeypatch)
    assert said.startswith("xstilts: This job was planned as run 0123456789ab, but the study or the code has changed")
    assert said.endswith("Start snakemake again.")


@pytest.mark.parametrize("command", sorted({*COMMANDS} - WITHOUT_STUDY))
def test_missing_study_file(folder: Path, command: str) -> None:
    options = {
        "prepare": "--task xnli", "tokenizer": "--model m", "encode": "--model m --task xnli", "pretrain": "--model m",
        "intermediate": "--model m --arm none --seed 1", "finetune": f"--model m --arm none --seed 1 {XNLI}",
        "retrieve": "--model m --arm none --seed 1", "prefetch": "--task xnli",
        "translate": "--task mnli --language de",
        "submit-check": "folder", "score": "folder", "export": "--to folder", "ls": "tasks",
        "export-results": "--format mteb --to folder",
    }  # fmt: skip
    arguments = [command, "--study", "nowhere/study.json", *options.get(command, "").split()]
    result = CliRunner().invoke(app, arguments)
    assert str(result.exception).startswith(
        "nowhere/study.json: no such study file. snakemake writes it when it starts"
    )


def test_as_a_program(folder: Path) -> None:
    """One message on standard error, no traceback, exit code 1."""
    program = Path(sys.executable).parent / "xstilts"
    done = subprocess.run([program, "show", "--study", "study.json"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("xstilts: study.json: no such study file.")
    assert len(done.stderr.splitlines()) == 1


def test_checking_a_config_does_not_wait_for_torch() -> None:
    check = (
        "import sys, xstilts.cli.commands; sys.exit(' '.join({'torch', 'transformers', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stderr.strip() == ""
