"""A study on data and a model of the Hub: fetched once, from local clones of its repositories, then used offline."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import tiny_encoder
import tiny_release
from sources.hub import repositories
from transformers import PreTrainedTokenizerFast
from workspace import Workspace

COMMIT = "0123456789" * 4


def study_on(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Workspace:
    study = Workspace(folder)
    mirror = folder / "mirror"
    repositories.write(mirror)
    tiny_encoder.write(mirror / "someone" / "tiny", tokenizer, layers=1)
    tiny_release.write(folder / "data")
    study.config |= {
        "source": {"kind": "hub", "root": "data", "mirror": "mirror"},
        "models": {"small": {"path": f"hf://someone/tiny@{COMMIT}"}},
        "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}},
    }
    return study


@pytest.fixture(scope="module")
def run(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """What ``snakemake prefetch`` fetches, then a run without anything to fetch from."""
    study = study_on(tmp_path_factory.mktemp("hub"), tokenizer)
    study.snakemake("prefetch").ok()
    shutil.rmtree(study.folder / "mirror")
    study.snakemake().ok()
    return study


def test_everything_after_prefetch_runs_without_the_hub(run: Workspace) -> None:
    scores = pd.read_parquet(run.results / "scores.parquet")
    assert set(scores["target"]) == set(run.config["targets"])
    assert set(scores["arm"]) == {"none", "mnli"}


def test_revisions_and_checksums_are_recorded(run: Workspace) -> None:
    record = json.loads((run.results / "prefetched" / "xnli.json").read_text(encoding="utf-8"))
    text = json.dumps(record)
    assert "facebook/xnli" in text and "sha256" in text
    model = run.folder / "hub" / "models" / f"someone--tiny--{COMMIT}"
    assert {"config.json", "model.safetensors", "tokenizer.json", "xstilts.json"} <= {p.name for p in model.iterdir()}


def test_nothing_is_fetched_twice(run: Workspace) -> None:
    assert "Nothing to be done" in run.snakemake("prefetch").ok().text
    other = Workspace(run.folder, {**run.config, "study": "other"})
    assert other.counts()["prefetch_model"] == 0


def test_without_network_and_mirror_prefetch_says_what_to_do(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_on(tmp_path, tokenizer)
    del study.config["source"]["mirror"]
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    study.snakemake("--touch").ok()  # stores the study, and runs nothing
    refused = study.xstilts("prefetch", "--study", "results/tiny/study.json", "--task", "xnli")
    assert refused.code == 1
    for part in ("facebook/xnli", "http://127.0.0.1:9", "HF_ENDPOINT", "mirror"):
        assert part in refused.text
    assert "Traceback" not in refused.text
