"""The protocols as data: every value is a setting that a study can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.config.settings import Embedding, Encoding, Hyperparameters
from xstilts.config.study import load
from xstilts.config.yaml_files import read_yaml
from xstilts.tasks.protocols import PROTOCOLS, SYSTEMS, Protocol
from xstilts.tasks.published import published
from xstilts.tasks.registry import RETRIEVAL_TASKS, TARGET_TASKS, TASKS, TRAINING_SETS

ALL = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))


@ALL
def test_values_are_settings_of_known_tasks(protocol: Protocol) -> None:
    for values, kind, tasks in (
        (protocol.training, Hyperparameters, TRAINING_SETS),
        (protocol.encoding, Encoding, TASKS),
        (protocol.embedding, Embedding, RETRIEVAL_TASKS),
    ):
        assert set(values) <= set(tasks)
        for of_task in values.values():
            checked = kind(**of_task)
            assert all(getattr(checked, key) == value for key, value in of_task.items())


#: What XTREME's targets are trained on.
TRAINED_ON = {trained_on for name in TARGET_TASKS if (trained_on := TASKS[name].trained_on)}


@pytest.mark.parametrize("name", ["phang2020", "xtreme"])
def test_whole_studies_cover_every_task(name: str) -> None:
    protocol = PROTOCOLS[name]
    assert set(protocol.training) == set(TRAINED_ON)
    assert set(protocol.encoding) == {*TRAINED_ON, *TARGET_TASKS}
    assert set(protocol.embedding) == set(RETRIEVAL_TASKS)


def test_where_the_two_codes_differ() -> None:
    jiant, xtreme = PROTOCOLS["phang2020"].training, PROTOCOLS["xtreme"].training
    assert {values["learning_rate"] for values in jiant.values()} == {1e-5}
    assert {values["clip_each"] for values in jiant.values()} == {"micro_batch"}
    assert [xtreme[name]["epochs"] for name in ("xnli", "pawsx", "udpos", "panx", "squad_v1")] == [5, 5, 10, 10, 3]
    assert {name: xtreme[name]["selection"] for name in xtreme} == {
        name: "last" if TASKS[name].type == "span_qa" else "best" for name in TRAINED_ON
    }
    layers = {name: PROTOCOLS[name].embedding["bucc2018"]["layer"] for name in ("phang2020", "xtreme", "jiant_pr128")}
    assert layers == {"phang2020": 14, "xtreme": 20, "jiant_pr128": 14}


def test_what_xtreme_r_adds_is_trained_as_its_study_does() -> None:
    study = load(read_yaml(Path(__file__).parents[2] / "workflow/studies/xtreme_r_baseline.yaml"))
    protocol = PROTOCOLS["xtreme_r"]
    for task, values in protocol.training.items():
        differing = {key: value for key, value in values.items() if getattr(study.target(task), key) != value}
        assert set(differing) <= {"warmup_steps"}  # the study says warmup_share: 0
    for task, values in protocol.encoding.items():
        assert all(getattr(study.encoding_of(task), key) == value for key, value in values.items()), task


def test_every_protocol_and_system_stands_behind_some_score() -> None:
    assert {one.protocol for one in published()} == set(PROTOCOLS)
    assert {one.system for one in published()} == set(SYSTEMS)
