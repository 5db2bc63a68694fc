"""The declared tasks are complete, and agree with the papers and with the rest of the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xstilts.config.settings import Encoding
from xstilts.sources.files import reader_of
from xstilts.sources.hub.rows import CONVERTERS
from xstilts.task_types import task_type_class, task_type_of
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import (
    INTERMEDIATE_TASKS,
    RETRIEVAL_TASKS,
    TARGET_TASKS,
    TASKS,
    TEXT,
    TRAINABLE_TASKS,
    TRAINING_SETS,
)
from xstilts.tasks.task import SPLITS, Task

ALL = pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
LABELLED = pytest.mark.parametrize("task", [task for task in TASKS.values() if task is not TEXT], ids=lambda t: t.name)
LANGUAGES = languages_of("files")


#: What XTREME-R adds: targets, and what they are trained on.
ADDED_TARGETS = "xcopa", "mewslix", "lareqa"
ADDED_TRAINING = "siqa", "copa", "squad_sentences", "wikipedia_pairs"


def test_nine_intermediate_and_nine_target_tasks_and_snli_alone_and_those_of_xtreme_r() -> None:
    assert (len(INTERMEDIATE_TASKS), len(TARGET_TASKS)) == (9, 9)
    assert set(TASKS) == {*INTERMEDIATE_TASKS, *TARGET_TASKS, *ADDED_TARGETS, *ADDED_TRAINING, "snli", "text"}


def test_every_task_with_english_training_data_can_be_an_intermediate_task() -> None:
    assert set(TRAINABLE_TASKS) == {
        *INTERMEDIATE_TASKS,
        "snli",
        "xnli",
        "pawsx",
        "udpos",
        "panx",
        "tydiqa",
        *ADDED_TRAINING,
    }


def test_xtreme_s_numbers_of_languages() -> None:
    counts = {name: len(TASKS[name].languages) for name in TARGET_TASKS}
    assert counts == {
        "xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 11, "mlqa": 7, "tydiqa": 9, "bucc2018": 4,
        "tatoeba": 36,
    }  # fmt: skip


def test_training_sets() -> None:
    added = {"copa", "squad_sentences", "wikipedia_pairs"}
    assert set(TRAINING_SETS) == {"xnli", "pawsx", "udpos", "panx", "squad_v1", "tydiqa", *added}
    assert all(TASKS[name].trains for name in TRAINING_SETS)
    assert {name for name in TARGET_TASKS if TASKS[name].trained_on is None} == {"bucc2018", "tatoeba"}


@ALL
def test_names_become_keys_and_folders(task: Task) -> None:
    assert TASKS[task.name] is task
    assert re.fullmatch(r"[a-z0-9][a-z0-9_]*", task.name)


@ALL
def test_languages_are_in_the_table(task: Task) -> None:
    assert set(task.languages) <= set(LANGUAGES)
    assert list(task.languages) == sorted(set(task.languages))
    assert set(task.without_dev) <= set(task.languages)


@ALL
def test_its_type_can_be_built(task: Task) -> None:
    task_type = task_type_of(task, Encoding())
    assert task_type.labels == task.labels
    assert task_type.schema.names[0] == "id"


def test_an_open_label_set_comes_from_outside() -> None:
    assert task_type_of(TASKS["ccg"], Encoding(), ("N", "NP")).labels == ("N", "NP")
    assert task_type_of(TASKS["xnli"], Encoding()).labels == ("entailment", "neutral", "contradiction")


@ALL
def test_it_has_files_and_a_reader_for_them(task: Task) -> None:
    assert task.files and set(task.files) <= set(SPLITS)
    assert callable(reader_of(task))
    for split in task.files:
        for code in task.languages:
            for paths in task.alternatives(Path("/"), split, LANGUAGES[code]):
                assert paths and not any("{" in str(path) for path in paths)


@pytest.mark.parametrize("name", TARGET_TASKS)
def test_targets_have_a_test_split_a_training_set_and_a_submission_form(name: str) -> None:
    task = TASKS[name]
    assert task.has("test") and task.submission
    assert (task.trained_on is None) == (name in RETRIEVAL_TASKS)
    assert task.trained_on is None or TASKS[task.trained_on].trains


def test_what_is_no_target_of_a_benchmark_has_no_submission_form() -> None:
    assert {name for name, task in TASKS.items() if task.submission} == {*TARGET_TASKS, "xcopa", "mewslix"}


@LABELLED
def test_it_is_described_and_can_be_cited(task: Task) -> None:
    assert task.title and task.licence and task.homepage.startswith("https://")
    entry = re.fullmatch(r"@\w+\{[\w-]+,\n(.*)\n\}", task.citation, re.DOTALL)
    assert entry and all(field in entry[1] for field in ("title", "author", "year"))
    assert task.citation.count("{") == task.citation.count("}")


@LABELLED
def test_it_is_scored(task: Task) -> None:
    assert task.primary_metrics
    assert "score" in {method for kind in task_type_class(task).__mro__[:-2] for method in vars(kind)}


@LABELLED
def test_its_sizes_are_known(task: Task) -> None:
    for split in task.files:
        languages = ("en",) if split == "train" else task.languages
        assert all(task.known_examples(split, code) for code in languages)
    assert task.tokens_per_input > 0 and task.inputs_per_example > 0


@LABELLED
def test_it_comes_from_the_hub_at_pinned_commits_or_says_why_not(task: Task) -> None:
    assert bool(task.hub) != bool(task.hub_missing)
    for part in task.hub:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", part.repository) and re.fullmatch("[0-9a-f]{40}", part.revision)
        assert set(part.splits) <= set(task.files)
        assert part.converter in CONVERTERS


@ALL
def test_what_people_read_changes_no_result(task: Task) -> None:
    shown = {"title", "licence", "homepage", "citation", "examples", "presumed", "tokens_per_input"}
    assert not shown & set(task.facts())
    assert {"name", "type", "files", "labels", "primary_metrics", "reader"} <= set(task.facts())


def test_text_is_only_for_pretraining() -> None:
    assert TEXT.primary_metrics == () and not TEXT.trains
