"""What stops Snakemake when it plans, before any job and in a dry run, and what it says but goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workspace import Workspace

from xstilts.checks.plan import plan
from xstilts.errors import UserError

CONFIG = {"model_type": "xlm-roberta", "num_hidden_layers": 6, "max_position_embeddings": 514, "hidden_size": 384}


@pytest.fixture
def study(workspace: Workspace) -> Workspace:
    """The tiny study of a ready-made encoder of six layers."""
    folder = workspace.folder / "encoder"
    folder.mkdir()
    for name in ("tokenizer.json", "model.safetensors"):
        (folder / name).touch()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    workspace.config["models"] = {"ready": {"path": "encoder"}}
    return workspace


def test_a_layer_that_a_model_lacks_stops_a_dry_run_with_one_sentence(study: Workspace) -> None:
    study.config["retrieval"] = {"layer": 14}
    done = study.snakemake("--dry-run")
    assert done.code
    sentence = "retrieval.layer: is 14, but models.ready has 6 layers. Set it to one of 0 (the embeddings) to 6."
    assert done.text.count(sentence) == 1 and "Traceback" not in done.text
    assert not study.results.exists()


def test_a_model_that_is_added_by_the_command_line(study: Workspace) -> None:
    shutil.copytree(study.folder / "encoder", study.folder / "other")
    done = study.snakemake("--dry-run", "--config", "models={mine: {path: other}}").ok()
    said = "models: --config has added 'mine' to 'ready' of study.yaml, and replaced none: every arm and target is run"
    assert done.text.count(said) == 1


@pytest.fixture
def planned_here(study: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    study.write()
    monkeypatch.chdir(study.folder)
    return study


def test_all_problems_are_named_at_once(planned_here: Workspace) -> None:
    config = {**planned_here.config, "retrieval": {"layer": 14}, "encoding": {"max_length": 513}}
    with pytest.raises(UserError, match=r"2 things are wrong with the study:\n  - encoding\.max_.*\n  - retrieval\.l"):
        plan(config, ["study.yaml"])


@pytest.mark.parametrize("path", ["nowhere/encoder/of/mine", "xlm-roberta-base"])
def test_a_model_without_a_folder(path: str, planned_here: Workspace) -> None:
    config = {**planned_here.config, "models": {"mine": {"path": path}}}
    with pytest.raises(UserError, match=rf"models\.mine\.path: there is no folder '{path}'"):
        plan(config, ["study.yaml"])


def test_a_model_of_the_hub_is_downloaded_later(planned_here: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    config = {**planned_here.config, "models": {"mine": {"path": f"hf://a/b@{'0' * 40}"}}}
    assert list(plan(config, ["study.yaml"]).study.models) == ["mine"]
    assert not caplog.records


def test_data_may_come_later_which_is_said(planned_here: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    plan(planned_here.config, ["study.yaml"])
    assert not caplog.records
    shutil.rmtree("data")
    plan(planned_here.config, ["study.yaml"])
    assert "source.root: there is no folder 'data' yet" in caplog.text


def test_two_models_of_a_file_are_nothing_to_say(planned_here: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    planned_here.config["models"] |= {"other": {"path": "encoder"}}
    planned_here.write()
    plan(planned_here.config, ["study.yaml"])
    assert not caplog.records


def test_what_planning_imports_and_how_long_its_checks_take(planned_here: Workspace) -> None:
    """Neither torch nor transformers, and less than a second for 300 models."""
    heavy = "import sys, xstilts.checks.plan; sys.exit(' '.join({'torch', 'transformers', 'pyarrow'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True).stderr.strip() == ""
    from xstilts.checks import limits
    from xstilts.config.study import load
    from xstilts.graph.runs import Runs

    models = {f"model{number}": {"path": "encoder"} for number in range(300)}
    runs = Runs(load({**planned_here.config, "models": models}))
    started = time.process_time()
    assert list(limits.findings(runs)) == []
    assert time.process_time() - started < 1
    assert not Path("results").exists()
