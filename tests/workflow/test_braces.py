"""Braces in the paths of data and models are parts of names, not wildcards."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize("folder", ["data/{task}", "a{b}/c{d,e+}f"])
def test_a_data_root_with_braces(workspace, folder):
    moved, root = workspace.data.rename(workspace.folder / "moved"), workspace.folder / folder
    root.parent.mkdir(parents=True)
    moved.rename(root)
    workspace.config["source"]["root"] = folder
    before = set(root.rglob("*"))
    workspace.snakemake("results/tiny/data/xnli/manifest.json", "results/tiny/data/text/manifest.json").ok()
    manifest = json.loads((workspace.results / "data" / "xnli" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"]["test.de"]["examples"] == 3
    assert before == set(root.rglob("*"))


def test_a_changed_file_below_braces_is_prepared_again(workspace):
    workspace.data.rename(workspace.folder / "{run1}")
    workspace.config["source"]["root"] = "{run1}"
    target = "results/tiny/data/xnli/manifest.json"
    workspace.snakemake(target).ok()
    assert workspace.planned(target) == []
    path = workspace.folder / "{run1}" / "xtreme" / "xnli" / "test-de.tsv"
    path.write_text("Es regnet.\tEs ist nass.\tentailment\n", encoding="utf-8")
    assert workspace.planned(target) == ["prepare xnli"]


def test_a_model_in_a_folder_with_braces(workspace):
    folder = workspace.folder / "models" / "{best}"
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "model.safetensors", "config.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    workspace.config["models"] = {"ready": {"path": "models/{best}"}}
    assert {"tokenizer ready", "retrieve ready none 1", "similarity"} <= set(workspace.planned())
