"""Arms, models and targets of every kind on slices of the real datasets, with a very small model and a few steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workspace import Workspace

SHAPE = {
    "hidden_size": 16, "layers": 1, "heads": 2, "feed_forward_size": 16, "max_length": 64, "vocabulary_size": 2000,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "study": "arms",
    "models": {
        "tiny": {"architecture": SHAPE},
        "further": {"continue": {"from": "tiny", "text": "sentences", "steps": 2}},
    },
    "text": {
        "sentences": {
            "languages": {"de": "xtreme/tatoeba/tatoeba.deu-eng.deu", "sw": "xtreme/tatoeba/tatoeba.swh-eng.swh"}
        }
    },
    "examples": {"train": 120, "eval": 24},
    "arms": {
        "none": {},
        "staged": {"stages": [{"tasks": ["mnli"]}, {"tasks": ["squad_v1"], "training": {"max_steps": 3}}]},
        "mixed": {
            "tasks": ["mnli", "squad_v1"],
            "mixing": "equal",
            "masked_lm": {"text": "sentences", "share": 0.5},
            "training": {"learning_rate": [0.001, 0.002]},
        },
        "diverse": {"tasks": ["mnli"], "train_examples": 40, "choose": {"how": "diverse"}, "steps": "fixed"},
        "fiction": {"tasks": ["mnli"], "choose": {"how": "domain", "where": {"genre": ["fiction"]}}},
    },
    "targets": {"xnli": {"languages": ["de", "en", "sw"], "shots": {"de": 8}}},
    "training": {
        "pretraining": {"max_steps": 2, "batch_size": 4},
        "intermediate": {"max_steps": 4, "batch_size": 4, "eval_every": 2, "eval_examples": 8, "patience": 1},
        "target": {"max_steps": 4, "batch_size": 4, "eval_every": 2, "eval_examples": 8},
    },
    "encoding": {"max_length": 64, "doc_stride": 32},
}


@pytest.fixture(scope="module")
def study(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    config = {**CONFIG, "source": {"kind": "files", "root": str(slices), "text": "tasks"}}
    workspace = Workspace(tmp_path_factory.mktemp("arms"), config)
    workspace.snakemake(f"results/{CONFIG['study']}/scores.parquet").ok()
    return workspace


def record(study: Workspace, model: str, arm: str) -> dict[str, Any]:
    path = study.results / "encoders" / model / arm / "seed1" / "record.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_every_arm_of_every_model_is_scored(study: Workspace) -> None:
    scores = pd.read_parquet(study.results / "scores.parquet")
    assert set(zip(scores["model"], scores["arm"], strict=True)) == {
        (model, arm) for model in CONFIG["models"] for arm in CONFIG["arms"]
    }
    assert set(scores["language"]) == {"de", "en", "sw"} and scores["score"].between(0, 100).all()


def test_records_say_what_each_arm_was_trained_on(study: Workspace) -> None:
    diverse, fiction = (
        record(study, "tiny", arm)["training"]["subsets"]["mnli.train.en"] for arm in ("diverse", "fiction")
    )
    assert diverse["examples"] == 40 and diverse["vendi"] > 1
    assert 0 < fiction["examples"] < 120 and fiction["how"] == "domain"
    assert [trial["learning_rate"] for trial in record(study, "tiny", "mixed")["training"]["trials"]] == [0.001, 0.002]
    assert len(record(study, "further", "staged")["spec"]["stages"]) == 2


def test_one_arm_s_setting_reruns_its_own_jobs(study: Workspace) -> None:
    fiction = {"tasks": ["mnli"], "choose": {"how": "domain", "where": {"genre": ["travel"]}}}
    changed = Workspace(study.folder, {**study.config, "arms": {**CONFIG["arms"], "fiction": fiction}})
    rerun = {job for job in changed.planned(f"results/{CONFIG['study']}/scores.parquet") if job.split()[0] != "collect"}
    assert rerun == {
        f"{rule} {model} fiction{rest} 1"
        for model in CONFIG["models"]
        for rule, rest in (("intermediate", ""), ("finetune", " xnli"))
    }
