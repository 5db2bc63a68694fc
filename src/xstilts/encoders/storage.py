"""Encoders on disk: transformers folders with weights as safetensors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xstilts.config.settings import Architecture, Compute
from xstilts.encoders import capabilities
from xstilts.encoders.folder import CONFIG, new_files
from xstilts.encoders.languages import freeze_language_layers, keep_precision
from xstilts.encoders.weights import WEIGHTS, check, weights_file
from xstilts.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

_POSITION_OFFSET = 2  # RoBERTa's positions start after the padding id


def fresh(architecture: Architecture, tokenizer: PreTrainedTokenizerFast, compute: Compute) -> PreTrainedModel:
    """Create an XLM-R with random weights, drawn from torch's global random source.

    Args:
        architecture: Shape, dropout and scale of the weights.
        tokenizer: Decides the number of embeddings and the ids of special tokens.
        compute: The attention implementation.
    """
    from transformers import XLMRobertaConfig, XLMRobertaModel

    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        intermediate_size=architecture.feed_forward_size,
        max_position_embeddings=architecture.max_length + _POSITION_OFFSET,
        hidden_dropout_prob=architecture.dropout,
        attention_probs_dropout_prob=architecture.dropout,
        initializer_range=architecture.initializer_range,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    attention = capabilities.attention(config, compute.attention)
    return XLMRobertaModel._from_config(config, attn_implementation=attention)


def read_config(folder: Path) -> PreTrainedConfig:
    """Read the config of a ready-made encoder.

    Raises:
        UserError: There is no config that transformers can use.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    if not (folder / CONFIG).is_file():  # transformers would look for a repository of that name on the Hub
        raise UserError(f"{folder}: there is no config.json of a transformers encoder.")
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        capabilities.model_class(config)
    except (OSError, ValueError, TypeError, KeyError, StrictDataclassError) as error:
        raise UserError(f"{folder}: transformers cannot use this encoder's config.json: {error}") from error
    if (layers := capabilities.layers(config)) < 1:
        raise UserError(f"{folder}: config.json says that the encoder has {layers} layers; it needs 1 at least.")
    return config


def load(folder: Path, compute: Compute, causal_mask: Literal["keep", "remove"] = "keep") -> PreTrainedModel:
    """Load the encoder in a folder, in float32.

    Args:
        folder: A transformers folder.
        compute: The attention implementation.
        causal_mask: Whether a decoder's tokens go on to see only those before them.

    Raises:
        UserError: The folder is no transformers folder with safetensors weights, its files are damaged, or the weights
            are not those of its config.
    """
    from safetensors import SafetensorError

    if not (folder / CONFIG).is_file() or not weights_file(folder).is_file():
        raise UserError(f"{folder}: an encoder's folder needs config.json and {WEIGHTS}; pickled weights are not read.")
    config = read_config(folder)
    family: Any = capabilities.model_class(config)
    try:
        with _without_report():
            model, loaded = family.from_pretrained(
                folder,
                config=config,
                use_safetensors=True,
                dtype="float32",
                attn_implementation=capabilities.attention(config, compute.attention),
                ignore_mismatched_sizes=True,  # they are refused below, by name
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder}: transformers cannot load this encoder: {error}") from error
    check(folder, loaded)
    freeze_language_layers(model)
    if causal_mask == "remove":
        model.config.is_causal = False
    return _for_states(model)


def reinitialised(encoder: PreTrainedModel) -> PreTrainedModel:
    """Create an encoder of the same config with random weights: the control for the effect of pretraining."""
    implementation = encoder.config._attn_implementation
    return _for_states(type(encoder)._from_config(encoder.config, attn_implementation=implementation))


def _for_states(model: PreTrainedModel) -> PreTrainedModel:
    """Set up what is not in the weights.

    Layers of languages keep their input's precision, nothing is kept for a next token, a removed mask stays away.
    """
    keep_precision(model)
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    if not getattr(model.config, "is_causal", True):
        modules: Iterator[Any] = model.modules()
        for module in modules:
            if hasattr(module, "is_causal"):  # sdpa reads it where a batch has no padding
                module.is_causal = False
    return model


def save(encoder: PreTrainedModel, folder: Path) -> None:
    """Write an encoder into ``folder``: each file complete or not at all, the weights last."""
    with new_files(folder) as temporary:
        encoder.save_pretrained(temporary, max_shard_size="100GB")


@contextmanager
def _without_report() -> Iterator[None]:
    """Keep transformers from warning of what :func:`check` says, with the advice to ignore it."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
