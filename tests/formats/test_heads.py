"""Heads: shapes, fresh weights, and what stands in for a missing pooler."""

from __future__ import annotations

import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from xstilts.formats.heads import PooledHead, pooled

CONFIG = XLMRobertaConfig(
    vocab_size=20,
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    intermediate_size=64,
    initializer_range=0.05,
    hidden_dropout_prob=0.5,
)


def test_weights_are_drawn_like_the_encoders() -> None:
    torch.manual_seed(0)
    head = PooledHead(CONFIG, 3)
    assert head.dense.weight.std().item() == pytest.approx(0.05, rel=0.1)
    assert not head.dense.bias.any() and not head.output.bias.any()
    assert head(torch.randn(5, 64)).shape == (5, 3)


def test_dropout_only_in_training() -> None:
    head, inputs = PooledHead(CONFIG, 2), torch.randn(4, 64)
    assert not torch.equal(head(inputs), head(inputs))
    head.eval()
    assert torch.equal(head(inputs), head(inputs))


@pytest.mark.parametrize("with_pooler", [True, False])
def test_pooled_falls_back_to_the_first_token(with_pooler: bool) -> None:
    encoder = XLMRobertaModel(CONFIG, add_pooling_layer=with_pooler).eval()
    output = encoder(torch.tensor([[0, 5, 6, 2]]))
    expected = encoder.pooler(output.last_hidden_state) if with_pooler else output.last_hidden_state[:, 0]
    assert torch.equal(pooled(output), expected)
