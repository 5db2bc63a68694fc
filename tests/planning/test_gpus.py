"""The table of devices."""

from __future__ import annotations

import pytest

from xstilts.config.settings import Compute
from xstilts.errors import UserError
from xstilts.planning.gpus import GPUS, gpus_of


def test_every_name_leads_to_its_entry() -> None:
    assert all([gpu.name for gpu in gpus_of(name)] == [name] for name in GPUS)


@pytest.mark.parametrize(
    ("family", "names"), [("a100", ["a100-40", "a100-80"]), ("h100", ["h100-80-pcie", "h100-80"]), ("t4", ["t4"])]
)
def test_a_family_stands_for_all_of_its_devices(family: str, names: list[str]) -> None:
    assert [gpu.name for gpu in gpus_of(family)] == names


def test_an_unknown_one_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UserError, match=r"there is no device 'a100-8' in the table\. Did you mean 'a100-80'\?"):
        gpus_of("a100-8")


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100-80"),
        ("NVIDIA A100 80GB PCIe", "a100-80"),
        ("NVIDIA A100-SXM4-40GB", "a100-40"),
        ("NVIDIA H100 80GB HBM3", "h100-80"),
        ("NVIDIA H100 PCIe", "h100-80-pcie"),
        ("NVIDIA H200", "h200"),
        ("Tesla V100-SXM2-32GB", "v100-32"),
        ("Tesla T4", "t4"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA A10", "a10"),
        ("NVIDIA A40", "a40"),
        ("NVIDIA RTX A6000", "a6000"),
        ("NVIDIA GeForce RTX 3090", "rtx3090"),
        ("NVIDIA GeForce RTX 4090", "rtx4090"),
        ("CPU", "cpu"),
    ],
)
def test_measured_jobs_are_told_apart_by_what_torch_calls_their_device(called: str, name: str) -> None:
    assert [gpu.name for gpu in GPUS.values() if gpu.is_called(called)] == [name]


@pytest.mark.parametrize(
    ("name", "wanted", "precision"),
    [
        ("a100-80", "auto", "bfloat16"),
        ("a100-80", "float32", "float32"),
        ("t4", "auto", "float32"),
        ("cpu", "auto", "float32"),
    ],
)
def test_precision_is_what_the_device_has(name: str, wanted: str, precision: str) -> None:
    assert gpus_of(name)[0].precision(Compute.model_validate({"precision": wanted})) == precision
