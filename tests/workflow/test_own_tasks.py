"""The example study with tasks and a language of its own, from its files to its report."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from workspace import REPOSITORY, Workspace

from xstilts import load_results

STUDIES = REPOSITORY / "workflow" / "studies"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The example as its header says to run it, with fewer steps."""
    folder = tmp_path_factory.mktemp("own")
    script = STUDIES / "own_tasks" / "write_data.py"
    subprocess.run([sys.executable, script, "data/own_tasks"], cwd=folder, check=True)
    config = yaml.safe_load((STUDIES / "own_tasks.yaml").read_text(encoding="utf-8"))
    config["seeds"] = [1]
    for stage in config["training"].values():
        stage["max_steps"] = 6
    workspace = Workspace(folder, config)
    workspace.snakemake().ok()
    return workspace


def test_own_tasks_are_scored_in_their_languages(example: Workspace) -> None:
    scores = pq.read_table(example.results / "scores.parquet").to_pandas()
    places = scores.groupby("target")["language"].unique().map(sorted).to_dict()
    assert places == {"intents": ["en", "eo"], "names": ["en", "eo"]}
    assert set(scores["arm"]) == {"none", "endings", "intents", "both"}
    assert set(scores.loc[scores["target"] == "intents", "n"]) == {60}


def test_they_train_arms_and_have_dev_scores(example: Workspace) -> None:
    dev = pq.read_table(example.results / "dev_scores.parquet").to_pandas()
    assert set(dev.loc[dev["stage"] == "intermediate", "task"]) == {"endings", "intents", "names"}


def test_the_report_shows_them_and_no_average_of_xtreme(example: Workspace) -> None:
    page = (example.results / "report.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("Intents", "Names", "Endings", "Esperanto"))
    main = pd.read_csv(example.results / "tables" / "main.csv")
    assert set(main["target"]) == {"intents", "names"}
    assert not list((example.results / "submission").glob("*/intents"))


def test_results_are_read_as_those_of_any_study(example: Workspace) -> None:
    results = load_results(example.results)
    assert set(results.scores["target"]) == {"intents", "names"}
    baseline = results.scores[results.scores["arm"] == "none"]
    unlearnt = set(baseline.loc[baseline["flag"].notna(), "target"])  # few steps; no baseline, no gain
    assert set(results.gains["target"]) == {"intents", "names"} - unlearnt


def test_a_changed_declaration_prepares_its_own_task_again_and_no_other(example: Workspace) -> None:
    assert example.counts().total() == 0
    tasks = example.config["tasks"]
    tasks["endings"]["columns"] = {**tasks["endings"]["columns"], "id": "start"}
    jobs = example.planned()
    assert [job for job in jobs if job.startswith("prepare ")] == ["prepare endings"]
    assert "pretrain tiny" in jobs  # on the sentences of all tasks


def test_a_mistake_in_an_own_file_stops_before_training(tmp_path: Path) -> None:
    script = STUDIES / "own_tasks" / "write_data.py"
    subprocess.run([sys.executable, script, "data/own_tasks"], cwd=tmp_path, check=True)
    file = tmp_path / "data" / "own_tasks" / "intents" / "test.eo.tsv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\tquestion\n", "\tquestoin\n", 1), encoding="utf-8")
    config = yaml.safe_load((STUDIES / "own_tasks.yaml").read_text(encoding="utf-8"))
    workspace = Workspace(tmp_path, config)
    assert workspace.snakemake().code != 0
    log = (workspace.results / "logs" / "prepare" / "intents.log").read_text(encoding="utf-8")
    assert "test.eo.tsv, row " in log and "Did you mean 'question'?" in log and "Traceback" not in log
    assert not (workspace.results / "encoders").exists()


def test_a_label_that_no_example_has_stops_before_training(tmp_path: Path) -> None:
    script = STUDIES / "own_tasks" / "write_data.py"
    subprocess.run([sys.executable, script, "data/own_tasks"], cwd=tmp_path, check=True)
    config = yaml.safe_load((STUDIES / "own_tasks.yaml").read_text(encoding="utf-8"))
    config["tasks"]["intents"]["labels"].append("joke")
    workspace = Workspace(tmp_path, config)
    assert workspace.snakemake("results/own_tasks/data/intents/manifest.json").code != 0
    log = (workspace.results / "logs" / "prepare" / "intents.log").read_text(encoding="utf-8")
    assert "tasks.intents.labels: no example of its files has the label 'joke'" in log


def test_snakemake_packs_the_report_and_the_figures(example: Workspace) -> None:
    example.snakemake("--report", "packed.zip").ok()
    names = {Path(name).name for name in zipfile.ZipFile(example.folder / "packed.zip").namelist()}
    assert {"report.html", "gains.svg"} <= names
