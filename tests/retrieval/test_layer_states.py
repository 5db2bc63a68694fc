"""A layer's hidden states are those that transformers keeps, in every family, and no layer above it is run."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_encoders
import torch
from tiny_encoders import KINDS

from xstilts.config.settings import Compute
from xstilts.encoders import capabilities, storage
from xstilts.retrieval.layer_states import states_of_layer

BATCH = {
    "input_ids": torch.tensor([[7, 8, 9, 10, 11], [12, 13, 14, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_transformers(kind: str, tmp_path: Path) -> None:
    encoder = storage.load(tiny_encoders.write(kind, tmp_path), Compute()).eval()
    depth = capabilities.layers(encoder.config)
    with torch.inference_mode():
        expected = encoder(**BATCH, output_hidden_states=True).hidden_states
        assert len(expected) == depth + 1
        for layer in (*range(depth + 1), 0):  # an interrupted forward pass leaves nothing behind
            assert torch.equal(states_of_layer(encoder, BATCH, layer), expected[layer]), layer


def test_layers_above_are_not_run(tmp_path: Path) -> None:
    encoder = storage.load(tiny_encoders.write("xlmr", tmp_path), Compute()).eval()
    ran = []
    for index, layer in enumerate(encoder.encoder.layer):
        layer.register_forward_hook(lambda *_, index=index: ran.append(index))
    with torch.inference_mode():
        states_of_layer(encoder, BATCH, 1)
    assert ran == [0]
