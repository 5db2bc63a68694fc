"""Planted worlds: the shares that a question's effect is planted in hold in the files, and the null world has none."""

from __future__ import annotations

import csv
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_study import study_config

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.synthetic.generate import generate
from xstilts.synthetic.planted.designs import design_of
from xstilts.synthetic.planted.files import write_code
from xstilts.synthetic.planted.items import World
from xstilts.synthetic.planted.words import LABELS
from xstilts.tasks.planted_languages import planted_languages

QUESTIONS = ("q1", "q2", "q3", "q4", "q5")
GUESSED = 1 / len(LABELS)


def source_of(question: str, effect: bool = True, languages: int = 8, **sizes: int) -> SyntheticSource:
    values: dict[str, Any] = {"train_examples": 400, "eval_examples": 400, "documents": 90, **sizes}
    planted = {"question": question, "effect": effect, "languages": languages}
    return SyntheticSource.model_validate({"kind": "synthetic", "planted": planted, **values})


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t")


def planted_gain(world: World, task: str, target: str, language: str) -> float:
    """The gain in points of an encoder that learns all that a task teaches."""
    known = {marker.word for marker in world.taught(world.design.intermediate[task])}
    items = world.target(target, "test", language)
    return 100 * (1 - GUESSED) * sum(item.marker in known for item in items) / len(items)


def gains(question: str, effect: bool, languages: int = 8) -> dict[tuple[str, str, str], float]:
    """The planted gains of every cell beyond English."""
    world = World(source_of(question, effect, languages))
    return {
        (task, target, language): planted_gain(world, task, target, language)
        for task in world.design.intermediate
        for target in world.design.targets
        for language in world.languages[1:]
    }


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("effect", [True, False])
def test_items_have_markers_in_the_share_that_the_design_says(question: str, effect: bool) -> None:
    world = World(source_of(question, effect))
    for name, asked in world.design.targets.items():
        for language, share in asked.items():
            items = world.target(name, "test", language)
            assert sum(bool(item.marker) for item in items) / len(items) == pytest.approx(share.markers, abs=0.01)
            assert Counter(item.label for item in items) == dict.fromkeys(LABELS, 100)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_marker_or_a_cue_decides_each_item_and_no_other_word_does(question: str) -> None:
    world = World(source_of(question))
    labels = {marker.word: marker.label for marker in world.words.markers}
    labels |= {cue: label for label, cues in world.words.cues.items() for cue in cues}
    for item in (*world.intermediate("intermediate_1", "train"), *world.target("target_1", "test", "qba")):
        deciding = [word for word in item.text.split() if word in labels]
        assert len(deciding) == 1 and labels[deciding[0]] == item.label
        assert item.marker in ("", deciding[0])


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("effect", [True, False])
def test_fine_tuning_teaches_no_marker_and_arms_teach_theirs_alone(question: str, effect: bool) -> None:
    world = World(source_of(question, effect, train_examples=2400))
    assert not any(item.marker for split in ("train", "dev") for item in world.target("target_1", split))
    for name, task in world.design.intermediate.items():
        seen = {item.marker for item in world.intermediate(name, "train")} - {""}
        assert seen == {marker.word for marker in world.taught(task)}


def test_gains_fall_with_distance_and_in_the_null_world_not() -> None:
    distance = {code: language.distance for code, language in planted_languages(30).items()}
    for effect in (True, False):
        cells = gains("q1", effect, languages=30)
        slope, _ = statistics.linear_regression([distance[cell[2]] or 0.0 for cell in cells], list(cells.values()))
        assert slope == pytest.approx(-100 * 0.2 * 0.75 * (1 - GUESSED) if effect else 0, abs=1)


@pytest.mark.parametrize("question", ["q1", "q3", "q5"])
def test_the_null_world_has_the_same_gain_on_average_and_the_same_in_all_cells(question: str) -> None:
    twin, null = (list(gains(question, effect, languages=12).values()) for effect in (True, False))
    assert statistics.mean(null) == pytest.approx(statistics.mean(twin), abs=1)
    assert statistics.stdev(twin) > 2 * statistics.stdev(null)


def test_a_task_teaches_the_domains_beside_its_own_by_half() -> None:
    cells = gains("q3", True)
    by_step: dict[int, list[float]] = {step: [] for step in range(4)}
    for (task, target, _), gain in cells.items():
        step = abs(int(task[-1]) - int(target[-1])) % 6
        by_step[min(step, 6 - step)].append(gain)
    means = [statistics.mean(found) for found in by_step.values()]
    assert means == pytest.approx([37.5 * overlap for overlap in (0.8, 0.5, 0.1, 0)], abs=1.5)


def test_languages_are_about_a_domain_that_one_task_teaches() -> None:
    cells = gains("q5", True)
    own = [gain for (task, _, language), gain in cells.items() if int(task[-1]) - 1 == (ord(language[2]) - 97) % 4]
    others = [gain for gain in cells.values() if gain not in own]
    assert statistics.mean(own) == pytest.approx(37.5 * 0.7, abs=1.5)
    assert statistics.mean(others) == pytest.approx(37.5 * 0.1, abs=1.5)


@pytest.mark.parametrize("effect", [True, False])
def test_size_matters_if_what_is_taught_is_asked_for(effect: bool) -> None:
    world = World(source_of("q4", effect, train_examples=2400))
    known = {item.marker for item in world.intermediate("intermediate_1", "train")}
    marked = [item.marker for item in world.target("target_1", "test", "qba") if item.marker]
    assert marked and {marker in known for marker in marked} == {effect}


@pytest.mark.parametrize("effect", [True, False])
def test_lines_of_the_code_have_markers_of_one_label_if_the_world_has_the_effect(effect: bool, tmp_path: Path) -> None:
    source = source_of("q2", effect)
    assert design_of(source.planted).clustered == effect  # type: ignore[arg-type]
    write_code(tmp_path / "code.txt", source)
    labels = {marker.word: marker.label for marker in World(source).words.markers}
    lines = (tmp_path / "code.txt").read_text(encoding="utf-8").splitlines()
    mixed = [line for line in lines if len({labels[word] for word in line.split()}) > 1]
    assert not mixed if effect else len(mixed) > 0.9 * len(lines)


def test_the_same_seed_writes_the_same_files_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        generate(tmp_path / name, source_of("q3", seed=seed))
    one, again, other = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "again", "other")
    )
    assert one == again and one.keys() == other.keys()
    assert sum(one[path] == other[path] for path in one) == 1, "only the list of languages"
    assert {row["label"] for row in rows(tmp_path / "one" / "target_6" / "test.qbh.tsv")} == set(LABELS)
    assert len((tmp_path / "one" / "text" / "qbh.txt").read_text(encoding="utf-8").splitlines()) == 10


def test_languages_have_genera_and_families_and_distances_between_0_and_1() -> None:
    table = planted_languages(30)
    assert len(table) == 31 and len({language.genus for language in table.values()}) == 16
    distances = [language.distance for code, language in table.items() if code != "en"]
    assert len(set(distances)) == 30 and all(0 < distance < 1 for distance in distances if distance is not None)


OWN = {
    "type": "classification",
    "files": {"train": "target_1/train.tsv", "dev": "target_1/dev.tsv", "test": "target_1/test.{language}.tsv"},
    "columns": {"premise": "text", "label": "label"},
    "labels": list(LABELS),
}


def planted_config(**source: Any) -> dict[str, Any]:
    source["kind"] = "synthetic"
    return study_config(source=source, tasks={"target_1": OWN}, arms={"none": {}}, targets={"target_1": {}})


def test_a_study_declares_the_tasks_of_a_planted_world_and_has_its_languages() -> None:
    study = load(planted_config(planted={"question": "q1", "languages": 3}))
    assert study.languages("target_1") == ("en", "qba", "qbb", "qbc")
    assert "planted" in study.source.model_dump()


def test_of_other_synthetic_sources_nothing_is_said_of_planted_worlds() -> None:
    assert "planted" not in SyntheticSource.model_validate({"kind": "synthetic"}).model_dump()
    with pytest.raises(UserError, match="own tasks are read from files"):
        load(planted_config())


def test_more_languages_than_there_are_codes_for_are_refused() -> None:
    with pytest.raises(UserError, match=r"source\.planted\.languages"):
        load(planted_config(planted={"question": "q1", "languages": 105}))
