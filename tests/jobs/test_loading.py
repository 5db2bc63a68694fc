"""The encoder that a job starts from: whole, or an adapter merged into the pretrained one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from xstilts.atomic import sha256_of, write_json
from xstilts.config.settings import Compute, LoRA
from xstilts.encoders import adapters, storage
from xstilts.errors import DataError
from xstilts.graph.runs import Runs
from xstilts.jobs.loading import load_encoder

RANK, VALUE = 2, 0.3  # of the matrices of the adapter


def leave_record(folder: Path, root: Path) -> None:
    """The record that a job leaves beside the files of an encoder."""
    files = {path.relative_to(root).as_posix(): sha256_of(path) for path in folder.iterdir()}
    write_json(folder / "record.json", {"files": files})


def leave_adapter(runs: Runs, model: str) -> None:
    """Leave an adapter as the arm 'mnli' does."""
    folder, base = runs.paths.encoder(model, "mnli", 1), runs.pretrained_weights(model)
    encoder = storage.load(base.parent, Compute())
    adapters.add(encoder, LoRA(rank=RANK))
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.requires_grad:
                parameter.fill_(VALUE)
    adapters.save(encoder, folder, str(base.parent))
    leave_record(folder, runs.paths.root)


def loaded(runs: Runs, model: str) -> PreTrainedModel:
    return load_encoder(runs, model, runs.encoder_weights(model, "mnli", 1))


@pytest.fixture(params=["ready", "own"])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_adapter_is_merged_into_the_pretrained_encoder(runs: Runs, model: str) -> None:
    leave_adapter(runs, model)
    whole, base = loaded(runs, model), storage.load(runs.pretrained_weights(model).parent, Compute())
    assert all(parameter.requires_grad for parameter in whole.parameters())
    added = 16 / RANK * RANK * VALUE**2
    for name, value in whole.state_dict().items():
        before = base.state_dict()[name]
        if name.startswith("pooler."):
            assert bool((value == VALUE).all())
        else:
            in_layers = ".layer." in name and value.dim() == 2
            assert torch.allclose(value, before + added * in_layers), name


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
@pytest.mark.parametrize("damage", ["changed", "deleted"])
def test_a_damaged_adapter_is_refused(runs: Runs, name: str, damage: str) -> None:
    leave_adapter(runs, "ready")
    file = runs.paths.encoder("ready", "mnli", 1) / name
    if damage == "changed":
        file.write_bytes(file.read_bytes()[:-2] + b"!!")
    else:
        file.unlink()
    with pytest.raises(DataError, match=rf"{name}: .*Delete .*mnli/seed1/record\.json and start snakemake again"):
        loaded(runs, "ready")


def test_a_damaged_base_is_refused(runs: Runs) -> None:
    folder = runs.paths.pretrained("own")
    leave_adapter(runs, "own")
    leave_record(folder, runs.paths.root)
    loaded(runs, "own")
    config = json.loads((folder / "config.json").read_bytes())
    write_json(folder / "config.json", {**config, "num_hidden_layers": 1})
    with pytest.raises(DataError, match=r"pretrained/config\.json: the file is damaged"):
        loaded(runs, "own")
