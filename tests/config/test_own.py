"""Tasks and languages of a study's own: what they become, and what is wrong with them in one sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from configs import ready_made

from xstilts.config.study import load, load_file, store
from xstilts.errors import UserError
from xstilts.tasks.languages import languages_of

NAMES: dict[str, Any] = {
    "type": "tagging",
    "files": {"train": "ner/train.txt", "dev": "ner/dev.txt", "test": "ner/test.{language}.txt"},
    "labels": ["O", "B-PER", "I-PER"],
    "languages": ["de", "hau"],
}
HAUSA = {"name": "Hausa", "family": "Afro-Asiatic", "genus": "West Chadic", "script": "Latn"}
MOODS: dict[str, Any] = {
    "type": "classification",
    "files": {"train": "train.tsv", "dev": "dev.tsv"},
    "columns": {"premise": "text", "label": "mood"},
    "labels": ["good", "bad"],
}


def config(name: str = "names", languages: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A study with one own task as a target, and Hausa, which the table lacks."""
    base = ready_made()
    return {
        **base,
        "languages": {"hau": HAUSA} if languages is None else languages,
        "tasks": {name: {**NAMES, **changes}},
        "targets": {**base["targets"], name: {}},
    }


def complaint(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        load(values)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2, lines
    return lines[1].removeprefix("  - ")


def test_an_own_task_is_a_target_in_its_own_languages() -> None:
    study = load(config())
    task = study.task("names")
    assert (task.title, task.type, task.labels) == ("names", "tagging", ("O", "B-PER", "I-PER"))
    assert task.primary_metrics == ("f1",) and task.trained_on == "names" and task.trains
    assert study.languages("names") == ("de", "hau")
    assert study.training_sets() == ("xnli", "squad_v1", "names")
    assert study.title_of("names") == "names" and study.title_of("xnli") == "XNLI"


def test_an_own_task_can_be_an_intermediate_task_and_have_settings_of_its_own() -> None:
    values = config() | {"tasks": {"names": NAMES, "moods": MOODS}}
    values["arms"] = {"none": {}, "moods": {"tasks": ["moods"]}, "mixed": {"tasks": ["moods", "names", "mnli"]}}
    values["training"] = {
        "intermediate": {"tasks": {"moods": {"epochs": 7}}},
        "target": {"tasks": {"names": {"epochs": 9}}},
    }
    values["encoding"] = {"tasks": {"moods": {"max_length": 17}}}
    study = load(values)
    assert study.intermediate("moods")[0].epochs == 7 and study.target("names").epochs == 9
    assert study.encoding_of("moods").max_length == 17
    assert study.task("moods").single_sentence and study.task("moods").primary_metrics == ("accuracy",)


def test_every_built_in_task_with_english_training_data_can_be_an_intermediate_task() -> None:
    arms = {"none": {}, **{task: {"tasks": [task]} for task in ("pawsx", "udpos", "panx", "tydiqa", "snli", "xnli")}}
    assert set(load(ready_made(arms=arms)).intermediate_tasks()) == set(arms) - {"none"}


def test_an_own_language_stands_in_the_table_with_what_is_known_of_it() -> None:
    study = load(config(languages={"hau": {**HAUSA, "coordinates": [11.1, 8.8], "genetic": 1.0}}))
    hausa = study.language_table()["hau"]
    assert (hausa.name, hausa.iso3, hausa.family, hausa.genetic) == ("Hausa", "hau", "Afro-Asiatic", 1.0)
    assert hausa.distance is None and hausa.cc100_gib is None
    assert hausa.geographic == pytest.approx(0.05, abs=0.01)
    assert set(study.language_table()) == {*languages_of("files"), "hau"}


def test_a_study_with_own_tasks_is_stored_and_read_again(tmp_path: Any) -> None:
    study, path = load(config()), tmp_path / "study.json"
    store(study, path)
    assert load_file(path) == study
    assert load_file(path).task("names").labels == ("O", "B-PER", "I-PER")


def test_a_target_trained_on_another_task() -> None:
    study = load(config(files={"test": "{language}.txt"}, trained_on="panx", labels=[]))
    assert study.training_sets() == ("xnli", "squad_v1", "panx")


def test_the_example_in_the_docs_is_a_study() -> None:
    page = (Path(__file__).parents[2] / "docs" / "own_tasks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    study = load({**ready_made(), **yaml.safe_load(example)})
    assert study.training_sets() == ("panx",) and study.languages("masakhaner") == ("hau", "sw", "yo")


MISTAKES: list[tuple[dict[str, Any], str]] = [
    (config(type="tagging_"), "tasks.names.type: must be 'classification', 'tagging', 'span_qa', 'multiple_choice' or "
                              "'retrieval', but is 'tagging_'."),
    (config(name="xnli"), "tasks.xnli: the name is taken by XNLI; give this task another one."),
    (config(name="main"), "tasks.main: results have something else of this name; give this task another one."),
    (config(name="my-ner"),
     "tasks.my-ner: names of tasks become folder names: use lower-case letters, digits and '_'."),
    (config(languages={}), "tasks.names.languages: there is no language 'hau'. Did you mean 'hu'? To add it"),
    (config(languages={"hau": HAUSA, "de": {"name": "German"}}),
     "languages.de: the name is taken by German; leave it out."),
    (config(languages={"hau": {**HAUSA, "distance": 2}}), "languages.hau.distance: must be at most 1, but is 2."),
    (config(languages={"hau": {**HAUSA, "coordinates": [100, 0]}}),
     "languages.hau: coordinates: latitude 100, longitude 0 is no place on Earth."),
    (config(languages={"hau": HAUSA, "hausa": HAUSA}), "languages.hausa: codes of languages are two or three "),
    (config(files={"train": "a.txt", "test": "b.txt"}),
     "tasks.names: files: training needs a 'dev' file too, on which checkpoints are chosen."),
    (config(files={"test": "{code}.txt"}), "tasks.names: files.test: '{code}.txt' may contain {language} and no other"),
    (config(files={"test": ["a.txt", "b.txt"]}), "tasks.names: files.test: must be the name of one file."),
    (config(files={"test": "a.xlsx"}), "tasks.names: format: files of type tagging can be conll, jsonl, not 'xlsx'."),
    (config(columns={"word": 0}), "tasks.names: columns.word: tagging has no such field, only tokens, tags."),
    (config(metrics=["bleu"]), "tasks.names: metrics: tagging has accuracy, f1."),
    (config(trained_on="panxx"), "tasks.names.trained_on: there is no task 'panxx'. Did you mean 'panx'?"),
    (config(trained_on="xquad"), "tasks.names.trained_on: XQuAD has no English training data."),
    (config(trained_on="mnli"), "tasks.names.trained_on: MNLI is of another type, classification."),
    (config(trained_on="panx"), "tasks.names.labels: lacks B-ORG, I-ORG, B-LOC, I-LOC, which a head trained on PAN-X "),
    (config(files={"test": "{language}.txt"}), "tasks.names.trained_on: it has no files of its own to train on; "),
    ({**config(), "tasks": {"names": NAMES, "moods": {**MOODS, "labels": ["good"]}}},
     "tasks.moods: labels: classification needs its labels, at least two."),
    ({**config(), "tasks": {"names": NAMES, "moods": {**MOODS, "columns": {"label": "mood"}}}},
     "tasks.moods: columns: does not say where 'premise' is."),
    ({**config(), "source": {"kind": "synthetic"}, "targets": {"names": {}}},
     "tasks: own tasks are read from files; set source.kind to 'files' or 'hub'."),
    ({**config(), "targets": {"nams": {}}}, "targets.nams: there is no target task 'nams'. Did you mean 'names'?"),
    ({**config(), "arms": {"none": {}, "a": {"tasks": ["nams"]}}},
     "arms.a.tasks.0: there is no intermediate task 'nams'. Did you mean 'names'?"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "sentence"), MISTAKES, ids=[sentence[:40] for _, sentence in MISTAKES])
def test_a_mistake_is_one_sentence(values: dict[str, Any], sentence: str) -> None:
    assert complaint(values).startswith(sentence)
