"""The heads that task types put on top of an encoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedConfig
from transformers.activations import ACT2FN

from xstilts.encoders import capabilities


class SentenceHead(nn.Module):
    """Dropout, dense, tanh, dropout, linear: from one vector per input to ``n_outputs`` numbers.

    Args:
        config: The encoder's configuration.
        n_outputs: The number of outputs.
        sentence_vector: ``"pooler"`` reads the encoder's pooler output, as jiant's ``ClassificationHead`` and
            ``RegressionHead`` do; ``"first_token"`` reads the first token's last hidden state, as the classifier of
            ``transformers`` does, which XTREME's code uses; ``"last_token"`` that of the last token before padding,
            and ``"mean"`` the mean of all.
    """

    def __init__(self, config: PreTrainedConfig, n_outputs: int, sentence_vector: str = "pooler") -> None:
        super().__init__()
        self.sentence_vector = sentence_vector
        self.without_pooler = _without_pooler(config)
        width = capabilities.hidden_size(config)
        self.dropout = nn.Dropout(capabilities.dropout(config))
        self.dense = nn.Linear(width, width)
        self.output = nn.Linear(width, n_outputs)
        initialise(self, config)

    def forward(self, encoded: Any, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map the encoder's output for a batch, and the batch's attention mask, to (batch, n_outputs).

        Of encoders without a pooler, the first token's state is read in its place; of decoders, whose first token knows
        nothing of the others, the last token's.
        """
        vector = sentence_vectors(encoded, attention_mask, self.sentence_vector, self.without_pooler)
        hidden = torch.tanh(self.dense(self.dropout(vector)))
        outputs: torch.Tensor = self.output(self.dropout(hidden))
        return outputs


class EmbeddingHead(nn.Module):
    """Vectors of unit length for whole texts, and the learnt scale of their products.

    Args:
        config: The encoder's configuration.
        sentence_vector: As for :class:`SentenceHead`; nothing is put on top of what it reads.
    """

    #: What the scale is before training.
    SCALE = 100.0

    def __init__(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> None:
        super().__init__()
        self.sentence_vector, self.without_pooler = sentence_vector, _without_pooler(config)
        self.scale = nn.Parameter(torch.full((1,), self.SCALE))

    def forward(self, encoded: Any, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map the encoder's output for a batch, and the batch's attention mask, to (batch, hidden) float32 vectors."""
        vectors = sentence_vectors(encoded, attention_mask, self.sentence_vector, self.without_pooler)
        return nn.functional.normalize(vectors.float(), dim=-1)


def _without_pooler(config: PreTrainedConfig) -> str:
    """What is read in place of a pooler: a decoder's first token knows nothing of the others."""
    return "last_token" if capabilities.causal(config) else "first_token"


def sentence_vectors(
    encoded: Any, attention_mask: torch.Tensor, sentence_vector: str, without_pooler: str
) -> torch.Tensor:
    """Read one vector per input off the encoder's output.

    Args:
        encoded: The encoder's output for a batch.
        attention_mask: (batch, length), of the same batch.
        sentence_vector: See ``Hyperparameters.sentence_vector``.
        without_pooler: What to read in place of ``"pooler"`` where the encoder has none.

    Returns:
        (batch, hidden) vectors.
    """
    if sentence_vector == "pooler" and getattr(encoded, "pooler_output", None) is not None:
        pooled: torch.Tensor = encoded.pooler_output
        return pooled
    chosen = without_pooler if sentence_vector == "pooler" else sentence_vector
    return pooled_states(encoded.last_hidden_state, attention_mask, chosen)


def pooled_states(states: torch.Tensor, weights: torch.Tensor, pooling: str) -> torch.Tensor:
    """Make one vector of the states of each input.

    Args:
        states: Hidden states of shape (batch, length, hidden).
        weights: (batch, length): 1 for the positions to read, 0 for others and for padding.
        pooling: ``"first_token"``, whatever the weights; ``"last_token"``, the last with a weight; or ``"mean"``.

    Returns:
        (batch, hidden) vectors.
    """
    if pooling == "first_token":
        return states[:, 0]
    if pooling == "last_token":
        positions = torch.arange(states.shape[1], device=states.device) * (weights > 0)
        return states[torch.arange(len(states), device=states.device), positions.argmax(dim=1)]
    spread = weights.unsqueeze(-1).to(states.dtype)
    return (states * spread).sum(dim=1) / spread.sum(dim=1)


def initialise(head: nn.Module, config: PreTrainedConfig) -> None:
    """Initialise the linear layers of a head as ``transformers`` does: normal weights, zero biases."""
    for module in head.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=capabilities.initialiser_range(config))
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class MaskedLMHead(nn.Module):
    """A masked-LM head, as wide as the embeddings; its output weights are tied to the encoder's embeddings.

    RoBERTa's; BERT, DistilBERT, ALBERT, ELECTRA and ModernBERT have the same under other names.
    """

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__()
        width = capabilities.embedding_size(config)
        self.dense = nn.Linear(capabilities.hidden_size(config), width)
        self.norm = nn.LayerNorm(width, eps=capabilities.norm_epsilon(config))
        self.bias = nn.Parameter(torch.zeros(capabilities.vocabulary(config)))
        self.activation = ACT2FN[capabilities.lm_activation(config)]
        initialise(self, config)

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """Predict tokens.

        Args:
            hidden: Hidden states of shape (tokens, hidden).
            embeddings: Input embeddings of shape (vocabulary, width of the embeddings).

        Returns:
            Logits of shape (tokens, vocabulary).
        """
        states = self.norm(self.activation(self.dense(hidden)))
        return nn.functional.linear(states, embeddings, self.bias)
