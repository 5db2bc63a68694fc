"""Small networks on top of an encoder, freshly initialised for every task."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedConfig


class SentenceHead(nn.Module):
    """Dropout, dense, tanh, dropout, linear, from one vector per input to ``n_outputs`` numbers.

    The vector is the encoder's pooler output, on which jiant's ``ClassificationHead`` and ``RegressionHead`` stand, or
    the first token's state, which ``transformers``' own classifier reads in XTREME's code.
    """

    def __init__(self, config: PreTrainedConfig, n_outputs: int, sentence_vector: str = "pooler") -> None:
        super().__init__()
        self.sentence_vector = sentence_vector
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, n_outputs)
        initialise(self, config)

    def forward(self, encoded: Any) -> torch.Tensor:
        """The encoder's output for a batch to (batch, n_outputs). Encoders without a pooler give the first state."""
        vector = getattr(encoded, "pooler_output", None) if self.sentence_vector == "pooler" else None
        if vector is None:
            vector = encoded.last_hidden_state[:, 0]
        hidden = torch.tanh(self.dense(self.dropout(vector)))
        outputs: torch.Tensor = self.output(self.dropout(hidden))
        return outputs


def initialise(head: nn.Module, config: PreTrainedConfig) -> None:
    """Draw the weights of a head's linear layers as ``transformers`` draws those of the encoder."""
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=config.initializer_range)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


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
