from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute
from xstilts.encoders import storage as encoders
from xstilts.errors import UserError

SHAPE = Architecture(hidden_size=16, layers=2, heads=2, feed_forward_size=24, max_length=20, dropout=0.1)


@pytest.fixture
def encoder(tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    torch.manual_seed(1)
    return encoders.fresh(SHAPE, tokenizer, Compute())


def same(one: PreTrainedModel, other: PreTrainedModel) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_has_the_shape_that_the_study_asks_for(encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    config = encoder.config
    assert (config.hidden_size, config.num_hidden_layers, config.intermediate_size) == (16, 2, 24)
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.1, 0.1)
    assert encoder.get_input_embeddings().weight.shape == (len(tokenizer), 16)


def test_takes_inputs_of_max_length_and_no_longer_ones(encoder: PreTrainedModel) -> None:
    assert encoder(torch.full((1, 20), 7)).last_hidden_state.shape == (1, 20, 16)
    with pytest.raises((IndexError, RuntimeError)):
        encoder(torch.full((1, 21), 7))


def test_weights_follow_from_the_random_state(tokenizer: PreTrainedTokenizerFast, encoder: PreTrainedModel) -> None:
    torch.manual_seed(1)
    assert same(encoders.fresh(SHAPE, tokenizer, Compute()), encoder)
    torch.manual_seed(2)
    assert not same(encoders.fresh(SHAPE, tokenizer, Compute()), encoder)


def test_saved_and_loaded_it_is_the_same(encoder: PreTrainedModel, tmp_path: Path) -> None:
    encoders.save(encoder, tmp_path / "new" / "encoder")
    loaded = encoders.load(tmp_path / "new" / "encoder", Compute(attention="eager"))
    assert same(loaded, encoder)
    assert loaded.dtype is torch.float32
    assert loaded.config._attn_implementation == "eager"
    assert {file.name for file in (tmp_path / "new" / "encoder").iterdir()} == {"config.json", "model.safetensors"}


def test_half_precision_weights_are_loaded_in_float32(encoder: PreTrainedModel, tmp_path: Path) -> None:
    encoders.save(encoder.to(torch.bfloat16), tmp_path)
    assert encoders.load(tmp_path, Compute()).dtype is torch.float32


def test_pickled_weights_are_refused(encoder: PreTrainedModel, tmp_path: Path) -> None:
    encoders.save(encoder, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(encoder.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"needs config\.json and model\.safetensors; pickled weights are not read"):
        encoders.load(tmp_path, Compute())


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"missing: an encoder's folder needs config\.json"):
        encoders.load(tmp_path / "missing", Compute())


@pytest.mark.parametrize(
    ("file", "content"), [("model.safetensors", b"\x10"), ("model.safetensors", b""), ("config.json", b"{")]
)
def test_damaged_files(encoder: PreTrainedModel, tmp_path: Path, file: str, content: bytes) -> None:
    encoders.save(encoder, tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=r"transformers cannot (load|use) this encoder"):
        encoders.load(tmp_path, Compute())


def test_a_failure_while_saving_leaves_the_old_encoder(
    encoder: PreTrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders.save(encoder, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def half(folder: Path, **options: object) -> None:
        (folder / "config.json").write_text("{}")
        raise OSError("no space left")

    monkeypatch.setattr(encoder, "save_pretrained", half)
    with pytest.raises(OSError, match="no space"):
        encoders.save(encoder, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_reinitialised_keeps_the_shape_and_nothing_else(encoder: PreTrainedModel) -> None:
    torch.manual_seed(5)
    other = encoders.reinitialised(encoder)
    assert {name: value.shape for name, value in other.state_dict().items()} == {
        name: value.shape for name, value in encoder.state_dict().items()
    }
    assert not torch.equal(other.get_input_embeddings().weight, encoder.get_input_embeddings().weight)
    assert other.config._attn_implementation == encoder.config._attn_implementation
    torch.manual_seed(5)
    assert same(encoders.reinitialised(encoder), other)


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        encoders.read_config(tmp_path)


def test_files_have_the_rights_that_the_umask_leaves(encoder: PreTrainedModel, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        encoders.save(encoder, tmp_path)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o640}
