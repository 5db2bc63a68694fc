"""A study does not change under its own jobs: whatever only looks at it writes nothing, and runs go by their plan."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_encoder
import tiny_release
import yaml
from transformers import PreTrainedTokenizerFast
from workspace import REPOSITORY, Workspace

SCORES = "results/tiny/scores.parquet"
OTHER = "examples={train: 2}", "encoding={max_length: 8}", "seeds=[1, 2, 3]"


def files_of(folder: Path) -> dict[str, int]:
    """Every file but Snakemake's own, with the time of its last change."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.stat().st_mtime_ns for path in files if ".snakemake" not in path.parts}


@pytest.mark.parametrize("looks", [["--dry-run"], ["--lint"], ["--unlock"], ["--summary"], ["why"]])
def test_looking_writes_nothing(finished: Workspace, looks: list[str]) -> None:
    finished.write()
    before = files_of(finished.folder)
    if looks == ["why"]:
        snakefile = str(REPOSITORY / "Snakefile")
        done = finished.xstilts("why", "--snakefile", snakefile, "--configfile", "study.yaml", "--config", OTHER[0])
        assert "jobs would run" in done.ok().text
    else:
        finished.bare_snakemake("--configfile", "study.yaml", *looks, "--config", *OTHER)
    assert files_of(finished.folder) == before


def test_a_study_that_has_not_run_yet_leaves_no_trace_of_a_look(workspace: Workspace) -> None:
    workspace.planned()
    assert not workspace.results.exists()


def test_training_waits_again_for_all_data_once_it_has_been_deleted(finished: Workspace) -> None:
    assert finished.planned() == []
    finished.snakemake("--delete-all-output").ok()
    assert {"prepare", "prepared", "encode"} <= set(finished.counts())


@pytest.mark.parametrize("date", ["2001-01-01", "2035-01-01"])
def test_a_file_counts_by_its_content_and_not_by_its_date(finished: Workspace, date: str) -> None:
    path = finished.data / "xtreme" / "xnli" / "test-de.tsv"
    subprocess.run(["touch", "-d", date, path], check=True)
    assert finished.planned() == []
    path.write_text(path.read_text(encoding="utf-8").replace("a", "b"), encoding="utf-8")
    subprocess.run(["touch", "-d", date, path], check=True)
    planned = finished.planned()
    assert [job for job in planned if job.startswith("prepare")] == ["prepare xnli"]
    assert "finetune small none xnli 1" in planned and "finetune small none squad_v1 1" not in planned


@pytest.fixture(scope="module")
def quick(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A study of one ready-made encoder and one target that has run; its files are dated in the future."""
    study = Workspace(tmp_path_factory.mktemp("quick"))
    tiny_release.write(study.data)
    tiny_encoder.write(study.folder / "encoder", tokenizer, layers=1)
    for path in (*study.data.rglob("*"), *(study.folder / "encoder").iterdir()):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    study.config |= {"models": {"small": {"path": "encoder"}}, "targets": {"xnli": {"languages": ["de", "en"]}}}
    study.config["arms"] = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    study.snakemake(SCORES).ok()
    return study


@contextmanager
def running(study: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Snakemake at work on a study in the background; it has come to its end after the block."""
    study.write()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    command += [SCORES, "--configfile", "study.yaml"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(study.package)}
    with (study.folder / "printed.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=study.folder, env=environment, text=True, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
            assert process.wait(600) == 0, (study.folder / "printed.txt").read_text(encoding="utf-8")
        finally:
            process.kill()
            process.wait()


def outcome(study: Workspace) -> dict[str, bytes]:
    """The files of scores and predictions, and the prepared examples."""
    patterns = "scores.parquet", "scores/**/*.parquet", "predictions/**/*.parquet", "data/*/manifest.json"
    paths = (path for pattern in patterns for path in study.results.glob(pattern))
    return {str(path.relative_to(study.results)): path.read_bytes() for path in paths}


def test_a_run_that_is_disturbed_all_the_time_comes_to_the_same_scores(quick: Workspace, tmp_path: Path) -> None:
    disturbed = Workspace(tmp_path / "disturbed", quick.config)
    shutil.copytree(quick.folder, disturbed.folder, ignore=shutil.ignore_patterns("results", ".snakemake"))
    looks = 0
    with running(disturbed) as process:
        while process.poll() is None:
            frozen = (disturbed.results / "study.json").is_file()
            if frozen:  # the run has its plan: another study now stands in its file
                edited = {**disturbed.config, "examples": {"train": 3}, "encoding": {"max_length": 12}}
                (disturbed.folder / "study.yaml").write_text(yaml.safe_dump(edited), encoding="utf-8")
            disturbed.bare_snakemake("--dry-run", "--configfile", "study.yaml", "--config", *OTHER)
            disturbed.xstilts(
                *("why", "--snakefile", str(REPOSITORY / "Snakefile")),
                *("--configfile", "study.yaml", "--config", OTHER[0]),
            )
            if frozen and process.poll() is None:
                process.send_signal(signal.SIGSTOP)  # lest it ends before the second run looks for its lock
                if any((disturbed.folder / ".snakemake" / "locks").iterdir()):  # else it was about to end
                    refused = disturbed.bare_snakemake("--configfile", "study.yaml", "--config", *OTHER)
                    assert "cannot be locked" in refused.text
                    looks += 1
                process.send_signal(signal.SIGCONT)
    assert looks > 0
    assert outcome(disturbed) == outcome(quick)


def test_a_command_of_another_plan_is_refused(quick: Workspace) -> None:
    study = f"results/{quick.study}/study.json"
    for command in ("prepare --task xnli", "tokenizer --model small", "collect", "answer", "submission"):
        name, *options = command.split()
        refused = quick.xstilts(name, "--study", study, *options, "--run", "0123456789ab")
        assert refused.code == 1, command
        assert "This job was planned as run 0123456789ab, but the study or the code has changed since" in refused.text


def test_predictions_that_are_gone_are_an_error_and_not_fewer_tests(quick: Workspace) -> None:
    predictions = quick.results / "predictions" / "small" / "mnli" / "xnli" / "seed1.parquet"
    kept = predictions.rename(predictions.with_suffix(".kept"))
    for command in ("answer", "submission"):
        refused = quick.xstilts(command, "--study", f"results/{quick.study}/study.json")
        assert refused.code == 1, command
        assert f"{predictions.relative_to(quick.folder)}: no such file." in refused.text
    kept.rename(predictions)
