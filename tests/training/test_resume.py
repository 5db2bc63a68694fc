"""A run that was stopped and resumed from its checkpoint ends like an uninterrupted one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Encoding, Hyperparameters
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import storage as encoders
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TEXT
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

HYPER = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=9, eval_every=4, warmup_steps=3)
SHAPE = Architecture(hidden_size=16, layers=1, heads=2, feed_forward_size=16, max_length=24, dropout=0.3)

Ended = tuple[dict[str, torch.Tensor], TrainingResult]
#: Train with a session; a run of its own each time.
Run = Callable[..., Ended]


@pytest.fixture
def run(tokenizer: PreTrainedTokenizerFast, data: TaskData, cpu: Device) -> Run:
    def run(
        session: Session, *task_data: TaskData, hyper: Hyperparameters = HYPER, seed: int = 1
    ) -> tuple[dict[str, torch.Tensor], TrainingResult]:
        torch.manual_seed(7)
        encoder: PreTrainedModel = encoders.fresh(SHAPE, tokenizer, Compute())
        tokens = SpecialTokens.of(tokenizer, torch.Generator().manual_seed(seed))
        trained = train(encoder, task_data or [data], tokens, hyper, seed, cpu, "a test", session)
        return {**encoder.state_dict(), **trained.heads.state_dict()}, trained

    return run


def stopping_at(steps: Sequence[int], folder: Path, inputs: str = "in") -> Session:
    """A session that is asked to stop after these steps."""
    stop = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if step in steps:
            stop.reason = "SIGTERM"

    return Session(stop, Checkpoints(folder, inputs, minutes=60), tell)


def interrupted(run: Run, folder: Path, *stops: int, **options: Any) -> Ended:
    """A run that is stopped after some steps, and each time resumed with another global random state."""
    for stop in stops:
        with pytest.raises(Stopped, match=f"its state after step {stop} is saved"):
            run(stopping_at([stop], folder), *options.get("task_data", ()))
        torch.rand(5)
    return run(stopping_at([], folder), *options.get("task_data", ()))


def assert_same(one: Ended, other: Ended) -> None:
    (weights, trained), (again, trained_again) = one, other
    assert weights.keys() == again.keys()
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert trained.curve == trained_again.curve
    assert (trained.steps, trained.best_step) == (trained_again.steps, trained_again.best_step)


@pytest.mark.parametrize("stop", range(1, 10))
def test_stopped_after_any_step(run: Run, tmp_path: Path, stop: int) -> None:
    ended = interrupted(run, tmp_path, stop)
    assert_same(ended, run(Session()))
    assert ended[1].resumed_at == [stop]


def test_stopped_after_every_step(run: Run, tmp_path: Path) -> None:
    assert_same(interrupted(run, tmp_path, *range(1, 10)), run(Session()))


def test_a_mixture(run: Run, tmp_path: Path, make_task_data: Callable[..., TaskData]) -> None:
    task_data = [make_task_data("pawsx", 60), make_task_data("qqp", 35)]
    ended = interrupted(run, tmp_path, 2, 5, 8, task_data=task_data)
    assert_same(ended, run(Session(), *task_data))


def test_masked_language_modelling(run: Run, tmp_path: Path, data: TaskData) -> None:
    """Its masks are drawn at random, and its head shares a matrix with the encoder."""
    rows: EncodedRows = data.train
    masked = TaskData(task_type_of(TEXT, Encoding(max_length=24)), rows)
    ended = interrupted(run, tmp_path, 3, 4, task_data=[masked])
    assert_same(ended, run(Session(), masked))


def test_a_resumed_pretraining_on_batches_of_tokens_ends_the_same(run: Run, data: TaskData, tmp_path: Path) -> None:
    hyper = HYPER.model_copy(update={"batch_tokens": 100})
    masked = TaskData(task_type_of(TEXT, Encoding(max_length=24)), data.train)
    with pytest.raises(Stopped):
        run(stopping_at([4], tmp_path), masked, hyper=hyper)
    ended = run(stopping_at([], tmp_path), masked, hyper=hyper)
    assert ended[1].resumed_at == [4]
    assert_same(ended, run(Session(), masked, hyper=hyper))


def test_a_checkpoint_of_other_data_is_not_used(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Stopped):
        run(stopping_at([4], tmp_path, "old"))
    weights, trained = run(stopping_at([], tmp_path, "new"))
    assert trained.resumed_at == []
    assert "checkpoint ignored: it has inputs old, this run has inputs new" in caplog.text
    assert_same((weights, trained), run(Session()))


@pytest.mark.parametrize("damage", ["cut off", "changed", "no tensors", "half a manifest", "no manifest"])
def test_a_damaged_checkpoint_is_not_used(run: Run, tmp_path: Path, damage: str) -> None:
    with pytest.raises(Stopped):
        run(stopping_at([4], tmp_path))
    (tensors,), (manifest,) = tmp_path.glob("*.safetensors"), tmp_path.glob("*.json")
    content = tensors.read_bytes()
    match damage:
        case "cut off":
            tensors.write_bytes(content[: len(content) // 2])
        case "changed":
            tensors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "no tensors":
            tensors.unlink()
        case "half a manifest":
            manifest.write_bytes(manifest.read_bytes()[:50])
        case "no manifest":
            manifest.unlink()
    ended = run(stopping_at([], tmp_path))
    assert ended[1].resumed_at == []
    assert_same(ended, run(Session()))
    assert not list(tmp_path.iterdir()), "what cannot be used is deleted"


def test_what_a_killed_process_was_writing_is_deleted(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        run(stopping_at([4], tmp_path))
    half = [tmp_path / ".000002.safetensors.abc.tmp", tmp_path / "000002.safetensors"]
    for path in half:
        path.write_bytes(b"half of it")
    assert run(stopping_at([], tmp_path))[1].resumed_at == [4]
    assert not [path for path in half if path.exists()]


def test_checkpoints_come_by_the_clock_and_only_the_newest_stays(run: Run, tmp_path: Path) -> None:
    seen = []

    def tell(what: str, step: int, total: int) -> None:
        seen.append([path.name for path in sorted(tmp_path.iterdir())])

    run(Session(checkpoints=Checkpoints(tmp_path, "in", minutes=0), on_progress=tell))
    assert seen[3] == ["000002.json", "000002.safetensors"]
    assert "encoder/embeddings.word_embeddings.weight" in load_file(tmp_path / "000009.safetensors")


def test_a_full_disk_does_not_end_the_run(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    ended = run(Session(checkpoints=Checkpoints(tmp_path / "file" / "folder", "in", minutes=0)))
    assert "could not be written" in caplog.text
    assert_same(ended, run(Session()))


def test_a_disk_that_fills_while_tensors_are_written_does_not_end_the_run(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*tensors: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("xstilts.training.checkpoints.save_file", full)
    ended = run(Session(checkpoints=Checkpoints(tmp_path, "in", minutes=0)))
    monkeypatch.undo()
    assert caplog.text.count("could not be written") == 9
    assert "No space left on device" in caplog.text
    assert_same(ended, run(Session()))
