"""What config.json says of an encoder's size, without transformers, whose import takes longer than planning a study.

:mod:`xstilts.encoders.capabilities` says the same, and more, of a config that transformers has read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.atomic import read_object

#: What families call the same: BERT first, then DistilBERT and T5.
HIDDEN_SIZE = ("hidden_size", "dim", "d_model")
LAYERS = ("num_hidden_layers", "n_layers", "num_layers")

_AFTER_PADDING = {"camembert", "roberta", "xlm-roberta", "xlm-roberta-xl", "xmod"}  # positions from the padding id on
_PADDING = 1  # their padding id, where config.json does not say


@dataclass(frozen=True)
class Size:
    """An encoder's size; None for what config.json does not say.

    Attributes:
        hidden_size: The width of the hidden states.
        layers: The number of transformer layers.
        longest_input: The most tokens of an input, special ones included.
    """

    hidden_size: int | None = None
    layers: int | None = None
    longest_input: int | None = None


def size_of(folder: Path) -> Size:
    """The size of the encoder in a folder; nothing is known of it where config.json is missing or damaged."""
    values = read_object(folder / "config.json")
    positions = _number(values, ("max_position_embeddings",))
    if positions is not None and values.get("model_type") in _AFTER_PADDING:
        padding = _number(values, ("pad_token_id",))
        positions -= 1 + (_PADDING if padding is None else padding)
    return Size(_number(values, HIDDEN_SIZE), _number(values, LAYERS), positions)


def _number(values: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    found = next((values[name] for name in names if name in values), None)
    return found if isinstance(found, int) else None
