"""The head of a masked language model in an encoder's folder: read where there is one, stored for the next training.

Checkpoints of masked language models have their head beside the encoder, under names of their family. What they hold is
the same: a linear map, a layer norm, and a bias; the output matrix is the embeddings. :class:`xstilts.task_types.heads.
MaskedLMHead` is such a head.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xstilts.atomic import replacing
from xstilts.encoders import capabilities
from xstilts.encoders.weights import INDEX, weights_file
from xstilts.errors import UserError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

#: A head that this project has trained, under the names of ``MaskedLMHead``.
OWN_HEAD = "lm_head.safetensors"


class Names(NamedTuple):
    """What a family calls the parts of a head; ``output`` is the matrix that others share with the embeddings."""

    dense: str
    norm: str
    bias: str
    output: str


_FAMILIES = (
    Names("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder.weight"),  # RoBERTa, XLM-R, X-MOD
    Names(  # BERT
        "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm",
        "cls.predictions.bias",
        "cls.predictions.decoder.weight",
    ),
    Names("vocab_transform", "vocab_layer_norm", "vocab_projector.bias", "vocab_projector.weight"),  # DistilBERT
    Names("predictions.dense", "predictions.LayerNorm", "predictions.bias", "predictions.decoder.weight"),  # ALBERT
    Names(  # ELECTRA's generator
        "generator_predictions.dense",
        "generator_predictions.LayerNorm",
        "generator_lm_head.bias",
        "generator_lm_head.weight",
    ),
    Names("head.dense", "head.norm", "decoder.bias", "decoder.weight"),  # ModernBERT
)

logger = logging.getLogger(__name__)


def read(folder: Path, encoder: PreTrainedModel) -> dict[str, torch.Tensor] | None:
    """Read the head that belongs to the encoder in a folder.

    Args:
        folder: The encoder's folder.
        encoder: The encoder as it was loaded from there.

    Returns:
        The weights of a ``MaskedLMHead``; None where the folder has none that fits, which is logged.

    Raises:
        UserError: A file with the head is damaged.
    """
    from safetensors import SafetensorError

    try:
        own = folder / OWN_HEAD
        found = _tensors(own) if own.is_file() else _of_family(folder, encoder)
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(f"{folder}: the head for masked language modelling cannot be read: {error}") from error
    shapes = _shapes(encoder)
    if {name: tuple(value.shape) for name, value in found.items()} == shapes:
        logger.info("%s: masked language modelling goes on with the head that was pretrained with the encoder", folder)
        return found
    logger.warning(
        "%s: has no head for masked language modelling that fits: a new one starts from random numbers", folder
    )
    return None


def save(head: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write the weights of a ``MaskedLMHead`` into an encoder's folder, the file complete or not at all."""
    from safetensors.torch import save_file

    with replacing(folder / OWN_HEAD) as temporary:
        save_file(dict(head), temporary)


def _shapes(encoder: PreTrainedModel) -> dict[str, tuple[int, ...]]:
    config = encoder.config
    hidden, width = capabilities.hidden_size(config), capabilities.embedding_size(config)
    vectors = {"dense.bias": (width,), "norm.weight": (width,), "norm.bias": (width,)}
    return {**vectors, "dense.weight": (width, hidden), "bias": (capabilities.vocabulary(config),)}


def _of_family(folder: Path, encoder: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The head under the names of the encoder's family; empty where there is none, or one with a matrix of its own."""
    import torch

    where = _places(folder)
    names = next((names for names in _FAMILIES if {f"{names.dense}.weight", names.bias} <= where.keys()), None)
    if names is None:
        return {}
    parts = {
        "dense.weight": f"{names.dense}.weight",
        "dense.bias": f"{names.dense}.bias",
        "norm.weight": f"{names.norm}.weight",
        "norm.bias": f"{names.norm}.bias",
        "bias": names.bias,
        "output": names.output,
    }
    read = {part: _tensors(where[name], name)[name].float() for part, name in parts.items() if name in where}
    embeddings: Any = encoder.get_input_embeddings()
    output = read.pop("output", None)
    if output is not None and not torch.equal(output, embeddings.weight.cpu()):
        return {}
    width = read["dense.weight"].shape[0]
    return {"dense.bias": torch.zeros(width), "norm.bias": torch.zeros(width), **read}  # ModernBERT has neither bias


def _places(folder: Path) -> dict[str, Path]:
    """The file of each parameter in a folder, by the parameter's name."""
    from safetensors import safe_open

    file = weights_file(folder)
    if file.name == INDEX:
        listed = json.loads(file.read_bytes())["weight_map"]
        return {name: folder / part for name, part in listed.items()}
    with safe_open(file, framework="pt") as opened:
        return dict.fromkeys(opened.keys(), file)


def _tensors(file: Path, *names: str) -> dict[str, torch.Tensor]:
    """The named tensors of a file, or all of them."""
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        return {name: opened.get_tensor(name) for name in names or opened.keys()}
