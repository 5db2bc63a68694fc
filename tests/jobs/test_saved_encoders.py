"""The folders of trained encoders: whole, described, and good as the model of another study."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import labelled_study
import pyarrow.ipc as ipc
import pytest
from labelled_study import RecordingPredictor, RecordingTrainer
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

from xstilts.atomic import sha256_of
from xstilts.config.study import load
from xstilts.data.encoding import encode_task
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.graph.contents import of_model, planned
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.jobs import training
from xstilts.jobs.tokenizer import train_tokenizer
from xstilts.training.session import Session

FILES = {"README.md", "config.json", "model.safetensors", "record.json", "tokenizer.json", "tokenizer_config.json"}
TEXTS = [("hello world",), ("mnli train en 1", "so xnli de")]


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("training", "supervised"):
        monkeypatch.setattr(f"xstilts.jobs.{module}.train", RecordingTrainer())
        monkeypatch.setattr(f"xstilts.jobs.{module}.predict", RecordingPredictor({"mnli.dev.en": 5}))


def make(runs: Runs, model: str, arm: str = "") -> Path:
    """Run the job that makes an encoder; the folder of what it leaves."""
    if not arm:
        training.pretrain(runs, Specs(runs).pretrain(model), model, 1, Session())
        return runs.paths.pretrained(model)
    training.intermediate(runs, Specs(runs).intermediate(model, arm, 1), model, arm, 1, 1, Session())
    return runs.paths.encoder(model, arm, 1)


@pytest.mark.parametrize(("model", "arm"), [("own", ""), ("own", "control"), ("ready", "mnli")])
def test_a_folder_has_its_tokenizer(runs: Runs, pieces: PreTrainedTokenizerFast, model: str, arm: str) -> None:
    folder = make(runs, model, arm)
    head = set() if arm else {"lm_head.safetensors"}
    assert {file.name for file in folder.iterdir()} == FILES | head
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert len(tokenizer) == len(pieces)
    for texts in TEXTS:
        assert dict(tokenizer(*texts)) == dict(pieces(*texts))
    assert AutoModel.from_pretrained(folder).get_input_embeddings().weight.shape[0] == len(pieces)


def test_the_record_has_the_checksums_of_all_files(runs: Runs) -> None:
    folder = make(runs, "ready", "mnli")
    listed = json.loads((folder / "record.json").read_bytes())["files"]
    for name in FILES - {"record.json"}:
        assert listed[(folder / name).relative_to(runs.paths.root).as_posix()] == sha256_of(folder / name)


def test_the_same_run_has_the_same_files(runs: Runs) -> None:
    folder, names = make(runs, "ready", "mnli"), FILES - {"record.json"}
    before = {name: (folder / name).read_bytes() for name in names}
    make(runs, "ready", "mnli")
    assert {name: (folder / name).read_bytes() for name in names} == before


def test_files_have_the_rights_that_the_umask_leaves(runs: Runs) -> None:
    before = os.umask(0o027)
    try:
        folder = make(runs, "own")
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o640}


def next_study(folder: Path) -> Runs:
    config: dict[str, Any] = {**labelled_study.CONFIG, "study": "next", "models": {"next": {"path": str(folder)}}}
    return Runs(planned(load(config)))


@pytest.mark.parametrize("model", ["own", "ready"])
def test_an_arm_is_the_model_of_another_study(runs: Runs, model: str) -> None:
    """The trial of a ready-made encoder takes it, and every task has the same token ids as in the study before."""
    folder = make(runs, model, "control")
    other = next_study(folder)
    train_tokenizer(other, "next")
    tokenizer = load_tokenizer(other.paths.tokenizer("next"))
    for task in ("xnli", "mnli", "xquad", "ccg", "tatoeba"):
        examples = [runs.paths.examples(task, *file) for file in runs.files(task)]
        made = other.paths.tokens("next", task)
        encode_task(runs.study.task(task), runs.study.encoding_of(task), tokenizer, examples, made)
        for file in runs.files(task):
            paths = runs.paths.encoded(model, task, *file), other.paths.encoded("next", task, *file)
            before, after = (ipc.open_file(path).read_all() for path in paths)
            assert before.equals(after)


def test_what_a_job_took_is_no_part_of_the_model_of_another_study(runs: Runs) -> None:
    folder = make(runs, "own", "control")
    before = of_model(next_study(folder), "next")
    assert set(before) == FILES - {"record.json", "README.md"}
    (folder / "record.json").write_text("{}", encoding="utf-8")
    (folder / "README.md").write_text("my own words", encoding="utf-8")
    assert of_model(next_study(folder), "next") == before
