from __future__ import annotations

import pickle

import pytest
from configs import ready_made
from pydantic import ValidationError

from xstilts.config.section import Section, merged
from xstilts.config.settings import (
    Architecture,
    Compute,
    Encoding,
    Hyperparameters,
    HyperparametersOverride,
    RetrievalSettings,
    Training,
)
from xstilts.config.study import load


def test_later_sections_override_what_they_set_and_nothing_else() -> None:
    stage = Hyperparameters(learning_rate=1e-3, batch_size=8, epochs=2)
    task = HyperparametersOverride(batch_size=16)
    arm = HyperparametersOverride(epochs=1, max_steps=None)
    found = merged(Hyperparameters, stage, task, None, arm)
    assert (found.learning_rate, found.batch_size, found.epochs) == (1e-3, 16, 1)
    assert found.weight_decay == Hyperparameters().weight_decay


def test_an_override_can_take_a_value_back() -> None:
    found = merged(Hyperparameters, Hyperparameters(max_steps=5), HyperparametersOverride(max_steps=None))
    assert found.max_steps is None


def test_merging_leaves_out_keys_of_other_kinds() -> None:
    stage = Training(target={"batch_size": 4, "tasks": {"xnli": {"epochs": 1}}}).target  # type: ignore[arg-type]
    assert merged(Hyperparameters, stage) == Hyperparameters(batch_size=4)


def test_the_released_hyperparameters_are_the_defaults() -> None:
    defaults = Hyperparameters()
    assert (defaults.learning_rate, defaults.warmup_share, defaults.clip_norm) == (1e-5, 0.1, 1.0)
    assert Encoding().max_length == 128


@pytest.mark.parametrize("value", ["16", 16, 16.0])
def test_numbers_may_come_as_text(value: object) -> None:
    assert Hyperparameters(batch_size=value).batch_size == 16  # type: ignore[arg-type]


def test_sections_do_not_change_after_reading() -> None:
    with pytest.raises(ValidationError):
        Architecture().layers = 3


@pytest.mark.parametrize("kind", [Architecture, Hyperparameters, Encoding, RetrievalSettings, Compute, Training])
def test_a_default_spelt_out_stays_the_same(kind: type[Section]) -> None:
    """Run ids are hashes of these values, in which 3 and 3.0 differ."""
    defaults = kind().model_dump_json()
    assert kind.model_validate_json(defaults).model_dump_json() == defaults


def test_a_study_can_be_given_to_another_process() -> None:
    """Its overrides are classes that are made when their module is imported."""
    study = load(ready_made(training={"target": {"tasks": {"xnli": {"learning_rate": 0.5}}}}))
    assert pickle.loads(pickle.dumps(study)) == study
