"""Translated training data as the job writes it: the synthetic languages say what a right translation is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_translators
from translation_texts import Dictionary
from workspace import TINY

from xstilts.config.study import load
from xstilts.data import examples
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs import translate as job
from xstilts.jobs.prepare import prepare
from xstilts.sources import files
from xstilts.synthetic.generate import generate
from xstilts.task_types import task_type_class
from xstilts.translation import finished, translator
from xstilts.translation.examples import Fields
from xstilts.translation.translator import Translated

ALDRIC = "qaa"
TASKS = ("mnli", "squad_v1", "commonsenseqa")


def config(study: str = "tiny", **translation: Any) -> dict[str, Any]:
    return {
        **copy.deepcopy(TINY),
        "study": study,
        "source": {"kind": "synthetic", "train_examples": 30, "eval_examples": 4, "documents": 10},
        "arms": {"none": {}, "aldric": {"tasks": list(TASKS), "languages": [ALDRIC]}},
        "targets": {"tatoeba": {"languages": [ALDRIC]}},
        "translation": {"model": "m2m", "beams": 2, "max_length": 20, **translation},
    }


def study(name: str = "tiny", **translation: Any) -> Runs:
    """A study that has everything translated, although the synthetic source could render it, with its English data."""
    known = load(config(name, **translation)).model_copy(update={"translated": {task: [ALDRIC] for task in TASKS}})
    runs = Runs(known)
    generate(runs.paths.raw, known.source, TASKS, {task: [ALDRIC] for task in TASKS[:2]})  # type: ignore[arg-type]
    for task in TASKS:
        prepare(runs, task)
    return runs


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finished, "SHARD", 16)


def fields(runs: Runs, task: str) -> Fields:
    return Fields.of(runs.study.task(task), task_type_class(runs.study.task(task)))


def english(runs: Runs, task: str) -> list[dict[str, Any]]:
    return list(examples.read(runs.paths.examples(task, "train", "en")).to_pylist())


def rendered(runs: Runs, task: str) -> list[dict[str, Any]]:
    """The same examples as the world renders them in Aldric."""
    table = files.read(runs.paths.raw, runs.study.task(task), "train", runs.study.language_table()[ALDRIC])
    return list(table.to_pylist())


def truth(runs: Runs, task: str) -> dict[str, str]:
    """The rendering of each text that has to be translated, marks included."""
    texts = fields(runs, task).texts
    pairs = zip(english(runs, task), rendered(runs, task), strict=True)
    return {one: other for row, same in pairs for one, other in zip(texts(row), texts(same), strict=True)}


def translating(model: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(translator, "load", lambda *_: model)
    return model


def made(runs: Runs, task: str) -> list[dict[str, Any]]:
    return list(examples.read(runs.paths.examples(f"{task}.{ALDRIC}", "train", ALDRIC)).to_pylist())


def manifest(runs: Runs, task: str) -> dict[str, Any]:
    return dict(json.loads(runs.paths.data_manifest(f"{task}.{ALDRIC}").read_bytes()))


@pytest.mark.parametrize("task", ["mnli", "squad_v1"])
def test_a_right_translation_gives_the_examples_that_the_world_renders(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = study()
    translating(Dictionary(truth(runs, task)), monkeypatch)
    job.translate(runs, task, ALDRIC, 1)
    found = made(runs, task)
    texts = fields(runs, task).columns
    for row, original, expected in zip(found, english(runs, task), rendered(runs, task), strict=True):
        assert json.loads(row.pop("english")) == {column: original[column] for column in texts}
        assert row == {**expected, "id": original["id"]}
    assert found != english(runs, task)
    assert manifest(runs, task)["translation"] == {
        "model": "m2m",
        "english": examples.provenance_of(runs.paths.examples(task, "train", "en")).fingerprint,
        "examples": 30,
        "dropped": {},
    }


def test_what_is_not_translated_is_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs = study()
    known, rows = truth(runs, "squad_v1"), english(runs, "squad_v1")
    sources = [next(fields(runs, "squad_v1").texts(row)) for row in rows]
    del known[sources[0]]
    known[sources[1]] = known[sources[1]].replace("[", "")
    lost = [row["id"] for row, source in zip(rows, sources, strict=True) if source in sources[:2]]
    translating(Dictionary(known), monkeypatch)
    job.translate(runs, "squad_v1", ALDRIC, 1)
    assert [row["id"] for row in made(runs, "squad_v1")] == [row["id"] for row in rows if row["id"] not in lost]
    listed = manifest(runs, "squad_v1")
    assert set(listed["translation"]["dropped"]) == {"empty", "marks_lost"}
    assert sum(listed["translation"]["dropped"].values()) == len(lost)
    assert listed["files"][f"train.{ALDRIC}"]["examples"] == 30 - len(lost)
    assert f"squad_v1.qaa: {len(lost)} of 30 examples are left out" in caplog.text


def test_a_model_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = study()
    translating(Dictionary({}), monkeypatch)
    with pytest.raises(UserError, match=r"^translation.model: of 30 examples of MNLI, none .* 'qaa' \(empty 30\)"):
        job.translate(runs, "mnli", ALDRIC, 1)
    assert not runs.paths.data_manifest("mnli.qaa").exists()


def test_another_study_with_the_same_settings_translates_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = study()
    known = truth(first, "mnli")
    translating(Dictionary(known), monkeypatch)
    job.translate(first, "mnli", ALDRIC, 1)
    second, model = study("another"), translating(Dictionary(known), monkeypatch)
    job.translate(second, "mnli", ALDRIC, 1)
    assert not model.asked and made(second, "mnli") == made(first, "mnli")
    job.translate(study("third", beams=3), "mnli", ALDRIC, 1)
    assert set(model.asked) == set(known)


class Killed:
    """A model whose process is killed in the second shard."""

    def __init__(self, model: translator.Translator) -> None:
        self.model, self.shards = model, 0

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        self.shards += 1
        if self.shards == 2:
            raise KeyboardInterrupt
        return self.model.translate(texts)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Killed]]:
    """A tiny model of the family of M2M-100, and what has been loaded of it."""
    tiny_translators.write("m2m", Path("m2m"))
    loaded: list[Killed] = []
    load_model = translator.load

    def load_once(*arguments: Any) -> Any:
        loaded.append(Killed(load_model(*arguments)))
        return loaded[-1] if len(loaded) == 1 else loaded[-1].model

    monkeypatch.setattr(translator, "load", load_once)
    yield loaded


@pytest.mark.parametrize("task", ["mnli", "commonsenseqa"])
def test_after_a_kill_the_same_bytes_come_out(task: str, models: list[Killed]) -> None:
    killed, whole = study("killed"), study("whole", max_length=21)
    with pytest.raises(KeyboardInterrupt):
        job.translate(killed, task, ALDRIC, 1)
    assert not killed.paths.data_manifest(f"{task}.qaa").exists()
    job.translate(killed, task, ALDRIC, 1)
    job.translate(whole, task, ALDRIC, 1)  # with another key, so that nothing is shared
    assert len(models) == 3
    assert made(killed, task) == made(whole, task)
    shards = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in shared()]
    assert len(shards) == 2 and shards[0] == shards[1]
    assert all(row["english"] for row in made(killed, task))


def shared() -> list[Path]:
    return sorted(Path("results", ".translations").iterdir())


def test_a_model_that_loses_marks_is_refused(models: list[Killed]) -> None:
    runs = study()
    with pytest.raises(KeyboardInterrupt):
        job.translate(runs, "squad_v1", ALDRIC, 1)
    with pytest.raises(UserError, match=r"none could be translated into 'qaa' \(.*marks_lost \d+.*\)"):
        job.translate(runs, "squad_v1", ALDRIC, 1)
