"""What an encoder is and can do, whatever its family calls it.

Families of transformers call the same thing by other names (``hidden_dropout_prob``, ``dropout``, ``dropout_rate``), or
lack it. Everything in the package that depends on an encoder's kind asks here.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

AttentionName = Literal["eager", "sdpa"]

_DROPOUTS = ("hidden_dropout_prob", "hidden_dropout", "dropout", "dropout_rate", "mlp_dropout")
_NORM_EPSILONS = ("layer_norm_eps", "layer_norm_epsilon", "norm_eps", "rms_norm_eps")
_INITIALISER_RANGE = 0.02  # of BERT, and of all families that state one


def model_class(config: PreTrainedConfig) -> type[PreTrainedModel]:
    """The class of transformers that encodes text with such a config: of encoder-decoder models, the encoder half.

    Raises:
        ValueError: There is none.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING, MODEL_MAPPING

    for mapping in (MODEL_FOR_TEXT_ENCODING_MAPPING, MODEL_MAPPING):
        if type(config) in mapping:
            found = mapping[type(config)]
            return cast("type[PreTrainedModel]", found[0] if isinstance(found, tuple) else found)
    raise ValueError(f"transformers has no encoder for the model type '{config.model_type}'")


def auto_class(config: PreTrainedConfig) -> str:
    """The name of the Auto class of transformers that makes a :func:`model_class` of such a config."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    usual: Any = MODEL_MAPPING.get(type(config), None)
    return "AutoModel" if usual is model_class(config) else "AutoModelForTextEncoding"


def hidden_size(config: PreTrainedConfig) -> int:
    """The width of the hidden states."""
    return int(config.hidden_size)


def layers(config: PreTrainedConfig) -> int:
    """The number of transformer layers."""
    return int(config.num_hidden_layers)


def embedding_size(config: PreTrainedConfig) -> int:
    """The width of the embedding matrix, which some families make narrower than the hidden states."""
    names = ("embedding_size", "input_embedding_size")
    return int(next((getattr(config, name) for name in names if getattr(config, name, None)), config.hidden_size))


def vocabulary(config: PreTrainedConfig) -> int:
    """The number of rows of the embedding matrix."""
    return int(config.vocab_size)


def dropout(config: PreTrainedConfig) -> float:
    """The dropout of hidden states; 0 for families that have none."""
    return _first(config, _DROPOUTS, 0.0)


def initialiser_range(config: PreTrainedConfig) -> float:
    """The standard deviation of new weights."""
    return _first(config, ("initializer_range",), _INITIALISER_RANGE)


def norm_epsilon(config: PreTrainedConfig) -> float:
    """What layer norms add to the variance."""
    return _first(config, _NORM_EPSILONS, 1e-12)


def token_types(config: PreTrainedConfig) -> int:
    """How many kinds of segments the encoder tells apart; 0 if it takes no token types."""
    takes_them = "token_type_ids" in signature(model_class(config).forward).parameters
    return int(getattr(config, "type_vocab_size", 0) or 0) if takes_them else 0


def attention(config: PreTrainedConfig, wanted: Literal["auto", "eager", "sdpa"]) -> AttentionName:
    """The attention implementation to use: the one that is wanted, or for ``auto`` the fastest that the family has."""
    if wanted != "auto":
        return wanted
    return "sdpa" if model_class(config)._supports_sdpa else "eager"


def causal(config: PreTrainedConfig) -> bool:
    """Whether a token's state depends on the tokens before it alone, as in decoders whose mask has not been removed."""
    if not getattr(config, "is_causal", True) or getattr(config, "use_bidirectional_attention", False):
        return False
    return _made_to_continue(config) or bool(getattr(config, "is_decoder", False))


def mask_removed(config: PreTrainedConfig) -> bool:
    """Whether it is a decoder whose causal mask has been removed, which transformers minds in part only."""
    return _made_to_continue(config) and not getattr(config, "is_causal", True)


def _made_to_continue(config: PreTrainedConfig) -> bool:
    """Whether the family is one of decoders."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    return type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and type(config) not in MODEL_FOR_MASKED_LM_MAPPING


def longest_input(config: PreTrainedConfig) -> int | None:
    """The most tokens of an input, special ones included; None where positions are relative and have no limit.

    Families after RoBERTa count positions from the padding id on, so that the first rows of the matrix are never used:
    they are the ones whose position embeddings have a padding row.
    """
    import torch

    positions = getattr(config, "max_position_embeddings", None)
    if positions is None:
        return None
    with torch.device("meta"):
        skeleton = model_class(config)(config)
    padding = (
        module.padding_idx
        for name, module in skeleton.named_modules()
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding)
    )
    unused = next((row + 1 for row in padding if row is not None), 0)
    return int(positions) - unused


def _first(config: PreTrainedConfig, names: Sequence[str], default: float) -> float:
    values = (getattr(config, name, None) for name in names)
    return float(next((value for value in values if value is not None), default))
