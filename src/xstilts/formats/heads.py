"""Small networks on top of an encoder, freshly initialised for every task."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedConfig


class PooledHead(nn.Module):
    """Dropout, dense, tanh, dropout, linear, from one vector per input to ``n_outputs`` numbers.

    The shape of jiant's ``ClassificationHead`` and ``RegressionHead``, which stand on the encoder's own pooler.
    """

    def __init__(self, config: PreTrainedConfig, n_outputs: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, n_outputs)
        initialise(self, config)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(batch, hidden) to (batch, n_outputs)."""
        hidden = torch.tanh(self.dense(self.dropout(inputs)))
        outputs: torch.Tensor = self.output(self.dropout(hidden))
        return outputs


def initialise(head: nn.Module, config: PreTrainedConfig) -> None:
    """Draw the weights of a head's linear layers as ``transformers`` draws those of the encoder."""
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=config.initializer_range)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def pooled(output: Any) -> torch.Tensor:
    """(batch, hidden): the pooler's output, or the first token's state from an encoder without a pooler."""
    found: torch.Tensor | None = getattr(output, "pooler_output", None)
    if found is not None:
        return found
    first: torch.Tensor = output.last_hidden_state[:, 0]
    return first


class MaskedLMHead(nn.Module):
    """RoBERTa's head for masked tokens; the output weights are the encoder's own embeddings."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialise(self, config)

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """(tokens, hidden) and (vocabulary, hidden) to (tokens, vocabulary)."""
        states = self.norm(nn.functional.gelu(self.dense(hidden)))
        return nn.functional.linear(states, embeddings, self.bias)
