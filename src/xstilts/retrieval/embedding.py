"""Sentence embeddings of unit length: the mean of one layer's hidden states, or the first token's.

As in XTREME's ``evaluate_retrieval.py`` and jiant's ``MeanPoolerHead``: all positions but padding count for the mean,
``<s>`` and ``</s>`` among them unless the config says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Embedding
from xstilts.data.encoding import EncodedRows
from xstilts.errors import UserError
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.inputs import pad_inputs, run_encoder
from xstilts.training.memory import MicroBatches, in_parts

_BATCH_TOKENS = 16_384


@torch.inference_mode()
def embed(
    encoder: PreTrainedModel,
    rows: EncodedRows,
    tokens: SpecialTokens,
    settings: Embedding,
    batch_tokens: int = _BATCH_TOKENS,
    progress: Callable[[int], None] = lambda done: None,
) -> torch.Tensor:
    """(rows, hidden) float32 of unit length on the CPU, in the order of ``rows``: a large pool takes gigabytes.

    The encoder is put into evaluation mode. A batch holds up to ``batch_tokens`` tokens, padding included, or one row;
    after each, ``progress`` is told how many rows it had.

    Raises:
        UserError: where the encoder has no such layer, or its states are not finite.
    """
    check_layer(encoder, settings.layer)
    encoder.eval()
    embeddings = torch.empty(len(rows), encoder.config.hidden_size)

    def embedded(indices: Sequence[int]) -> torch.Tensor:
        batch = {name: value.to(encoder.device) for name, value in pad_inputs(rows[indices], tokens).items()}
        states = run_encoder(encoder, batch, output_hidden_states=True).hidden_states[settings.layer]
        pooled = _pooled(states.float(), batch, tokens, settings)
        return torch.nn.functional.normalize(pooled, dim=-1).cpu()

    micro = MicroBatches()
    for batch in _batches(rows.lengths, batch_tokens):
        for indices, found in in_parts(batch, embedded, micro):
            embeddings[indices] = found
            progress(len(indices))
    if not bool(embeddings.isfinite().all()):
        raise UserError(
            f"The hidden states of layer {settings.layer} are not finite: this encoder is broken. "
            "Train it again with a smaller learning rate or in float32 (compute.precision)."
        )
    return embeddings


def check_layer(encoder: PreTrainedModel, layer: int) -> None:
    """Raise :class:`UserError` where the encoder has fewer layers than that."""
    layers = encoder.config.num_hidden_layers
    if layer > layers:
        raise UserError(
            f"retrieval.layer is {layer}, but the encoder has {layers} layers. "
            f"Choose one of 0 (the embedding layer) to {layers} (the last)."
        )


def _batches(lengths: np.ndarray, batch_tokens: int) -> Iterator[list[int]]:
    """Indices of rows of similar length, the longest first: what is too large for the memory fails at once."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, batch_tokens // int(lengths[order[start]]))
        yield order[start : start + size].tolist()
        start += size


def _pooled(states: torch.Tensor, batch: Batch, tokens: SpecialTokens, settings: Embedding) -> torch.Tensor:
    """(batch, hidden) from (batch, longest, hidden)."""
    if settings.pooling == "first_token":
        return states[:, 0]
    weights = _pooled_positions(batch, tokens, settings.special_tokens).unsqueeze(-1).float()
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def _pooled_positions(batch: Batch, tokens: SpecialTokens, special_tokens: bool) -> torch.Tensor:
    """(batch, longest) bool. Without special tokens, what the tokenizer put around the sentence is left out.

    Only the first and the last position are looked at: within the sentence, <unk> stands for a word. A sentence
    that has no other token keeps those.
    """
    present = batch["attention_mask"].bool()
    if special_tokens:
        return present
    ids = batch["input_ids"]
    positions = torch.arange(ids.shape[1], device=ids.device)
    outermost = (positions == 0) | (positions == present.sum(dim=1, keepdim=True) - 1)
    inner = present & ~(outermost & torch.isin(ids, torch.tensor(tokens.special, device=ids.device)))
    return torch.where(inner.any(dim=1, keepdim=True), inner, present)
