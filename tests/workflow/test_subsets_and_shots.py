"""Subsets, other languages and few shots in a study of the synthetic source, from the data to the answers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from workspace import Workspace

SCORES, ANSWERS = "results/tiny/scores.parquet", "results/tiny/answers"
TABLE = "results/tiny/tables/udpos.md"


@pytest.fixture
def study(workspace: Workspace) -> Workspace:
    workspace.config["source"] = {"kind": "synthetic", "train_examples": 60, "eval_examples": 20, "documents": 300}
    workspace.config["arms"] = {
        "none": {},
        "diverse": {"tasks": ["mnli"], "train_examples": 20, "choose": {"how": "diverse"}},
        "narrow": {"tasks": ["mnli"], "train_examples": 20, "choose": {"how": "narrow"}, "steps": "fixed"},
        "german": {"tasks": ["squad_v1"], "languages": ["qaa"]},
    }
    languages = ["en", "qaa", "qab", "qac"]
    workspace.config["targets"] = {"udpos": {"languages": languages, "shots": {"qaa": 4}, "train_languages": ["qac"]}}
    for stage in ("intermediate", "target"):
        workspace.config["training"][stage] = {"batch_size": 10, "epochs": 1}
    return workspace


def test_it_runs_to_the_answers_and_a_change_reruns_its_own_jobs(study: Workspace) -> None:
    study.snakemake(SCORES, ANSWERS, TABLE).ok()
    scores = pd.read_parquet(study.folder / SCORES)
    assert set(scores["language"]) == {"en", "qaa", "qab", "qac"}
    records = {arm: record(study.results / "encoders" / "small" / arm / "seed1") for arm in ("diverse", "narrow")}
    assert (records["diverse"]["steps"], records["narrow"]["steps"]) == (2, 6)
    vendi = {arm: training["subsets"]["mnli.train.en"]["vendi"] for arm, training in records.items()}
    assert vendi["diverse"] > vendi["narrow"]
    effects = pd.read_csv(study.folder / ANSWERS / "effects.csv").groupby("language")["languages"].max()
    assert (effects["zero-shot"], effects["mean"]) == (1, 4)
    table = (study.folder / TABLE).read_text(encoding="utf-8")
    assert "fine-tuned on English and on training data in qac and 4 examples in qaa" in table

    assert study.planned(SCORES) == []
    study.config["arms"]["narrow"]["choose"]["how"] = "random"
    assert {job.split()[0] for job in study.planned(SCORES)} == {"collect", "finetune", "intermediate"}
    assert all("narrow" in job for job in study.planned(SCORES) if not job.startswith("collect"))


def record(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "record.json").read_bytes())["training"])
