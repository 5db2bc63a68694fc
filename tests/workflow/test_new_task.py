"""Adding a built-in task of an existing type is one entry in one file: shown on a copy of the package."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from workspace import TINY, Workspace

import xstilts

ENTRY = """

SCITAIL_X = Task(
    name="scitail",
    title="SciTail",
    type="classification",
    licence="Apache-2.0",
    homepage="https://allenai.org/data/scitail",
    citation="@inproceedings{khot-etal-2018-scitail,\\n  title = {SciTail},\\n  author = {K},\\n  year = {2018}\\n}",
    files={split: (("xtreme/scitail/{split}-{code}.tsv",),) for split in ("train", "dev", "test")},
    reader="pairs.xtreme",
    primary_metrics=("accuracy",),
    languages=codes("de en"),
    labels=NLI,
    trained_on="scitail",
    examples={"train": 4, "dev": 2, "test": 2},
    hub_missing="It is not on the Hub.",
    submission="labels",
)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A study of the new task, as a target and as an intermediate task, whose programs find the copy."""
    folder = tmp_path_factory.mktemp("new")
    package = folder / "src"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(xstilts.__file__).parent, package / "xstilts", ignore=ignored)
    with (package / "xstilts" / "tasks" / "nli.py").open("a", encoding="utf-8") as file:
        file.write(ENTRY)
    rows = ["It rains.\tIt is wet.\tentailment", "It rains.\tIt is dry.\tcontradiction"]
    for split, code in (("train", "en"), ("dev", "en"), ("test", "en"), ("test", "de")):
        path = folder / "data" / "xtreme" / "scitail" / f"{split}-{code}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows * (2 if split == "train" else 1)) + "\n", encoding="utf-8")
    tatoeba = folder / "data" / "xtreme" / "tatoeba"
    tatoeba.mkdir(parents=True)
    (tatoeba / "tatoeba.deu-eng.deu").write_text("Es regnet.\nDie Sonne scheint.\n", encoding="utf-8")
    (tatoeba / "tatoeba.deu-eng.eng").write_text("It rains.\nThe sun shines.\n", encoding="utf-8")
    config = {
        **TINY,
        "source": {"kind": "files", "root": "data", "text": "tasks"},
        "arms": {"none": {}, "scitail": {"tasks": ["scitail"]}},
        "targets": {"scitail": {}, "tatoeba": {"languages": ["de"]}},
    }
    return Workspace(folder, config, package)


def test_it_is_planned(workspace: Workspace) -> None:
    workspace.write()
    planned = workspace.xstilts("plan", "--config", "study.yaml", "--gpu", "t4", "--json").ok()
    assert json.loads(planned.text)["study"] == "tiny"


def test_a_dry_run_has_its_jobs(workspace: Workspace) -> None:
    jobs = workspace.counts()
    assert (jobs["prepare"], jobs["intermediate"], jobs["finetune"]) == (2, 1, 2)


def test_it_is_prepared(workspace: Workspace) -> None:
    workspace.snakemake("results/tiny/data/scitail/manifest.json").ok()
    table = pq.read_table(workspace.results / "data" / "scitail" / "test.de.parquet")
    assert table.column("label").to_pylist() == ["entailment", "contradiction"]


def test_a_submission_has_xtreme_s_tasks_alone_and_its_own_form_is_known(workspace: Workspace) -> None:
    workspace.snakemake().ok()
    assert {path.name for path in (workspace.results / "submission" / "none").iterdir()} == {"tatoeba"}
    program = (
        "import pyarrow.parquet as pq\n"
        "from xstilts.submission.lines import parsed, written\n"
        "from xstilts.tasks.registry import TASKS\n"
        "task, table = TASKS['scitail'], pq.read_table('results/tiny/data/scitail/test.de.parquet')\n"
        "text = written(task, ['neutral', 'entailment'], table)\n"
        "assert text == 'neutral\\nentailment\\n'\n"
        "assert [p for _, p in parsed(task, text, table).predictions] == ['neutral', 'entailment']\n"
    )
    workspace.program(sys.executable, "-c", program).ok()
