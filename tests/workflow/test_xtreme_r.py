"""A study of XTREME-R's own tasks on the synthetic world, from its files to submission and report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from workspace import Workspace

SHAPE = {
    "hidden_size": 16, "layers": 1, "heads": 2, "feed_forward_size": 16, "max_length": 64, "vocabulary_size": 500,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "study": "r",
    "benchmark": "xtreme_r",
    "source": {"kind": "synthetic", "train_examples": 60, "eval_examples": 12, "documents": 300},
    "models": {"small": {"architecture": SHAPE}},
    "arms": {"none": {}, "both": {"tasks": ["siqa", "squad_sentences"]}},
    "targets": {
        "xcopa": {"languages": ["qab", "qad"]},
        "lareqa": {"languages": ["en", "qab"]},
        "mewslix": {"languages": ["qab", "qad"]},
    },
    "training": {
        "pretraining": {"max_steps": 4, "batch_size": 8},
        "intermediate": {"max_steps": 4, "batch_size": 8},
        "target": {
            "max_steps": 4,
            "batch_size": 8,
            "eval_every": 2,
            "tasks": {"wikipedia_pairs": {"max_steps": 0}},
        },
    },
    "encoding": {"max_length": 64, "max_query_length": 32, "doc_stride": 16},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("xtreme_r"), CONFIG)
    workspace.snakemake().ok()
    return workspace


def test_every_target_is_scored_in_its_languages(study: Workspace) -> None:
    scores = pd.read_parquet(study.results / "scores.parquet")
    places = scores.groupby("target")["language"].unique().map(sorted).to_dict()
    assert places == {"xcopa": ["qab", "qad"], "lareqa": ["en", "qab"], "mewslix": ["qab", "qad"]}
    assert set(scores.loc[scores["target"] != "xcopa", "metric"]) == {"map@20"}
    assert set(scores["n"]) == {12}


def test_predictions_are_candidates_of_the_pool_of_all_languages(study: Workspace) -> None:
    predictions = pq.read_table(study.results / "predictions" / "small" / "none").to_pandas()
    lareqa = predictions[predictions["target"] == "lareqa"]
    found = {name.partition("-")[0] for names in lareqa["prediction"] for name in names.split()}
    assert found == {"en", "qab"}
    gold = lareqa["gold"].str.split()
    assert all(sorted(name.partition("-")[0] for name in names) == ["en", "qab"] for names in gold)
    mewslix = predictions[predictions["target"] == "mewslix"]
    assert all(len(set(names.split())) == 12 for names in mewslix["prediction"])  # entities of the pool


def test_a_dual_encoder_without_training_is_scored_as_it_is(study: Workspace) -> None:
    """Mewsli-X's row without fine-tuning: the pretrained encoder, or that of the arm."""
    records = {
        path.parent.name: json.loads(path.read_bytes()) for path in study.results.glob("records/small/none/*/*.json")
    }
    steps = {name: record["training"]["steps"] for name, record in records.items()}
    assert steps["wikipedia_pairs"] == 0 and steps["squad_sentences"] == 4


def test_groups_and_the_average_are_the_benchmark_s(study: Workspace) -> None:
    groups = pd.read_csv(study.results / "tables" / "groups.csv")
    assert set(groups["group"]) == {"classification", "retrieval", "multiple_choice", "average"}
    page = (study.results / "report.html").read_text(encoding="utf-8")
    assert "XTREME-R" in page and "Mewsli-X" in page


def test_the_submission_has_xtreme_r_s_files_and_is_in_order(study: Workspace) -> None:
    folder = study.results / "submission" / "best"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert files == [
        "mewslix/test-qab.json", "mewslix/test-qad.json",
        "xcopa/test-qab.jsonl", "xcopa/test-qad.jsonl",
    ]  # fmt: skip
    lines = (folder / "xcopa" / "test-qab.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 12 and all(json.loads(line)["label"] in (0, 1) for line in lines)
    entities = json.loads((folder / "mewslix" / "test-qab.json").read_text(encoding="utf-8"))
    assert len(entities) == 12 and all(len(found) == 12 for found in entities.values())
    done = study.xstilts("submit-check", "--study", "results/r/study.json", str(folder)).ok()
    assert "in order" in done.text


def test_scores_of_the_submission_are_those_of_the_study(study: Workspace) -> None:
    folder = Path("results/r/submission/none")
    scored = json.loads(study.xstilts("score", "--study", "results/r/study.json", str(folder)).ok().text)
    scores = pd.read_parquet(study.results / "scores.parquet")
    ours = scores[(scores["arm"] == "none") & (scores["target"] == "mewslix")].set_index("language")["score"]
    assert scored["mewslix"]["map@20"] == pytest.approx(ours.to_dict())


def test_another_language_of_a_pooled_target_reruns_its_own_jobs_alone(study: Workspace) -> None:
    assert study.counts().total() == 0
    study.config = {**CONFIG, "targets": {**CONFIG["targets"], "lareqa": {"languages": ["en", "qab", "qad"]}}}
    jobs = study.planned()
    assert "prepare lareqa" in jobs and "finetune small none squad_sentences 1" in jobs
    assert not [job for job in jobs if job.startswith(("intermediate", "finetune small none copa", "pretrain"))]
