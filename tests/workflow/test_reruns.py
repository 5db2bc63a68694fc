"""The table of docs/reruns.md, row by row: what runs again is what it says, and ``xstilts why`` names the cause."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_release
from workspace import REPOSITORY, Workspace

DOCUMENT = REPOSITORY / "docs" / "reruns.md"
REPORT = {"collect", "tables", "answer", "figures", "report", "submission"}
NOTHING = "Nothing would run: all scores are there and up to date."

Change = Callable[[Workspace], None]


def setting(*path: str, value: Any) -> Change:
    """Set one value of the config."""

    def change(workspace: Workspace) -> None:
        section = workspace.config
        for name in path[:-1]:
            section = section.setdefault(name, {})
        section[path[-1]] = value

    return change


def without(section: str, name: str) -> Change:
    return lambda workspace: workspace.config[section].pop(name)


def fewer_seeds(workspace: Workspace) -> None:
    """The study as if it had run with a second seed, which is then taken out."""
    workspace.config["seeds"] = [1, 2]
    workspace.pretend()
    workspace.config["seeds"] = [1]


def edited(name: str) -> Change:
    """Edit a source file, in a copy of the package."""

    def change(workspace: Workspace) -> None:
        copy = workspace.folder / "package"
        shutil.copytree(workspace.package / "xstilts", copy / "xstilts", ignore=shutil.ignore_patterns("__pycache__"))
        with (copy / "xstilts" / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        workspace.package = copy

    return change


def other_data(workspace: Workspace) -> None:
    path = workspace.data / "xtreme" / "xnli" / "test-de.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("Katze", "Kuh"), encoding="utf-8")


def touched(workspace: Workspace) -> None:
    for name in tiny_release.FILES:
        os.utime(workspace.data / name)


def lose_scores(workspace: Workspace) -> None:
    (workspace.results / "scores" / "small" / "none" / "xnli" / "seed1.parquet").unlink()
    (workspace.results / "scores.parquet").unlink()


def with_ready_model(languages: list[str]) -> Change:
    """The study of a ready-made model as if it had run; then with other languages of XNLI."""

    def change(workspace: Workspace) -> None:
        model = workspace.folder / "model"
        model.mkdir()
        for name in ("tokenizer.json", "config.json", "model.safetensors"):
            (model / name).touch()
        workspace.config |= {"study": "ready", "models": {"small": {"path": "model"}}}
        workspace.pretend()
        workspace.config["targets"]["xnli"] = {"languages": languages}

    return change


#: By row of the table, how to make the change, and what the answer to 'why' says.
CHANGES: dict[str, tuple[Change, str]] = {
    "nothing": (lambda workspace: None, NOTHING),
    "a hyper-parameter of one target": (
        setting("training", "target", "tasks", value={"xnli": {"learning_rate": 0.5}}),
        "training.target.tasks.xnli.learning_rate: 1e-05 -> 0.5",
    ),
    "a hyper-parameter of one intermediate task": (
        setting("training", "intermediate", "tasks", value={"mnli": {"learning_rate": 0.5}}),
        "training.intermediate.tasks.mnli.learning_rate: 1e-05 -> 0.5",
    ),
    "a hyper-parameter of pretraining": (
        setting("training", "pretraining", "learning_rate", value=0.5),
        "training.pretraining.learning_rate: 1e-05 -> 0.5",
    ),
    "the encoding of one target": (
        setting("encoding", "tasks", value={"xnli": {"max_length": 16}}),
        "encoding.tasks.xnli.max_length: 32 -> 16",
    ),
    "a setting of retrieval": (setting("retrieval", "neighbours", value=2), "retrieval.neighbours: 4 -> 2"),
    "`compute.precision`": (
        setting("compute", value={"precision": "float32"}),
        'compute.precision: "auto" -> "float32"',
    ),
    "`compute.compile`, which training alone reads": (
        setting("compute", value={"compile": "auto"}),
        'compute.compile: "off" -> "auto"',
    ),
    "`compute.mps`": (setting("compute", value={"mps": "auto"}), NOTHING),
    "`gpus` of a model": (setting("models", "small", "gpus", value=2), "models.small.gpus is new"),
    "a further seed": (setting("seeds", value=[1, 2]), "seed 2 is new"),
    "a seed less": (fewer_seeds, "seeds: [1, 2] -> [1]"),
    "a further arm": (setting("arms", "qqp", value={"tasks": ["qqp"]}), "arm qqp is new"),
    "an arm less": (without("arms", "mnli"), "arms.mnli is gone"),
    "a further target": (setting("targets", "udpos", value={"languages": ["de", "en"]}), "target udpos is new"),
    "a target less": (without("targets", "tatoeba"), "target tatoeba is gone"),
    "a further language of a target, ready-made model": (
        with_ready_model(["de", "en", "fr"]),
        "files of xnli: with test.fr",
    ),
    "a language less of a target, ready-made model": (with_ready_model(["en"]), "files of xnli: without test.de"),
    "a data file's content": (other_data, "xtreme/xnli/test-de.tsv has another content"),
    "a data file's date": (touched, NOTHING),
    "one file of scores lost": (lose_scores, "its scores are missing"),
    "code of training": (edited("training/loop.py"), "training code has changed (code of kind 'training')"),
    "code of retrieval": (edited("retrieval/mining.py"), "retrieval code has changed (code of kind 'retrieval')"),
    "code of the report": (edited("report/page/style.css"), "report code has changed (code of kind 'report')"),
}


def rows() -> dict[str, str]:
    """The table: what runs again, by change."""
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return {change: again for change, again in found if change != "change"}


def why(workspace: Workspace, *options: str) -> str:
    """What ``xstilts why`` prints of a study file that the workspace's study has been written to."""
    workspace.write()
    study = ["--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", "study.yaml"]
    return workspace.xstilts("why", *study, *options).ok().text


def rules_in(answer: dict[str, Any]) -> set[str]:
    causes = answer["causes"]
    return {rule for cause in causes for rule in (*cause["jobs"], *cause["following"])} | set(answer["study"])


def test_every_row_has_its_change():
    assert list(rows()) == list(CHANGES)


@pytest.mark.parametrize("change", CHANGES)
def test_a_row(finished, change):
    make, cause = CHANGES[change]
    make(finished)
    answer = json.loads(why(finished, "--json"))
    again = rows()[change]
    expected = set(re.findall(r"`(\w+)`", again)) | (REPORT if "the report" in again else set())
    assert rules_in(answer) - {"all"} == expected
    if expected:
        assert cause in [found["cause"] for found in answer["causes"]]


# Asking about cells


def test_the_plan_is_that_of_a_dry_run(finished):
    setting("training", "intermediate", "learning_rate", value=0.5)(finished)
    setting("seeds", value=[1, 2])(finished)
    answer = json.loads(why(finished, "--json"))
    planned = finished.planned()
    assert answer["jobs"] == len(planned)
    assert rules_in(answer) == {job.split(" ")[0] for job in planned}


def test_a_study_that_has_not_run(workspace):
    text = why(workspace)
    assert "never run: nothing of the study has run yet" in text
    assert "small · all arms · all targets · seed 1 (9 cells)" in text


def test_what_follows_from_what(finished):
    setting("training", "intermediate", "learning_rate", value=0.5)(finished)
    assert why(finished).splitlines()[2:6] == [
        "training.intermediate.learning_rate: 1e-05 -> 0.5",
        "  jobs: intermediate 1",
        "  following, because intermediate small mnli seed 1 runs again: finetune 2, retrieve 1",
        "  cells: small · mnli · all targets · seed 1 (3 cells)",
    ]


def test_one_cell(finished):
    setting("training", "intermediate", "learning_rate", value=0.5)(finished)
    assert why(finished, "--cell", "small/none/xnli/1").strip() == (
        "small/none/xnli/1: nothing would run: its scores are there and up to date."
    )
    concerned = why(finished, "--cell", "small/mnli/xnli/1")
    assert "2 jobs would run for small/mnli/xnli/1." in concerned and "finetune 1" in concerned


def test_a_cell_that_the_study_has_not(finished):
    finished.write()
    study = ["--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", "study.yaml"]
    for options, message in (
        (["--cell", "small/mli/xnli/1"], "the study has no arm 'mli'. Did you mean 'mnli'?"),
        (["--cell", "small/mnli"], "a cell is written model/arm/target/seed, such as small/none/xnli/1."),
    ):
        done = finished.xstilts("why", *study, *options)
        assert done.code == 1 and message in done.text


def test_mistakes_are_sentences(workspace, tmp_path: Path):
    workspace.config["arms"] = {"mnli": {"tasks": ["mnli"]}}
    workspace.write()
    for options in (["--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", "study.yaml"], ["--study", "tiny"]):
        done = workspace.xstilts("why", *options)
        assert done.code == 1 and "gains need the baseline" in done.text and "Traceback" not in done.text
    done = workspace.xstilts("why", "--snakefile", "nowhere", "--configfile", "study.yaml")
    assert done.code == 1 and "Run this where you run snakemake" in done.text
