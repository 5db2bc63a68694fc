"""Intermediate trainings by two processes that share the encoder: as by one, whatever an arm asks for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from labelled_study import CONFIG, SHAPE, copied
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute
from xstilts.encoders import storage
from xstilts.graph.runs import Runs
from xstilts.jobs import text_data, training
from xstilts.runtime.execution import ProgressCallback
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.runtime.together import Member, work_together
from xstilts.runtime.tracking import Tracking
from xstilts.training import ranks
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.session import Session

ARMS: dict[str, Any] = {
    "none": {},
    "control": {"weights": "random"},
    "then_text": {
        "stages": [
            {"masked_lm": {"text": "study"}},
            {"tasks": ["mnli", "ccg"], "masked_lm": {"text": "study", "share": 0.5}},
        ]
    },
    "grid": {"tasks": ["mnli"], "training": {"learning_rate": [0.01, 1e30], "restarts": 0}},
    "collapsed": {"tasks": ["mnli"], "training": {"learning_rate": 1e-9, "restarts": 1}},
}
TRAINED = [arm for arm in ARMS if arm != "none"]
STUDY: dict[str, Any] = {
    **CONFIG,
    "arms": ARMS,
    "training": {
        # With a small epsilon, AdamW makes large steps of gradients that are 0 apart from rounding.
        "intermediate": {
            "learning_rate": 0.01,
            "adam_epsilon": 1e-4,
            "max_steps": 6,
            "batch_size": 5,
            "eval_every": 3,
            "warmup_steps": 1,
            "restarts": 0,
        },
    },
}


def train_arms(runs: Runs, member: Member, stop: StopRequest, on_progress: ProgressCallback) -> None:
    """Train all arms as one of several processes, and one of them again, which is stopped in its second stage."""
    with pytest.MonkeyPatch.context() as patch, ranks.joined(member.meeting, member.number, member.count):
        patch.setattr(text_data, "_EVERY", 4)  # so that passages are held out
        for arm in TRAINED:
            train_arm(runs, arm, arm, member)
        if member.number == 0:
            shutil.move(runs.paths.encoder("ready", "then_text", 1), "whole")
        with pytest.raises(Stopped):
            train_arm(runs, "then_text", "again", member, stop_in="stage 2 of 2")
        train_arm(runs, "then_text", "again", member)


def train_arm(runs: Runs, arm: str, checkpoints: str, member: Member, stop_in: str = "") -> None:
    stop = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if stop_in and what.endswith(stop_in) and step == 2:
            stop.reason = "SIGTERM"

    session = Session(stop)
    if member.number == 0:
        tracking = Tracking("tensorboard", "wired", arm, "0123456789ab", Path("curves") / arm, Path("curves"))
        session = Session(stop, Checkpoints(Path(".checkpoints") / checkpoints, "in", 60), tell, tracking)
    training.intermediate(runs, {"id": "0123456789ab"}, "ready", arm, 1, 1, session)


Study = tuple[Path, Runs]


@pytest.fixture(scope="module")
def studies(
    labelled: tuple[Path, PreTrainedTokenizerFast], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[int, Study]:
    """By the number of processes that have trained the arms, the labelled study and its folder."""
    found = {}
    for count in (1, 2):
        folder = tmp_path_factory.mktemp(f"by_{count}") / "study"
        with pytest.MonkeyPatch.context() as patch:
            runs = copied(labelled[0], folder, STUDY, patch)
            torch.manual_seed(3)
            architecture = Architecture(**{**SHAPE, "dropout": 0.0})
            storage.save(storage.fresh(architecture, labelled[1], Compute()), Path("models/ready"))
            work_together(count, partial(train_arms, runs), StopRequest(), lambda what, step, total: None)
        found[count] = (folder, runs)
    return found


def outcome(folder: Path) -> tuple[dict[str, torch.Tensor], Any]:
    """An encoder's weights, and its record on the training."""
    record = json.loads((folder / "record.json").read_bytes())["training"]
    return load_file(folder / "model.safetensors"), record


def folder_of(study: Study, arm: str) -> Path:
    return study[0] / ("whole" if arm == "then_text" else study[1].paths.encoder("ready", arm, 1))


def assert_alike(one: Any, other: Any) -> None:
    """Records say the same, apart from rounding."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for item, counterpart in zip(one, other, strict=True):
            assert_alike(item, counterpart)
    else:
        assert one == (pytest.approx(other, rel=1e-5) if isinstance(other, float) else other)


@pytest.mark.parametrize("arm", TRAINED)
def test_two_processes_leave_what_one_does(studies: Mapping[int, Study], arm: str) -> None:
    (weights, record), (others, of_two) = (outcome(folder_of(studies[count], arm)) for count in (1, 2))
    assert weights.keys() == others.keys()
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, rtol=1e-4, atol=1e-5, msg=name)
    assert_alike(record, of_two)


def test_what_was_trained_is_what_the_arms_ask_for(studies: Mapping[int, Study]) -> None:
    """Held-out text, a rate that diverges, and a start that collapses are among it."""
    records = {arm: outcome(folder_of(studies[2], arm))[1] for arm in TRAINED}
    assert records["control"] is None
    assert all("masked_lm_loss" in stage["curve"][-1] for stage in records["then_text"]["stages"])
    assert [trial["score"] is None for trial in records["grid"]["trials"]] == [False, True]
    assert len(records["collapsed"]["restarts"]) == 1


def test_two_processes_go_on_in_their_stage_and_end_with_the_same_bits(studies: Mapping[int, Study]) -> None:
    folder, runs = studies[2]
    (weights, record), (again, resumed) = (
        outcome(folder / "whole"),
        outcome(folder / runs.paths.encoder("ready", "then_text", 1)),
    )
    assert all(torch.equal(value, again[name]) for name, value in weights.items())
    assert [stage.pop("resumed_at") for stage in resumed["stages"]] == [[], [2]]
    assert [stage.pop("resumed_at") for stage in record["stages"]] == [[], []]
    assert resumed["stages"] == record["stages"]
