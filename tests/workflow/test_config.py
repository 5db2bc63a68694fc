"""Which study runs: the default one, that of --configfile, with values of --config; and what happens to a wrong one."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from workspace import REPOSITORY


@pytest.fixture
def with_default(workspace):
    """A workspace with a default study whose arms and settings are not those of the tiny study."""
    default = {
        **workspace.config,
        "study": "default",
        "arms": {"none": {}, "leak": {"tasks": ["qqp"]}},
        "targets": {"udpos": {"languages": ["en"]}},
        "seeds": [7],
        "splits": ["dev"],
    }
    (workspace.folder / "config.yaml").write_text(yaml.safe_dump(default), encoding="utf-8")
    return workspace


def stored(workspace, study):
    """The study that the jobs read; its file is written when a run starts, and touching outputs is one."""
    config = json.loads((workspace.folder / "results" / study / "study.json").read_text(encoding="utf-8"))
    return {key: value for key, value in config.items() if key != "contents"}


def test_the_default_study(with_default):
    done = with_default.bare_snakemake("--dry-run").ok()
    assert "finetune" in done.text and "leak" in done.text
    with_default.bare_snakemake("--touch").ok()
    assert stored(with_default, "default")["seeds"] == [7]


def test_a_study_file_replaces_the_default_study(with_default):
    done = with_default.snakemake("--dry-run").ok()
    assert "leak" not in done.text and "udpos" not in done.text
    with_default.snakemake("--touch").ok()
    study = stored(with_default, "tiny")
    assert study == {**with_default.config, "models": study["models"]}
    assert not (with_default.folder / "results" / "default").exists()


@pytest.mark.parametrize("program", ["snakemake", "why", "plan"])
def test_a_key_that_stands_twice_is_refused(workspace, program):
    workspace.write()
    file = workspace.folder / "study.yaml"
    text = file.read_text(encoding="utf-8")
    first, lines = text[: text.index("arms:")].count("\n") + 1, text.count("\n")
    file.write_text(f"{text}arms:\n  none: {{}}\n", encoding="utf-8")
    done = {
        "snakemake": lambda: workspace.bare_snakemake("--dry-run", "--configfile", "study.yaml"),
        "why": lambda: workspace.xstilts(
            "why", "--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", "study.yaml"
        ),
        "plan": lambda: workspace.xstilts("plan", "--config", "study.yaml", "--gpu", "cpu"),
    }[program]()
    assert done.code != 0 and "Traceback" not in done.text
    assert f"arms: in line {first} and in line {lines + 1}" in done.text


def test_no_arm_of_the_demo_leaks_into_a_study(workspace):
    demo = REPOSITORY / "config.yaml"
    shutil.copy(demo, workspace.folder)
    arms = yaml.safe_load(demo.read_text(encoding="utf-8"))["arms"]
    done = workspace.snakemake("--dry-run").ok()
    workspace.snakemake("--touch").ok()
    assert set(stored(workspace, "tiny")["arms"]) == {"none", "mnli", "control"}
    assert not [arm for arm in set(arms) - {"none", "mnli", "control"} if f"arm={arm}," in done.text]


@pytest.mark.parametrize("given", ["default", "file"])
def test_single_values_override_either(with_default, given):
    run = with_default.bare_snakemake if given == "default" else with_default.snakemake
    run("--touch", "--config", "study=other", "source={root: elsewhere}", "seeds=[3, 4]").ok()
    study = stored(with_default, "other")
    assert study["source"] == {"kind": "files", "root": "elsewhere"}
    assert study["seeds"] == [3, 4]
    assert set(study["arms"]) == ({"none", "leak"} if given == "default" else {"none", "mnli", "control"})


def test_a_folder_without_any_study(workspace):
    done = workspace.bare_snakemake("--dry-run")
    assert done.code != 0 and "config.yaml" in done.text and "Traceback" not in done.text


def change(config, path, value):
    *sections, key = path.split(".")
    for section in sections:
        config = config.setdefault(section, {})
    config[key] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "training.target.learning_rat",
            0.1,
            "training.target.learning_rat: unknown key. Did you mean 'learning_rate'?",
        ),
        ("training.target.learning_rate", "1e-5", "write 1.0e-5"),
        ("training.target.batch_size", 0, "training.target.batch_size"),
        ("arms.mnli.tasks", ["mnly"], "Did you mean 'mnli'?"),
        ("arms.none", {"tasks": ["mnli"]}, "arms.none: is the baseline"),
        ("arms", {"mnli": {"tasks": ["mnli"]}}, "add 'none: {}' to arms"),
        ("targets.xnly", {}, "Did you mean 'xnli'?"),
        ("targets.xnli.languages", ["de", "xx"], "targets.xnli.languages: there is no language 'xx'"),
        ("targets.tatoeba.languages", ["en"], "Tatoeba has no 'en'"),
        ("source", {"kind": "hug"}, "source.kind: must be 'synthetic', 'files' or 'hub'"),
        ("models.small.path", "somewhere", "give one of 'path'"),
        ("study", "My Study", "lower-case"),
    ],
)
def test_a_wrong_study(workspace, path, value, message):
    change(workspace.config, path, value)
    done = workspace.snakemake()
    assert done.code != 0
    assert done.text.count(message) == 1, done.text
    assert "Traceback" not in done.text and "pydantic" not in done.text
    assert not (workspace.folder / "results").exists()


def test_every_mistake_is_named_at_once(workspace):
    change(workspace.config, "targets.xnly", {})
    change(workspace.config, "sede", 1)
    done = workspace.snakemake()
    assert "targets.xnly" in done.text and "sede: unknown key" in done.text


def test_a_wrong_value_on_the_command_line(workspace):
    done = workspace.snakemake("--config", "splits=[tset]")
    assert done.code != 0 and "splits" in done.text and "Traceback" not in done.text
    assert not (workspace.folder / "results").exists()


def test_a_model_by_its_name_on_the_hub(workspace):
    workspace.config["models"] = {"xlmr": {"path": "FacebookAI/xlm-roberta-base"}}
    done = workspace.snakemake("--dry-run")
    assert done.code and "models.xlmr.path: there is no folder 'FacebookAI/xlm-roberta-base'" in done.text
    assert "hf://namespace/name@commit" in done.text and "MissingInput" not in done.text
