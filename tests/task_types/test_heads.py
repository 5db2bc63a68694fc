"""Heads: shapes, fresh weights, and which vector stands for a sentence."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, PreTrainedConfig, XLMRobertaConfig, XLMRobertaModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from xstilts.task_types.heads import SentenceHead

CONFIG = XLMRobertaConfig(
    vocab_size=20,
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    intermediate_size=64,
    initializer_range=0.05,
    hidden_dropout_prob=0.5,
)


def encoded(batch: int = 4) -> BaseModelOutputWithPooling:
    return BaseModelOutputWithPooling(
        last_hidden_state=torch.randn(batch, 3, 64), pooler_output=torch.randn(batch, 64).tanh()
    )


def test_weights_are_drawn_like_the_encoders() -> None:
    torch.manual_seed(0)
    head = SentenceHead(CONFIG, 3)
    assert head.dense.weight.std().item() == pytest.approx(0.05, rel=0.1)
    assert not head.dense.bias.any() and not head.output.bias.any()
    assert head(encoded(5), torch.ones(5, 3)).shape == (5, 3)


def test_dropout_only_in_training() -> None:
    head, inputs, mask = SentenceHead(CONFIG, 2), encoded(), torch.ones(4, 3)
    assert not torch.equal(head(inputs, mask), head(inputs, mask))
    head.eval()
    assert torch.equal(head(inputs, mask), head(inputs, mask))


@pytest.mark.parametrize(
    ("with_pooler", "sentence_vector", "pooled"),
    [(True, "pooler", True), (True, "first_token", False), (False, "pooler", False), (False, "first_token", False)],
)
def test_a_sentence_is_its_pooled_or_its_first_state(with_pooler: bool, sentence_vector: str, pooled: bool) -> None:
    encoder = XLMRobertaModel(CONFIG, add_pooling_layer=with_pooler).eval()
    head = SentenceHead(CONFIG, 2, sentence_vector).eval()
    output = encoder(torch.tensor([[0, 5, 6, 2]]))
    first = output.last_hidden_state[:, 0]
    vector = encoder.pooler(output.last_hidden_state) if pooled else first
    by_hand = nn.Sequential(head.dense, nn.Tanh(), head.output)(vector)
    assert torch.allclose(head(output, torch.ones(1, 4)), by_hand, atol=1e-6)
    assert pooled != torch.equal(vector, first)


@pytest.mark.parametrize(
    ("config", "sentence_vector", "expected"),
    [
        (CONFIG, "mean", [[2.0, 20.0], [5.5, 55.0]]),  # by hand, of the states below without their padding
        (CONFIG, "last_token", [[3.0, 30.0], [6.0, 60.0]]),
        (CONFIG, "first_token", [[1.0, 10.0], [5.0, 50.0]]),
        (CONFIG, "pooler", [[1.0, 10.0], [5.0, 50.0]]),
        (LlamaConfig(), "pooler", [[3.0, 30.0], [6.0, 60.0]]),
        (LlamaConfig(is_causal=False), "pooler", [[1.0, 10.0], [5.0, 50.0]]),
    ],
)
def test_a_sentence_without_a_pooled_state(
    config: PreTrainedConfig, sentence_vector: str, expected: list[list[float]]
) -> None:
    states = torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], [[5.0, 50.0], [6.0, 60.0], [9.0, 90.0]]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    head = SentenceHead(config, 2, sentence_vector).eval()
    head.dense, head.output = nn.Identity(), nn.Identity()
    encoded = BaseModelOutputWithPooling(last_hidden_state=states)
    assert torch.allclose(head(encoded, mask), torch.tensor(expected).tanh())
