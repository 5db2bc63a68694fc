"""A compiled encoder trains as it does otherwise, and one that cannot be compiled is trained all the same."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.backends import registry
from torch._dynamo.backends.common import aot_autograd
from transformers import PreTrainedModel, XmodConfig, XmodModel

from xstilts.config.settings import Hyperparameters, LoRA
from xstilts.encoders.languages import use_language
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types.base import SpecialTokens
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.compilation import with_possible_compiler
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

HYPER = Hyperparameters(
    learning_rate=5e-3, batch_size=10, max_steps=9, eval_every=4, weight_decay=0.1, sentence_vector="first_token"
)
SHORT = HYPER.model_copy(update={"max_steps": 4, "eval_every": 2})
EAGER, COUNTED = Device("cpu", torch.float32), Device("cpu", torch.float32, compiler="counted")

Weights = dict[str, torch.Tensor]
Run = Callable[..., tuple[Weights, TrainingResult]]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Gives torch.compile a backend for the time of a test, which it cannot forget by itself."""

    def add(name: str, compile_graph: Any) -> None:
        monkeypatch.setitem(registry._BACKENDS, name, None)
        monkeypatch.setitem(registry._COMPILER_FNS, name, compile_graph)

    return add


@pytest.fixture
def shapes(backend: Callable[[str, Any], None]) -> list[tuple[int, ...]]:
    """The shapes of input ids that a backend of torch.compile compiles, which is called 'counted'."""
    found: list[tuple[int, ...]] = []

    def counted(graph: Any, inputs: list[torch.Tensor]) -> Any:
        found.extend({tuple(one.shape) for one in inputs if one.dtype is torch.int64 and one.shape[0] != 1})
        return registry.lookup_backend("aot_eager")(graph, inputs)

    backend("counted", counted)
    return found


@pytest.fixture
def run(make_encoder: Callable[[], PreTrainedModel], data: TaskData, tokens: SpecialTokens) -> Run:
    def run(
        device: Device, hyper: Hyperparameters = HYPER, session: Session | None = None
    ) -> tuple[Weights, TrainingResult]:
        encoder = make_encoder()
        names = list(encoder.state_dict())
        trained = train(encoder, [data], replace(tokens, longest=24), hyper, 1, device, "a test", session)
        assert "forward" not in vars(encoder) and (hyper.lora or names == list(encoder.state_dict()))
        return {**encoder.state_dict(), **trained.heads.state_dict()}, trained

    return run


def assert_close(one: tuple[Weights, TrainingResult], other: tuple[Weights, TrainingResult]) -> None:
    (weights, trained), (others, others_trained) = one, other
    assert weights.keys() == others.keys()
    for name in weights:
        assert torch.allclose(weights[name], others[name], atol=1e-5), name
    for entry, other_entry in zip(trained.curve, others_trained.curve, strict=True):
        assert entry == pytest.approx(other_entry, abs=1e-5)


def test_learns_the_same(run: Run, shapes: list[tuple[int, ...]]) -> None:
    """The pooler too, which this head does not read: without gradients, it has no weight decay."""
    assert_close(run(COUNTED), run(EAGER))
    assert set(shapes) == {(10, 16), (10, 24)}, "whole batches of few lengths, and no evaluation"


def test_the_last_batches_of_an_epoch_are_left_out(run: Run, shapes: list[tuple[int, ...]]) -> None:
    hyper = HYPER.model_copy(update={"batch_size": 8, "micro_batch_size": 8})  # of 60 rows, the eighth batch has 4
    assert_close(run(COUNTED, hyper), run(EAGER, hyper))
    assert {rows for rows, _ in shapes} == {8}


def test_in_micro_batches(run: Run, shapes: list[tuple[int, ...]]) -> None:
    hyper = SHORT.model_copy(update={"micro_batch_size": 5})
    assert_close(run(COUNTED, hyper), run(EAGER, hyper))
    assert {rows for rows, _ in shapes} == {5}


@pytest.mark.usefixtures("shapes")
def test_a_checkpoint_is_resumed_in_either_way(run: Run, tmp_path: Path) -> None:
    stop = StopRequest()

    def at_two(what: str, step: int, total: int) -> None:
        stop.reason = "SIGTERM" if step == 2 else ""

    with pytest.raises(Stopped):
        run(COUNTED, SHORT, Session(stop, Checkpoints(tmp_path / "compiled", "in", minutes=60), at_two))
    shutil.copytree(tmp_path / "compiled", tmp_path / "eager")
    whole = run(COUNTED, SHORT)
    for device, name in ((COUNTED, "compiled"), (EAGER, "eager")):
        resumed = run(device, SHORT, Session(checkpoints=Checkpoints(tmp_path / name, "in", minutes=60)))
        assert resumed[1].resumed_at == [2]
        assert_close(resumed, whole)
        assert device is EAGER or all(torch.equal(resumed[0][name], whole[0][name]) for name in whole[0])


def test_inductor(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """The compiler of GPUs, in its form for CPUs."""
    one_step = HYPER.model_copy(update={"max_steps": 1})
    assert_close(run(Device("cpu", torch.float32, compiler="inductor"), one_step), run(EAGER, one_step))
    assert "cannot be compiled" not in caplog.text


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_what_cannot_be_compiled_is_trained_without(
    run: Run, where: str, backend: Callable[[str, Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(graph: Any, inputs: list[torch.Tensor]) -> Any:
        raise RuntimeError("No compiler here\nand much more")

    def whole(graph: Any, inputs: list[torch.Tensor]) -> Any:
        return graph.forward

    backend("broken", broken if where == "forward" else aot_autograd(fw_compiler=whole, bw_compiler=broken))
    assert_close(run(Device("cpu", torch.float32, compiler="broken")), run(EAGER))
    (message,) = (record.getMessage() for record in caplog.records if "compiled" in record.getMessage())
    assert message.startswith("The encoder cannot be compiled, and is trained without: RuntimeError: No compiler here")
    assert "No compiler here" in message and "\n" not in message


@pytest.mark.parametrize(
    ("hyper", "device", "reason"),
    [
        ({"batch_tokens": 100}, COUNTED, "with batch_tokens, batches have too many shapes"),
        ({"lora": LoRA(rank=2)}, COUNTED, "it is trained with an adapter"),
        ({}, replace(COUNTED, gradient_checkpointing=True), "compute.gradient_checkpointing computes its layers"),
    ],
)
def test_what_is_not_compiled(
    run: Run,
    shapes: list[tuple[int, ...]],
    hyper: dict[str, Any],
    device: Device,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = HYPER.model_copy(update=hyper)
    with caplog.at_level(logging.INFO):
        (weights, trained), (others, again) = run(device, chosen), run(replace(device, compiler=""), chosen)
    assert all(torch.equal(weights[name], others[name]) for name in weights), "also batches are as long"
    assert trained.curve == again.curve
    assert f"The encoder is not compiled (compute.compile): {reason}" in caplog.text and not shapes


def test_layers_by_language_are_not_compiled(caplog: pytest.LogCaptureFixture) -> None:
    config = XmodConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        languages=["en_XX"],
        default_language="en_XX",
    )
    encoder = XmodModel(config)
    use_language(encoder, "en")
    with caplog.at_level(logging.INFO):
        assert with_possible_compiler(COUNTED, encoder, HYPER) == EAGER
    assert "it has layers of their own for each language" in caplog.text
