"""How many jobs may share a GPU, worked out from estimates and made-up devices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from configs import own, ready_made
from xlmr import large

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import GPUS
from xstilts.planning.plan import plan
from xstilts.planning.sharing import sharing, sharing_on

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("times", "jobs"), [(0.5, 1), (1.0, 1), (1.2, 1), (2.2, 1), (2.3, 2), (3.4, 3), (4.5, 4), (40.0, 4)]
)
def test_as_many_as_fit_into_nine_tenths_of_the_memory(times: float, jobs: int) -> None:
    runs, device = large(), GPUS["h200"]
    largest = max(group.cost.gpu_bytes for group in plan(runs, device).groups)
    assert sharing(runs, replace(device, memory_gb=times * largest / 1e9)).jobs == jobs


def test_the_reason_names_the_largest_job_and_both_sizes() -> None:
    jobs, reason = sharing(large(), GPUS["a100-40"])
    assert (jobs, reason) == (
        2, "2 jobs on each A100 40 GB: the largest, intermediate pair (xlmr), needs about 15 GB of its 40 GB",
    )  # fmt: skip
    assert sharing(large(), GPUS["h200"]).reason.endswith("of its 141 GB; more than 4 do not share one")


def test_of_different_gpus_the_smallest_number_counts() -> None:
    assert sharing_on(large(), ["NVIDIA H200", "NVIDIA A100-SXM4-40GB"]) == sharing(large(), GPUS["a100-40"])


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        (["NVIDIA H200", "NVIDIA Unheard-Of"], "the memory of 'NVIDIA Unheard-Of' is not known"),
        (["NVIDIA H200", ""], "the memory of a part of a GPU is not known"),
        ([], "there is no GPU"),
    ],
)
def test_on_unknown_devices_jobs_are_alone(models: list[str], reason: str) -> None:
    jobs, said = sharing_on(large(), models)
    assert jobs == 1 and said.startswith("1 job") and said.endswith(reason)


def test_encoders_of_unknown_size_have_a_gpu_of_their_own() -> None:
    jobs, reason = sharing(Runs(load(ready_made())), GPUS["h200"])
    assert jobs == 1 and "because an encoder's size is not known. models.xlmr: " in reason


def test_the_plan_says_what_to_start_snakemake_with() -> None:
    notes = plan(large(compute={"jobs_per_gpu": "auto"}), GPUS["a100-40"]).notes
    (note,) = (note for note in notes if "jobs_per_gpu" in note)
    assert note.startswith("compute.jobs_per_gpu is auto: 2 jobs on each A100 40 GB: the largest, ")
    assert note.endswith(" Start snakemake with --resources gpu=2 for each GPU.")
    assert not [note for note in plan(large(), GPUS["a100-40"]).notes if "jobs_per_gpu" in note]
    assert not [note for note in plan(Runs(load(own())), GPUS["cpu"]).notes if "jobs_per_gpu" in note]


@pytest.mark.parametrize(
    ("value", "message"),
    [("many", "must be a whole number or 'auto', but is 'many'"), (0, "must be at least 1, but is 0")],
)
def test_other_values_are_refused(value: object, message: str) -> None:
    with pytest.raises(UserError, match=f"compute.jobs_per_gpu: {message}"):
        load(own(compute={"jobs_per_gpu": value}))
