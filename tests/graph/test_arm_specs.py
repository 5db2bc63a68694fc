"""Which jobs run again when an arm, a corpus or a continued model changes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from configs import SMALL, own

from xstilts.config.study import load
from xstilts.graph.contents import planned
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs

Config = dict[str, Any]


def config() -> Config:
    """A model and one that continues it on code; arms of every kind."""
    return {
        **own(seeds=[1]),
        "models": {
            "tiny": {"architecture": dict(SMALL)},
            "code": {"continue": {"from": "tiny", "text": "code", "steps": 4}, "code_of": "tiny"},
        },
        "text": {"code": {"files": "code/**/*.py"}, "prose": {"languages": {"de": "de.txt", "en": "en.txt"}}},
        "arms": {
            "none": {},
            "mnli": {"tasks": ["mnli"]},
            "staged": {"stages": [{"tasks": ["mnli"]}, {"tasks": ["qqp"], "train_examples": 50}]},
            "beside": {"tasks": ["mnli", "qqp"], "masked_lm": {"text": "prose", "share": 0.3}},
            "text": {"masked_lm": {"text": "study"}},
        },
    }


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files of the corpora."""
    (tmp_path / "data" / "code" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "code" / "deep" / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "data" / "code" / "b.py").write_text("y = 2\n", encoding="utf-8")
    for code in ("de", "en"):
        (tmp_path / "data" / f"{code}.txt").write_text(f"text in {code}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(values: Config) -> dict[str, str]:
    """The run id of every job that trains or scores, and of those on texts."""
    runs = Runs(planned(load(values)))
    specs = Specs(runs)
    found = {str(job): specs.of(job)["id"] for job in runs.all_jobs()}
    for text in runs.texts():
        found[f"prepare {text}"] = specs.prepare(text)["id"]
        found |= {f"encode {model} {text}": specs.encode(model, text)["id"] for model in runs.study.models}
    found |= {f"tokenizer {model}": specs.tokenizer(model)["id"] for model in runs.study.models}
    return found


def changed(change: Any) -> set[str]:
    """The jobs whose ids differ after ``change`` has been made to the config."""
    before, after = config(), config()
    old = ids(before)
    change(after)
    new = ids(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def of_arm(arm: str, *models: str) -> set[str]:
    return {
        name for name in ids(config()) for model in models or ("tiny", "code") if name.startswith(f"{model} {arm} ")
    }


def of_model(model: str) -> set[str]:
    return {name for name in ids(config()) if name.startswith(f"{model} ")}


def setting(*path: Any, value: Any) -> Any:
    def change(values: Config) -> None:
        inside: Any = values
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("arm", "path", "value"),
    [
        ("staged", ("stages", 0, "training"), {"epochs": 1}),
        ("staged", ("stages", 1, "train_examples"), 60),
        ("staged", ("stages", 1, "tasks"), ["mnli"]),
        ("staged", ("training",), {"learning_rate": 0.1}),
        ("beside", ("mixing",), {"temperature": 2}),
        ("beside", ("masked_lm", "share"), 0.4),
        ("beside", ("masked_lm", "languages"), ["de"]),
        ("beside", ("masked_lm", "sampling"), {"exponent": 1}),
        ("beside", ("masked_lm", "text"), "code"),
        ("text", ("masked_lm", "languages"), ["de"]),
    ],
)
def test_a_key_of_an_arm_concerns_that_arm_alone(arm: str, path: tuple[Any, ...], value: Any) -> None:
    of_texts = {"prepare text_prose", "encode tiny text_prose", "encode code text_prose"} if value == "code" else set()
    assert changed(setting("arms", arm, *path, value=value)) - of_texts == of_arm(arm)


def test_defaults_spelt_out_change_nothing() -> None:
    assert changed(setting("arms", "mnli", "mixing", value="size")) == set()
    assert changed(setting("arms", "beside", "masked_lm", "sampling", value={"exponent": 0.3})) == set()
    assert changed(setting("arms", "mnli", value={"stages": [{"tasks": ["mnli"]}]})) == set()


def test_an_arm_of_tasks_has_the_spec_that_it_always_had() -> None:
    spec = Specs(Runs(load(config()))).intermediate("tiny", "mnli", 1)
    assert spec.keys() == {
        "id", "job", "study", "start", "tasks", "weights", "train_examples", "data", "training", "encoding",
        "selection", "seed", "compute", "code",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [("steps", 5), ("seed", 2), ("training", {"learning_rate": 0.5}), ("sampling", {"exponent": 0.5})],
)
def test_a_key_of_a_continuation_concerns_its_model_alone(path: str, value: Any) -> None:
    assert changed(setting("models", "code", "continue", path, value=value)) == of_model("code")


def test_a_continued_model_depends_on_the_one_that_it_continues() -> None:
    found = changed(setting("models", "tiny", "architecture", "seed", value=9))
    assert found == of_model("tiny") | of_model("code")


def test_a_file_of_a_corpus_concerns_what_reads_it(folder: Path) -> None:
    before = ids(config())
    (folder / "data" / "code" / "deep" / "a.py").write_text("x = 2\n", encoding="utf-8")
    after = ids(config())
    expected = of_model("code") | {"prepare text_code", "encode tiny text_code", "encode code text_code"}
    assert {name for name in before if before[name] != after[name]} == expected
    (folder / "data" / "code" / "new.py").write_text("z = 3\n", encoding="utf-8")
    assert {name for name in before if ids(config())[name] != after[name]} == expected


def test_a_planned_study_reads_the_files_of_its_plan_alone(folder: Path) -> None:
    runs = Runs(planned(load(config())))
    (folder / "data" / "code" / "new.py").write_text("z = 3\n", encoding="utf-8")
    names = [path.name for path in runs.corpus_files("text_code")["und"]]
    assert names == ["b.py", "a.py"]


def test_models_come_after_those_that_they_continue() -> None:
    values = copy.deepcopy(config())
    values["models"] = {
        "third": {"continue": {"from": "code", "text": "prose", "steps": 2}},
        "code": values["models"]["code"],
        "tiny": values["models"]["tiny"],
    }
    runs = Runs(load(values))
    assert [job.model for job in runs.all_jobs() if job.is_pretraining] == ["tiny", "code", "third"]
    assert runs.ancestors("third") == ("code", "tiny")
    assert runs.tokenizer_source("third") == runs.paths.tokenizer_file("code")


def test_texts_are_encoded_for_the_models_that_use_them() -> None:
    values = config()
    del values["arms"]["beside"], values["arms"]["text"]
    runs = Runs(load(values))
    assert runs.texts() == ("text", "text_code")
    assert runs.texts("tiny") == ("text",) and runs.texts("code") == ("text_code",)
