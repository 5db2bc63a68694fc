from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

from xstilts.config.settings import Compute
from xstilts.errors import UserError
from xstilts.task_types.base import SpecialTokens
from xstilts.training.device import Device


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Choosing a device changes torch for the whole process."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.fixture
def old_gpu(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("precision", "expected"),
    [("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16)],
)
def test_without_a_gpu(precision: str, expected: torch.dtype) -> None:
    device = Device.choose(Compute(precision=precision), threads=1)  # type: ignore[arg-type]
    assert device == Device("cpu", expected)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory, "an operation more for every tensor"


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("precision", "expected"),
    [("auto", torch.bfloat16), ("float32", torch.float32), ("bfloat16", torch.bfloat16)],
)
def test_with_a_gpu(precision: str, expected: torch.dtype) -> None:
    assert Device.choose(Compute(precision=precision), threads=1) == Device("cuda", expected)  # type: ignore[arg-type]


@pytest.mark.usefixtures("gpu")
def test_encoders_are_compiled_on_a_gpu_where_the_study_says_so() -> None:
    assert Device.choose(Compute(compile="auto"), threads=1).compiler == "inductor"
    assert Device.choose(Compute(), threads=1).compiler == ""


@pytest.mark.usefixtures("no_gpu")
def test_encoders_are_not_compiled_on_a_cpu() -> None:
    assert Device.choose(Compute(compile="auto"), threads=1) == Device("cpu", torch.float32)


@pytest.mark.usefixtures("old_gpu")
def test_with_a_gpu_that_has_no_bfloat16() -> None:
    assert Device.choose(Compute(), threads=1) == Device("cuda", torch.float32)
    with pytest.raises(UserError, match=r"compute\.precision: this GPU has no bfloat16"):
        Device.choose(Compute(precision="bfloat16"), threads=1)


def test_products_run_in_the_precision_and_weights_stay_in_float32() -> None:
    layer, inputs = nn.Linear(4, 4), torch.ones(1, 4)
    for precision in (torch.float32, torch.bfloat16):
        device = Device("cpu", precision)
        device.place(layer)
        with device.autocast():
            assert layer(device.move({"x": inputs})["x"]).dtype is precision
        assert layer.weight.dtype is torch.float32


def test_description_says_what_a_result_depends_on() -> None:
    assert Device("cpu", torch.bfloat16).describe() == {
        "device": "CPU",
        "precision": "bfloat16",
        "threads": torch.get_num_threads(),
        "peak_gpu_bytes": 0,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def test_only_a_gpu_has_its_batches_made_ahead_larger_and_of_few_lengths(tokens: SpecialTokens) -> None:
    cpu, gpu = Device("cpu", torch.float32), Device("cuda", torch.bfloat16)
    assert (cpu.collates_ahead, cpu.evaluation_tokens, cpu.padding(tokens)) == (False, 0, tokens)
    assert gpu.collates_ahead and gpu.evaluation_tokens > 0
    assert gpu.padding(replace(tokens, longest=40)).padded_length(17) == 24
    compiling = replace(gpu, compiler="inductor")
    assert compiling.padding(replace(tokens, longest=40)).padded_length(17) == 32, "each length has to be compiled"
