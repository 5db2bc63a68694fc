"""Weights that do not fit the config are refused by name; a pooler's may be absent, a head's be left over."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_encoders
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, PreTrainedModel

from xstilts.config.settings import Compute
from xstilts.encoders import storage
from xstilts.encoders.weights import weights_file
from xstilts.errors import UserError

Tensors = dict[str, torch.Tensor]

FOREIGN = "encoder.layer.0.foreign.weight"
FIRST = "encoder.layer.0.attention.output.LayerNorm.bias"  # in alphabetical order, of a layer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_encoders.write("xlmr", tmp_path / "xlmr")


def load(folder: Path) -> PreTrainedModel:
    return storage.load(folder, Compute())


def rewrite(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    weights = folder / "model.safetensors"
    save_file(change(load_file(weights)), weights, metadata={"format": "pt"})


def reconfigure(folder: Path, **settings: object) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_bytes()) | settings))


def without_a_layer(tensors: Tensors) -> Tensors:
    return {name: value for name, value in tensors.items() if "layer.1." not in name}


def prefixed(tensors: Tensors) -> Tensors:
    return {f"encoder_of_mine.{name}": value for name, value in tensors.items()}


def with_a_foreign_one(tensors: Tensors) -> Tensors:
    return {**tensors, FOREIGN: torch.ones(3)}


def narrower(tensors: Tensors) -> Tensors:
    return {name: value[:8].clone() if name.endswith("output.dense.bias") else value for name, value in tensors.items()}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without_a_layer, r"16 are missing \(encoder\.layer\.1\.attention\.output\.LayerNorm\.bias, .*, …\)"),
        (prefixed, r"37 are missing .*; 39 are none of the encoder's \(encoder_of_mine\.embeddings\."),
        (with_a_foreign_one, rf"1 are none of the encoder's \({FOREIGN}\)"),
        (narrower, r"4 have another shape \(encoder\.layer\.0\.attention\.output\.dense\.bias 8 in place of 16, "),
        (lambda tensors: {}, "37 are missing"),
    ],
)
def test_parameters_that_do_not_fit(folder: Path, change: Callable[[Tensors], Tensors], problem: str) -> None:
    rewrite(folder, change)
    with pytest.raises(UserError, match=f"xlmr: its weights do not fit its config.json: .*{problem}"):
        load(folder)


def test_a_config_with_other_layers(folder: Path) -> None:
    reconfigure(folder, num_hidden_layers=1)
    with pytest.raises(UserError, match=r"16 are none of the encoder's \(encoder\.layer\.1\."):
        load(folder)
    reconfigure(folder, num_hidden_layers=-1)
    with pytest.raises(UserError, match=r"config\.json says that the encoder has -1 layers; it needs 1 at least"):
        load(folder)


def test_another_family_s_config(folder: Path) -> None:
    GPT2Config(vocab_size=67, n_embd=16, n_layer=2, n_head=2).save_pretrained(folder)
    with pytest.raises(UserError, match=r"28 are missing \(h\.0\.attn\.c_attn\.bias, .*; 37 are none of the encoder's"):
        load(folder)


def test_a_head_and_a_pooler_are_named_and_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tiny_encoders.write("xlmr-mlm", tmp_path)
    with caplog.at_level(logging.INFO, logger="xstilts"):
        encoder = load(folder)
    stored = load_file(folder / "model.safetensors")
    for name, value in encoder.state_dict().items():
        assert name.startswith("pooler.") or torch.equal(stored[f"roberta.{name}"], value)
    assert "pooler starts from random numbers (pooler.dense.bias, pooler.dense.weight)" in caplog.text
    assert "head is not used (lm_head.bias, lm_head.dense.bias, lm_head.dense.weight, …)" in caplog.text


def sharded(folder: Path) -> Path:
    """The same encoder with its weights in several files."""
    storage.load(folder, Compute()).save_pretrained(folder.parent / "sharded", max_shard_size=4_000)
    return folder.parent / "sharded"


def test_weights_in_several_files(folder: Path) -> None:
    parts = sharded(folder)
    assert len(list(parts.glob("*.safetensors"))) > 2
    assert weights_file(parts) == parts / "model.safetensors.index.json"
    assert weights_file(folder) == folder / "model.safetensors"
    one, other = load(folder).state_dict(), load(parts).state_dict()
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_lost_file_of_several(folder: Path) -> None:
    parts = sharded(folder)
    next(parts.glob("*.safetensors")).unlink()
    with pytest.raises(UserError, match="transformers cannot load this encoder"):
        load(parts)


def test_a_damaged_index(folder: Path) -> None:
    parts = sharded(folder)
    (parts / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(UserError, match="transformers cannot load this encoder"):
        load(parts)


def test_what_transformers_says_of_them_is_not_shown(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It advises to ignore them."""
    rewrite(folder, without_a_layer)
    with pytest.raises(UserError):
        load(folder)
    assert "MISSING" not in caplog.text
