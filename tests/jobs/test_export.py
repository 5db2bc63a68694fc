"""``xstilts export``: an encoder of a study as a folder that the Hub takes as it is, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import Commands
from huggingface_hub import ModelCard
from labelled_study import RecordingPredictor, RecordingTrainer
from transformers import AutoModel, AutoTokenizer

from xstilts.config.settings import Compute
from xstilts.encoders import storage
from xstilts.errors import DataError, UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.jobs import training
from xstilts.jobs.export import export
from xstilts.training.session import Session

EXPORTED = {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
RIGHT = {"mnli.dev.en": 8, "xnli.dev.en": 8, "xnli.test.en": 6, "xnli.test.de": 4, "xnli.dev.de": 2}
NEW = Path("new/folder")


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("training", "supervised"):
        monkeypatch.setattr(f"xstilts.jobs.{module}.train", RecordingTrainer())
        monkeypatch.setattr(f"xstilts.jobs.{module}.predict", RecordingPredictor(RIGHT))


def pretrain(runs: Runs) -> Path:
    training.pretrain(runs, Specs(runs).pretrain("own"), "own", 1, Session())
    return runs.paths.pretrained("own")


def train(runs: Runs, model: str, arm: str, seed: int = 1) -> Path:
    training.intermediate(runs, Specs(runs).intermediate(model, arm, seed), model, arm, seed, 1, Session())
    return runs.paths.encoder(model, arm, seed)


def score(runs: Runs, model: str, arm: str, seed: int = 1) -> None:
    spec = Specs(runs).finetune(model, arm, "xnli", seed)
    training.finetune(runs, spec, model, arm, "xnli", seed, 1, Session())


def test_jobs_and_the_command_end_to_end(prepared: Path, tmp_path: Path) -> None:
    """Real training in processes of their own: an arm's encoder, its scores, and the command that exports it."""
    shutil.copytree(prepared, tmp_path / "real")
    commands, study = Commands(tmp_path / "real"), ["--study", "results/tiny/study.json"]
    arm = ["--model", "small", "--arm", "control", "--seed", "1"]
    commands.run("intermediate", *study, *arm)
    commands.run("finetune", *study, *arm, "--training-set", "xnli")
    commands.run("export", *study, "--arm", "control", "--to", "exported")
    folder = tmp_path / "real" / "exported"
    assert {file.name for file in folder.iterdir()} == EXPORTED
    assert "| XNLI | test | accuracy | 33.3 |" in (folder / "README.md").read_text(encoding="utf-8")
    tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    ids = tokenizer("The committee", "is asleep", return_tensors="pt")
    assert encoder(**ids).last_hidden_state.shape == (1, len(ids["input_ids"][0]), 8)
    assert "exported: encoder, tokenizer and model card" in commands.log.read_text(encoding="utf-8")


def card() -> str:
    return (NEW / "README.md").read_text(encoding="utf-8")


def table_row(text: str, first: str) -> list[str]:
    """The cells of the row of the card's tables that begins with a text."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return next(cells for cells in rows if cells[0] == first)


def test_an_arm(runs: Runs) -> None:
    folder = train(runs, "ready", "mnli")
    export(runs, "ready", "mnli", 1, NEW)
    assert {file.name for file in NEW.iterdir()} == EXPORTED
    assert list(NEW.parent.iterdir()) == [NEW], "nothing temporary is left"
    exported, trained = AutoModel.from_pretrained(NEW).state_dict(), storage.load(folder, Compute()).state_dict()
    assert exported.keys() == trained.keys() and all(torch.equal(exported[name], trained[name]) for name in trained)
    ids = [AutoTokenizer.from_pretrained(place)("xnli", "so")["input_ids"] for place in (NEW, folder)]
    assert ids[0] == ids[1]
    assert card() == (folder / "README.md").read_text(encoding="utf-8"), "there are no scores to add"


def test_pretraining_of_the_study_s_own(runs: Runs) -> None:
    pretrain(runs)
    export(runs, "own", "none", None, NEW)
    assert {file.name for file in NEW.iterdir()} == EXPORTED
    assert storage.load(NEW, Compute()).config.hidden_size == 8


def test_scores_are_on_the_card(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    score(runs, "ready", "mnli")
    export(runs, "ready", "mnli", 1, NEW)
    row = table_row(card().split("## Zero-shot scores")[1], "XNLI")
    assert row == ["XNLI", "dev", "accuracy", "33.3", "100.0", "25.0", "de 25.0"]
    assert "XQuAD" not in card()


def test_scores_of_the_baseline_are_means_over_seeds(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    pretrain(runs)
    score(runs, "own", "none", 1)
    monkeypatch.setattr("xstilts.jobs.supervised.predict", RecordingPredictor(RIGHT))
    monkeypatch.setattr("xstilts.jobs.training.predict", RecordingPredictor({**RIGHT, "xnli.test.de": 8}))
    score(runs, "own", "none", 2)
    export(runs, "own", "none", None, NEW)
    assert "Means over 2 seeds." in card()
    assert "| XNLI | test | accuracy | 33.3 | 75.0 | 75.0 | de 75.0 |" in card()


def test_scores_of_an_arm_are_those_of_its_seed(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, right in ((1, 6), (2, 2)):
        train(runs, "ready", "mnli", seed)
        monkeypatch.setattr("xstilts.jobs.training.predict", RecordingPredictor({**RIGHT, "xnli.test.de": right}))
        score(runs, "ready", "mnli", seed)
    export(runs, "ready", "mnli", 2, NEW)
    assert "| XNLI | test | accuracy | 33.3 | 75.0 | 25.0 | de 25.0 |" in card()
    assert "Means over" not in card()


def test_scores_of_what_has_not_learnt_are_marked(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    train(runs, "ready", "mnli")
    monkeypatch.setattr("xstilts.jobs.supervised.predict", RecordingPredictor({"xnli.dev.en": 2}))
    score(runs, "ready", "mnli")
    export(runs, "ready", "mnli", 1, NEW)
    assert "| XNLI | test | accuracy | 33.3 | × | × | de × |" in card()
    assert "×: no seed has learnt its training set" in card()


def test_scores_of_another_run_are_not_on_the_card(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    score(runs, "ready", "mnli")
    record = runs.paths.part("records", "ready", "mnli", "xnli", 1, "json")
    values = json.loads(record.read_bytes())
    record.write_text(json.dumps({**values, "spec": {**values["spec"], "id": "another"}}), encoding="utf-8")
    export(runs, "ready", "mnli", 1, NEW)
    assert "Zero-shot" not in card()


def test_the_hub_reads_the_card(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    export(runs, "ready", "mnli", 1, NEW)
    data = ModelCard.load(NEW / "README.md").data.to_dict()
    assert data["language"] == ["de", "en", "fr"]
    assert data["datasets"] == ["nyu-mll/multi_nli"]
    assert data["library_name"] == "transformers"


def test_what_can_only_be_meant_need_not_be_said(runs: Runs) -> None:
    arms = {name: runs.study.arms[name] for name in ("none", "mnli")}
    models = {"ready": runs.study.models["ready"]}
    one = Runs(runs.study.model_copy(update={"arms": arms, "models": models, "seeds": [1]}))
    train(one, "ready", "mnli")
    export(one, "", "", None, NEW)
    assert (NEW / "model.safetensors").is_file()


Refusal = tuple[dict[str, Any], str]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": ""}, r"give --model, one of: ready, own\."),
        ({"arm": ""}, r"give --arm, one of: mnli, few, control, scratch\."),
        ({"seed": None}, r"give --seed, one of: 1, 2\."),
        ({"arm": "none"}, r"'none' trains nothing, and the model 'ready' is a ready-made .* from models/ready\."),
        ({"model": "own", "arm": "none"}, r"the same for all seeds: leave --seed out\."),
        ({"model": "own", "arm": "none", "seed": None}, r"pretrained: this encoder has not been"),
        ({"seed": 2}, r"mnli/seed2: .*: snakemake --configfile STUDY\.yaml results/wired/encoders/"),
    ],
)
def test_refusals(runs: Runs, given: dict[str, Any], message: str) -> None:
    for model, arm in (("ready", "mnli"), ("own", "")):
        for file in (runs.paths.encoder(model, arm, 2), runs.paths.pretrained(model)):
            (file / "model.safetensors").unlink(missing_ok=True)
    with pytest.raises(UserError, match=message):
        export(runs, **{"model": "ready", "arm": "mnli", "seed": 1, "folder": NEW, **given})
    assert not NEW.parent.exists()


def test_an_encoder_of_another_config(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    stage = runs.study.training.intermediate.model_copy(update={"batch_size": 3})
    changed = runs.study.training.model_copy(update={"intermediate": stage})
    with pytest.raises(UserError, match=r"mnli/seed1: this encoder was trained with another config or other code"):
        export(Runs(runs.study.model_copy(update={"training": changed})), "ready", "mnli", 1, NEW)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_file(runs: Runs, name: str) -> None:
    file = train(runs, "ready", "mnli") / name
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(DataError, match="the file is damaged"):
        export(runs, "ready", "mnli", 1, NEW)
    assert not NEW.exists()


def test_a_folder_that_has_something_is_left_alone(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    NEW.mkdir(parents=True)
    (NEW / "mine.txt").touch()
    for place in (NEW, NEW / "mine.txt"):
        with pytest.raises(UserError, match=rf"{place}: there is something already\. Give --to a folder"):
            export(runs, "ready", "mnli", 1, place)
    assert [file.name for file in NEW.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled_with_the_usual_rights(runs: Runs) -> None:
    train(runs, "ready", "mnli")
    NEW.mkdir(parents=True)
    before = os.umask(0o027)
    try:
        export(runs, "ready", "mnli", 1, NEW)
    finally:
        os.umask(before)
    assert NEW.stat().st_mode & 0o777 == 0o750
    assert {file.name for file in NEW.iterdir()} == EXPORTED


def test_a_failure_leaves_nothing(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    train(runs, "ready", "mnli")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("xstilts.jobs.encoder_folder.storage.save", full)
    with pytest.raises(UserError, match=r"new/folder: the encoder cannot be written there: no space left"):
        export(runs, "ready", "mnli", 1, NEW)
    assert not list(NEW.parent.iterdir())
