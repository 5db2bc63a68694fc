"""A cell that fails fails alone: others go on, what there is is summed up, and the next run makes what is missing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from workspace import Workspace

KEEP_GOING = "--keep-going"


@pytest.fixture
def study(workspace: Workspace) -> Workspace:
    """Two arms on two targets: fine-tuning and retrieval of both."""
    workspace.config["arms"] = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    del workspace.config["targets"]["xquad"]
    return workspace


def scores(folder: Path) -> set[tuple[str, str]]:
    return set(pd.read_parquet(folder / "scores.parquet")[["arm", "target"]].itertuples(index=False, name=None))


def test_what_fails_is_missing_alone_until_it_is_mended(study: Workspace) -> None:
    encoder = study.results / "encoders" / "small" / "mnli" / "seed1"
    study.snakemake(str((encoder / "record.json").relative_to(study.folder))).ok()
    assert not (study.results / "partial").exists()
    good = (encoder / "config.json").read_bytes()
    (encoder / "config.json").write_bytes(b"<html>not what it was</html>")

    done = study.snakemake(KEEP_GOING)
    assert done.code != 0
    assert "At least one job did not complete successfully" in done.text
    partial = study.results / "partial"
    assert "2 of 4 jobs that make scores are done" in done.text and "results/tiny/partial/report.html" in done.text
    assert scores(partial) == {("none", "xnli"), ("none", "tatoeba")}
    page = (partial / "report.html").read_text()
    assert "<strong>Partial:</strong> 2 of 4 jobs" in page
    assert "fine-tuning on XNLI, mnli of small, seed 1: failed:" in page
    assert "retrieval, mnli of small, seed 1: failed:" in page
    log = (study.results / "logs" / "small" / "mnli" / "xnli" / "seed1.log").read_text().strip()
    assert log.splitlines()[-1][:30].replace("'", "&#39;") in page
    assert "–" in (partial / "tables" / "main.md").read_text()
    assert {"q1.json", "effects.csv"} <= {path.name for path in (partial / "answers").iterdir()}
    assert "xstilts partial --figures" in page.replace("&#39;", "'") and not (partial / "figures").exists()
    usual = ("scores.parquet", "dev_scores.parquet", "tables", "answers", "figures", "report.html")
    assert not [name for name in usual if (study.results / name).exists()]

    drawn = study.xstilts("partial", "--figures", "--study", f"results/{study.study}/study.json").ok()
    assert "  figures\n  the page\n" in drawn.text and (partial / "figures" / "index.json").is_file()

    (encoder / "config.json").write_bytes(good)
    jobs = study.planned()
    assert "finetune small mnli xnli 1" in jobs and "retrieve small mnli 1" in jobs
    assert not [job for job in jobs if job.startswith(("pretrain", "intermediate", "finetune small none", "encode"))]
    study.snakemake().ok()
    assert scores(study.results) == {(arm, target) for arm in ("none", "mnli") for target in ("xnli", "tatoeba")}
    assert "Partial:" not in (study.results / "report.html").read_text()
    assert not partial.exists()

    again = study.xstilts("partial", "--study", f"results/{study.study}/study.json").ok()
    assert "All of the study's 4 jobs are done" in again.text and not partial.exists()


def test_without_any_scores_what_failed_is_said_and_nothing_is_summarised(study: Workspace) -> None:
    file = study.data / "intermediate" / "mnli" / "train.tsv"
    file.write_bytes(file.read_bytes().replace(b"gold_label", b"<b>label"))
    done = study.snakemake(KEEP_GOING)
    assert done.code != 0 and "0 of 4 jobs" in done.text and "There is nothing to summarise yet" in done.text
    assert "upstream: reading MNLI: failed:" in done.text
    assert not (study.results / "partial").exists()


def test_a_mistake_in_the_config_sums_nothing_up(study: Workspace) -> None:
    study.config["arms"]["typo"] = {"tasks": ["mnil"]}
    done = study.snakemake(KEEP_GOING)
    assert done.code != 0 and "Did you mean 'mnli'" in done.text
    assert not study.results.exists()
