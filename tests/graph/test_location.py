"""Where results are looked for that a run has left in a storage."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import yaml
from configs import ready_made
from typer.testing import CliRunner

import xstilts
from xstilts.cli.commands import app
from xstilts.cli.studies import find
from xstilts.config.study import load, store
from xstilts.errors import UserError
from xstilts.graph.location import note_storage, results_of, storage_of
from xstilts.graph.paths import Paths

BUCKET = "s3://studies/mine"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A study that has run in this folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return ran(Path("results/trial"))


def ran(root: Path) -> Paths:
    paths, config = Paths(root), ready_made(study="trial")
    root.mkdir(parents=True)
    store(load(config), paths.study)
    Path("study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return paths


def test_without_a_storage_they_are_in_the_study_s_folder(paths: Paths) -> None:
    assert results_of(paths.root) == paths.root and storage_of(paths.root) == ""
    note_storage(paths, BUCKET)
    note_storage(paths, None)  # a later run
    assert results_of(paths.root) == paths.root and not paths.storage.exists()


@pytest.mark.parametrize("given", ["", "trial", "study.yaml", "results/trial", "results/trial/study.json"])
def test_a_storage_that_is_a_folder_is_read_by_commands(paths: Paths, tmp_path: Path, given: str) -> None:
    note_storage(paths, "../storage")
    there = tmp_path / "storage" / "results" / "trial"
    ran(there)
    assert find(given).run == there / "study.json" and find(given).storage == str(tmp_path / "storage")


def test_with_a_bucket_they_have_to_be_copied_first(paths: Paths) -> None:
    note_storage(paths, BUCKET)
    with pytest.raises(UserError, match=f"are in the storage {BUCKET}, .* Copy results/trial from there"):
        results_of(paths.root)
    with pytest.raises(UserError, match=f"are in the storage {BUCKET}"):
        xstilts.load_results(paths.root)
    assert f"are in the storage {BUCKET}" in str(CliRunner().invoke(app, ["status"]).exception)
    paths.prepared.parent.mkdir()
    paths.prepared.touch()
    assert results_of(paths.root) == paths.root


def test_passwords_of_an_address_are_not_recorded(paths: Paths) -> None:
    note_storage(paths, "https://me:secret@example.org/studies")
    assert "secret" not in paths.storage.read_text(encoding="utf-8")


def test_what_is_done_in_a_storage_is_not_said_to_be_left_in_silence(
    paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    note_storage(paths, BUCKET)
    with caplog.at_level(logging.WARNING):
        CliRunner().invoke(app, ["plan", "--gpu", "t4"])
        assert f"are in the storage {BUCKET}: what is done there counts as left" in caplog.text
        CliRunner().invoke(app, ["why"])
    assert f"ran last with its files in the storage {BUCKET}" in caplog.text
