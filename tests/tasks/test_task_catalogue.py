"""The declared tasks agree with the papers, and with the rest of the package."""

from __future__ import annotations

import pytest

from xstilts.config.settings import Encoding
from xstilts.task_types import task_type_class, task_type_of
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS, TEXT, TRAINING_SETS
from xstilts.tasks.task import Task

ALL = pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))


def test_nine_intermediate_and_nine_target_tasks() -> None:
    assert (len(INTERMEDIATE_TASKS), len(TARGET_TASKS)) == (9, 9)
    assert set(TASKS) == {*INTERMEDIATE_TASKS, *TARGET_TASKS, "text"}


def test_xtreme_s_numbers_of_languages() -> None:
    counts = {name: len(TASKS[name].languages) for name in TARGET_TASKS}
    assert counts == {
        "xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 11, "mlqa": 7, "tydiqa": 9, "bucc2018": 4,
        "tatoeba": 36,
    }  # fmt: skip


def test_training_sets() -> None:
    assert set(TRAINING_SETS) == {"xnli", "pawsx", "udpos", "panx", "squad_v1", "tydiqa"}
    assert all(TASKS[name].trains for name in TRAINING_SETS)
    assert {name for name in TARGET_TASKS if TASKS[name].trained_on is None} == {"bucc2018", "tatoeba"}


@ALL
def test_languages_are_in_the_table(task: Task) -> None:
    assert set(task.languages) <= set(languages_of("files"))
    assert list(task.languages) == sorted(set(task.languages))


@ALL
def test_every_task_has_a_format_that_can_be_built(task: Task) -> None:
    task_type = task_type_of(task, Encoding())
    assert task_type.labels == task.labels
    assert task_type.schema.names[0] == "id"


def test_an_open_label_set_comes_from_outside() -> None:
    assert task_type_of(TASKS["ccg"], Encoding(), ("N", "NP")).labels == ("N", "NP")
    assert task_type_of(TASKS["xnli"], Encoding()).labels == ("entailment", "neutral", "contradiction")


@ALL
def test_sources_know_where_the_splits_are(task: Task) -> None:
    if task.role == "target":
        assert task.has("test")
    if task.trains:
        assert task.has("train") and task.has("dev")


@pytest.mark.parametrize("name", [*INTERMEDIATE_TASKS, *TARGET_TASKS])
def test_labelled_tasks_are_scored(name: str) -> None:
    assert TASKS[name].primary_metrics and TASKS[name].licence and TASKS[name].title
    assert "score" in {method for kind in task_type_class(TASKS[name]).__mro__[:-2] for method in vars(kind)}


def test_text_is_only_for_pretraining() -> None:
    assert TEXT.primary_metrics == () and not TEXT.trains
