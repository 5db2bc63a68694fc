"""Sentence embeddings of unit length: the mean of one layer's hidden states, or the first or last token's.

The mean is over all positions but padding, as in XTREME's ``evaluate_retrieval.py`` and jiant's ``MeanPoolerHead``;
``<s>`` and ``</s>`` are included unless the config says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Embedding
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import capabilities
from xstilts.encoders.languages import use_language
from xstilts.errors import UserError
from xstilts.retrieval.layer_states import states_of_layer
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.heads import pooled_states
from xstilts.task_types.inputs import pad_inputs
from xstilts.training.batches import ordered_batches
from xstilts.training.memory import MicroBatches, in_parts

#: The most tokens of a batch, padding included, by the kind of device: larger batches are no faster on a CPU, and more
#: of their tokens are padding (benchmarks/embed.py).
_BATCH_TOKENS = {"cpu": 512, "cuda": 16_384}


@torch.inference_mode()
def embed(
    encoder: PreTrainedModel,
    rows: EncodedRows,
    tokens: SpecialTokens,
    settings: Embedding,
    batch_tokens: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> torch.Tensor:
    """Embed sentences. Leaves the encoder in evaluation mode.

    Args:
        encoder: On the device to compute on.
        rows: Encoded sentences.
        tokens: The tokenizer's special tokens.
        settings: Layer and pooling.
        batch_tokens: The most tokens of a batch, padding included; a longer row is a batch of its own. None: what
            suits the device.
        progress: Called after each batch with its number of rows.

    Returns:
        (rows, hidden) float32 embeddings of unit length on the CPU, in the order of ``rows``.

    Raises:
        UserError: The encoder has no such layer, or its hidden states are not finite.
    """
    check_layer(encoder, settings.layer)
    encoder.eval()
    use_language(encoder, rows.language)
    embeddings = torch.empty(len(rows), capabilities.hidden_size(encoder.config))

    def embeddings_of(indices: Sequence[int]) -> torch.Tensor:
        batch = {name: value.to(encoder.device) for name, value in pad_inputs(rows[indices], tokens).items()}
        states = states_of_layer(encoder, batch, settings.layer)
        pooled = _pooled(states.float(), batch, tokens, settings)
        return torch.nn.functional.normalize(pooled, dim=-1).cpu()

    micro, most = MicroBatches(), batch_tokens or _BATCH_TOKENS[encoder.device.type]
    for batch in ordered_batches(rows.lengths, 1, most):
        for indices, batch_embeddings in in_parts(batch, embeddings_of, micro):
            embeddings[indices] = batch_embeddings
            progress(len(indices))
    if not bool(embeddings.isfinite().all()):
        raise UserError(
            f"The hidden states of layer {settings.layer} are not finite: this encoder is broken. "
            "Train it again with a smaller learning rate or in float32 (compute.precision)."
        )
    return embeddings


def check_layer(encoder: PreTrainedModel, layer: int) -> None:
    """Check that an encoder has a layer.

    Raises:
        UserError: It has fewer layers.
    """
    layers = capabilities.layers(encoder.config)
    if layer > layers:
        raise UserError(
            f"retrieval.layer is {layer}, but the encoder has {layers} layers. "
            f"Choose one of 0 (the embedding layer) to {layers} (the last)."
        )


def _pooled(states: torch.Tensor, batch: Batch, tokens: SpecialTokens, settings: Embedding) -> torch.Tensor:
    """Pool hidden states (batch, longest, hidden) to (batch, hidden)."""
    return pooled_states(states, _pooled_positions(batch, tokens, settings.special_tokens), settings.pooling)


def _pooled_positions(batch: Batch, tokens: SpecialTokens, special_tokens: bool) -> torch.Tensor:
    """(batch, longest) bool: the positions that the mean is over.

    Without special tokens, those that the tokenizer put around the sentence are excluded. Only the first and the last
    position are checked, because <unk> within the sentence stands for a word. A sentence without any other token keeps
    its special tokens.
    """
    present = batch["attention_mask"].bool()
    if special_tokens:
        return present
    ids = batch["input_ids"]
    positions = torch.arange(ids.shape[1], device=ids.device)
    outermost = (positions == 0) | (positions == present.sum(dim=1, keepdim=True) - 1)
    inner = present & ~(outermost & torch.isin(ids, torch.tensor(tokens.special, device=ids.device)))
    return torch.where(inner.any(dim=1, keepdim=True), inner, present)
