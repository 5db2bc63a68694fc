"""Heads for masked language modelling: those of the families of transformers, and those that this project stores."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_encoders
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_encoders import KINDS

from xstilts.config.settings import Compute
from xstilts.encoders import lm_head, storage
from xstilts.errors import UserError
from xstilts.task_types.heads import MaskedLMHead

#: By kind, the class of transformers with its head.
CLASSES = {
    "xlmr": "XLMRobertaForMaskedLM",
    "xlmr-xl": "XLMRobertaXLForMaskedLM",
    "camembert": "CamembertForMaskedLM",
    "roberta": "RobertaForMaskedLM",
    "bert": "BertForMaskedLM",
    "distilbert": "DistilBertForMaskedLM",
    "albert": "AlbertForMaskedLM",
    "electra": "ElectraForMaskedLM",
    "modernbert": "ModernBertForMaskedLM",
}


def written(kind: str, folder: Path) -> transformers.PreTrainedModel:
    """A checkpoint of a masked language model in a folder, none of whose weights are what they are at the start."""
    declared = KINDS[kind]
    whole = tiny_encoders.Kind(declared.tokenizer, CLASSES[kind], declared.config, declared.settings)
    tokenizer, model = whole.build()
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return model.eval()


@pytest.mark.parametrize("kind", CLASSES)
def test_the_head_predicts_what_transformers_predicts(kind: str, tmp_path: Path) -> None:
    model = written(kind, tmp_path)
    encoder = storage.load(tmp_path, Compute(attention="eager")).eval()
    weights = lm_head.read(tmp_path, encoder)
    assert weights is not None
    head = MaskedLMHead(encoder.config)
    head.load_state_dict(weights)
    ids = torch.arange(5, 25).reshape(2, 10)
    with torch.no_grad():
        expected = model(input_ids=ids).logits
        found = head(encoder(input_ids=ids).last_hidden_state, encoder.get_input_embeddings().weight)
    assert torch.allclose(found, expected, atol=1e-5)
    assert found.abs().max() > 0.1


def test_an_encoder_without_a_head_has_none_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tiny_encoders.write("xlmr", tmp_path)
    assert lm_head.read(tmp_path, storage.load(tmp_path, Compute())) is None
    assert "has no head for masked language modelling that fits: a new one starts from random numbers" in caplog.text


def test_a_head_with_an_output_matrix_of_its_own_is_not_taken(tmp_path: Path) -> None:
    """RemBERT's; or one whose matrix has been trained apart from the embeddings."""
    model = written("xlmr", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    matrix = model.get_input_embeddings().weight.detach()
    save_file({**weights, "lm_head.decoder.weight": matrix.clone()}, tmp_path / "model.safetensors", {"format": "pt"})
    assert lm_head.read(tmp_path, storage.load(tmp_path, Compute())) is not None
    save_file({**weights, "lm_head.decoder.weight": matrix + 1}, tmp_path / "model.safetensors", {"format": "pt"})
    assert lm_head.read(tmp_path, storage.load(tmp_path, Compute())) is None


def test_a_stored_head_comes_back(tmp_path: Path) -> None:
    tiny_encoders.write("xlmr", tmp_path)
    encoder = storage.load(tmp_path, Compute())
    head = {name: torch.randn_like(value) for name, value in MaskedLMHead(encoder.config).state_dict().items()}
    lm_head.save(head, tmp_path)
    found = lm_head.read(tmp_path, encoder)
    assert found is not None and found.keys() == head.keys()
    assert all(torch.equal(found[name], head[name]) for name in head)


def test_a_damaged_head_is_refused(tmp_path: Path) -> None:
    tiny_encoders.write("xlmr", tmp_path)
    (tmp_path / lm_head.OWN_HEAD).write_bytes(b"not tensors")
    with pytest.raises(UserError, match="the head for masked language modelling cannot be read"):
        lm_head.read(tmp_path, storage.load(tmp_path, Compute()))
