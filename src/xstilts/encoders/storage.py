"""Encoders on disk: transformers folders with weights as safetensors."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.config.settings import Architecture, Compute
from xstilts.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_WEIGHTS = "model.safetensors"
_POSITION_OFFSET = 2  # RoBERTa's positions start after the padding id


def fresh(architecture: Architecture, tokenizer: PreTrainedTokenizerFast, compute: Compute) -> PreTrainedModel:
    """Create an XLM-R with random weights, drawn from torch's global random source.

    Args:
        architecture: Shape, dropout and scale of the weights.
        tokenizer: Decides the number of embeddings and the ids of special tokens.
        compute: The attention implementation.
    """
    from transformers import AutoModel, XLMRobertaConfig

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
    model: PreTrainedModel = AutoModel.from_config(config, attn_implementation=compute.attention)
    return model


def load(folder: Path, compute: Compute) -> PreTrainedModel:
    """Load the encoder in a folder, in float32.

    Raises:
        UserError: The folder is no transformers folder with safetensors weights, or its files are damaged.
    """
    from safetensors import SafetensorError
    from transformers import AutoModel

    if not (folder / "config.json").is_file() or not (folder / _WEIGHTS).is_file():
        raise UserError(
            f"{folder}: an encoder's folder needs config.json and {_WEIGHTS}; pickled weights are not read."
        )
    try:
        model: PreTrainedModel = AutoModel.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype="float32",
            attn_implementation=compute.attention,
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(f"{folder}: transformers cannot load this encoder: {error}") from error
    return model


@dataclass(frozen=True)
class EncoderLimits:
    """The limits of a ready-made encoder.

    Attributes:
        longest_input: The most tokens of an input, special tokens included.
        layers: The number of transformer layers.
    """

    longest_input: int
    layers: int

    @classmethod
    def of(cls, folder: Path) -> EncoderLimits:
        """Read the limits from the encoder's config. RoBERTa's positions start after the padding id.

        Raises:
            UserError: There is no config that transformers can use.
        """
        from transformers import AutoConfig

        if not (folder / "config.json").is_file():  # transformers would look for a repository of that name on the Hub
            raise UserError(f"{folder}: there is no config.json of a transformers encoder.")
        try:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{folder}: transformers cannot use this encoder's config.json: {error}") from error
        offset = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        return cls(int(config.max_position_embeddings) - offset, int(config.num_hidden_layers))


def reinitialised(encoder: PreTrainedModel) -> PreTrainedModel:
    """Create an encoder of the same config with random weights: the control for the effect of pretraining."""
    from transformers import AutoModel

    implementation = encoder.config._attn_implementation
    model: PreTrainedModel = AutoModel.from_config(encoder.config, attn_implementation=implementation)
    return model


def save(encoder: PreTrainedModel, folder: Path) -> None:
    """Write an encoder into ``folder``: each file complete or not at all, the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{_WEIGHTS}.", suffix=".tmp") as name:
        temporary = Path(name)
        encoder.save_pretrained(temporary, max_shard_size="100GB")
        for file in sorted(temporary.iterdir(), key=lambda file: file.name == _WEIGHTS):
            file.replace(folder / file.name)
