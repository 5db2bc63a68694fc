"""Translated training data in a study, from the models' files to the scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_translators
from workspace import REPOSITORY, Workspace

from xstilts.data import examples

SCORES = "results/tiny/scores.parquet"
SNAKEFILE = str(REPOSITORY / "Snakefile")


@pytest.fixture
def study(workspace: Workspace) -> Workspace:
    """An arm on German data that has to be translated, beside one on English."""
    tiny_translators.write("m2m", workspace.folder / "m2m")
    workspace.config["translation"] = {"model": "m2m", "beams": 2, "max_length": 24, "batch_tokens": 64}
    workspace.config["arms"] = {
        "none": {},
        "mnli": {"tasks": ["mnli"]},
        "german": {"tasks": ["mnli"], "languages": ["de"]},
    }
    workspace.config["targets"] = {"xnli": {"languages": ["de", "en"]}}
    return workspace


def manifest(study: Workspace, name: str) -> dict[str, Any]:
    return dict(json.loads((study.results / "data" / name / "manifest.json").read_bytes()))


def test_an_arm_trains_on_what_is_translated_and_a_change_reruns_its_own_jobs(study: Workspace) -> None:
    study.snakemake(SCORES).ok()
    made = examples.read(study.results / "data" / "mnli.de" / "train.de.parquet").to_pylist()
    english = examples.read(study.results / "data" / "mnli" / "train.en.parquet").to_pylist()
    assert [row["id"] for row in made] == [row["id"] for row in english]
    for row, original in zip(made, english, strict=True):
        assert json.loads(row["english"]) == {name: original[name] for name in ("premise", "hypothesis")}
        assert row["label"] == original["label"] and row["premise"] != original["premise"]
    assert manifest(study, "mnli.de")["translation"]["model"] == "m2m"
    assert study.planned(SCORES) == []

    study.config["translation"]["beams"] = 1
    planned = study.planned(SCORES)
    assert [job for job in planned if job.split()[0] in ("translate", "encode")] == [
        "encode small mnli.de",
        "translate mnli de",
    ]
    assert {job.split()[0] for job in planned} == {"translate", "encode", "intermediate", "finetune", "collect"}
    assert all("german" in job for job in planned if job.split()[0] in ("intermediate", "finetune"))

    study.config["translation"]["beams"] = 2
    put_german_files(study)
    assert not [job for job in study.planned(SCORES) if job.startswith("translate")]


def put_german_files(study: Workspace) -> None:
    """Write translated files that stand before the translation."""
    source = Path(study.data / "intermediate" / "mnli" / "train.tsv")
    target = study.data / "translated" / "de" / "intermediate" / "mnli" / "train.tsv"
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())


def test_the_synthetic_world_renders_what_it_can_and_has_the_rest_translated(workspace: Workspace) -> None:
    tiny_translators.write("nllb", workspace.folder / "nllb")
    workspace.config |= {
        "source": {"kind": "synthetic", "train_examples": 12, "eval_examples": 6, "documents": 100},
        "translation": {"models": {"qaa": "nllb"}, "beams": 2, "max_length": 24},
        "arms": {"none": {}, "aldric": {"tasks": ["mnli", "commonsenseqa"], "languages": ["en", "qaa"]}},
        "targets": {"tatoeba": {"languages": ["qaa"]}},
    }
    table = "results/tiny/tables/data.md"
    workspace.write()
    assert "0 problems, 0 warnings" in workspace.xstilts("check", "--config", "study.yaml").ok().text
    assert "translate" in workspace.xstilts("plan", "--config", "study.yaml", "--gpu", "cpu").ok().text
    assert "translate commonsenseqa qaa" in workspace.planned(SCORES, table)
    assert "translate mnli qaa" not in workspace.planned(SCORES, table)
    workspace.snakemake(SCORES, table).ok()
    assert manifest(workspace, "mnli")["files"]["train.qaa"]["source"].startswith("translated/qaa/")
    assert manifest(workspace, "commonsenseqa.qaa")["translation"]["model"] == "nllb"
    row = examples.read(workspace.results / "data" / "commonsenseqa.qaa" / "train.qaa.parquet").to_pylist()[0]
    assert len(row["choices"]) == len(json.loads(row["english"])["choices"]) == 5
    shown = (workspace.folder / table).read_text(encoding="utf-8")
    assert "CommonsenseQA in Aldric, translated" in shown and "translated from English by nllb" in shown
    workspace.config["translation"]["beams"] = 1
    workspace.write()
    why = workspace.xstilts("why", "--snakefile", SNAKEFILE, "--configfile", "study.yaml").ok().text
    assert "translation.beams: 2 -> 1" in why and "translate 1" in why


def test_a_language_that_the_model_lacks_is_refused_when_the_study_is_planned(study: Workspace) -> None:
    study.config["arms"]["german"]["languages"] = ["fr"]
    refused = study.snakemake("--dry-run")
    assert refused.code and "translation.model: this model has no language 'fr' (French)" in refused.text
    assert "Traceback" not in refused.text
