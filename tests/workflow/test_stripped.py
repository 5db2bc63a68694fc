"""A study on what XTREME's download script leaves: no test labels. Everything is predicted and can be submitted."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from sources import stripped
from workspace import REPOSITORY, Workspace

LABELLED_DEV = {"xnli", "pawsx", "udpos", "panx", "mlqa", "bucc2018"}


@pytest.fixture(scope="module")
def run(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The baseline of the study on real slices, in two languages of each target and without their test labels."""
    config = yaml.safe_load((REPOSITORY / "workflow" / "studies" / "real_slices.yaml").read_text(encoding="utf-8"))
    study = Workspace(tmp_path_factory.mktemp("stripped"), config)
    stripped.write(slices, study.data)
    config["source"] |= {"root": "data", "missing": "skip"}
    config["splits"] = ["dev", "test"]
    config["arms"] = {"none": {}}
    config["targets"] = {
        target: {
            "languages": ["de"] if target in ("bucc2018", "tatoeba") else ["en", "ru" if target == "tydiqa" else "de"]
        }
        for target in config["targets"]
    }
    config["models"]["tiny"]["architecture"] |= {"hidden_size": 16, "feed_forward_size": 16, "vocabulary_size": 3000}
    config["training"] = {
        stage: {"max_steps": 3, "batch_size": 4, "eval_examples": 8}
        for stage in ("pretraining", "intermediate", "target")
    }
    wanted = ("scores.parquet", "dev_scores.parquet", "tables/main.md", "submission")
    study.snakemake(*(f"results/{study.study}/{name}" for name in wanted)).ok()
    return study


def test_scores_what_has_labels(run: Workspace) -> None:
    scores = pd.read_parquet(run.results / "scores.parquet")
    assert set(scores["split"]) == {"dev"}
    assert set(scores["target"]) == LABELLED_DEV


def test_predicts_everything(run: Workspace) -> None:
    predictions = pd.concat(pd.read_parquet(path) for path in (run.results / "predictions").rglob("*.parquet"))
    of_test = predictions[predictions["split"] == "test"]
    assert set(of_test["target"]) == set(run.config["targets"])
    assert of_test["gold"].isna().all() and of_test["score"].isna().all()
    assert not of_test["prediction"].isna().any()


def test_says_what_is_not_scored(run: Workspace) -> None:
    main = (run.results / "tables" / "main.md").read_text(encoding="utf-8")
    assert "submission/" in main
    log = (run.results / "logs" / "prepare" / "xnli.log").read_text(encoding="utf-8")
    assert "without labels" in log


def test_without_labels_on_dev_the_last_weights_are_kept(run: Workspace) -> None:
    record = json.loads(
        (run.results / "records" / "tiny" / "none" / "tydiqa" / "seed1.json").read_text(encoding="utf-8")
    )
    assert record["training"]["best_step"] == record["training"]["steps"] == 3
    dev_scores = pd.read_parquet(run.results / "dev_scores.parquet")
    assert "tydiqa" not in set(dev_scores["task"])


def test_the_submission_is_complete(run: Workspace) -> None:
    study, folder = f"results/{run.study}/study.json", run.results / "submission" / "none"
    done = run.xstilts("submit-check", "--study", study, str(folder)).ok()
    assert "in order" in done.text
    assert {path.name for path in folder.iterdir()} == set(run.config["targets"])
    lines = (folder / "xnli" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    data = (run.data / "xtreme" / "xnli" / "test-de.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(data) and set(lines) <= {"entailment", "neutral", "contradiction"}


def test_a_submission_with_a_line_too_few_is_refused(run: Workspace) -> None:
    study, path = f"results/{run.study}/study.json", run.results / "submission" / "none" / "pawsx" / "test-en.tsv"
    before = path.read_text(encoding="utf-8")
    path.write_text("".join(before.splitlines(keepends=True)[:-1]), encoding="utf-8")
    refused = run.xstilts("submit-check", "--study", study, str(path.parents[1]))
    path.write_text(before, encoding="utf-8")
    assert refused.code == 1
    assert "pawsx/test-en.tsv" in refused.text
    assert "Traceback" not in refused.text
