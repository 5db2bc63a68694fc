"""The heads that task types put on top of an encoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedConfig


class SentenceHead(nn.Module):
    """Dropout, dense, tanh, dropout, linear: from one vector per input to ``n_outputs`` numbers.

    Args:
        config: The encoder's configuration.
        n_outputs: The number of outputs.
        sentence_vector: ``"pooler"`` reads the encoder's pooler output, as jiant's ``ClassificationHead`` and
            ``RegressionHead`` do; ``"first_token"`` reads the first token's last hidden state, as the classifier of
            ``transformers`` does, which XTREME's code uses.
    """

    def __init__(self, config: PreTrainedConfig, n_outputs: int, sentence_vector: str = "pooler") -> None:
        super().__init__()
        self.sentence_vector = sentence_vector
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, n_outputs)
        initialise(self, config)

    def forward(self, encoded: Any) -> torch.Tensor:
        """Map the encoder's output for a batch to (batch, n_outputs).

        For encoders without a pooler, the first token's state is read in any case.
        """
        vector = getattr(encoded, "pooler_output", None) if self.sentence_vector == "pooler" else None
        if vector is None:
            vector = encoded.last_hidden_state[:, 0]
        hidden = torch.tanh(self.dense(self.dropout(vector)))
        outputs: torch.Tensor = self.output(self.dropout(hidden))
        return outputs


def initialise(head: nn.Module, config: PreTrainedConfig) -> None:
    """Initialise the linear layers of a head as ``transformers`` does: normal weights, zero biases."""
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=config.initializer_range)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class MaskedLMHead(nn.Module):
    """RoBERTa's masked-LM head; the output weights are tied to the encoder's input embeddings."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialise(self, config)

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """Predict tokens.

        Args:
            hidden: Hidden states of shape (tokens, hidden).
            embeddings: Input embeddings of shape (vocabulary, hidden).

        Returns:
            Logits of shape (tokens, vocabulary).
        """
        states = self.norm(nn.functional.gelu(self.dense(hidden)))
        return nn.functional.linear(states, embeddings, self.bias)
