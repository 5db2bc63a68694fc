"""The shape of an encoder, from which its parameters and the work per token follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import UserError
from xstilts.graph.runs import Runs


@dataclass(frozen=True)
class Shape:
    """A transformer encoder of BERT's kind."""

    vocabulary: int
    hidden: int
    layers: int
    feed_forward: int
    heads: int
    positions: int
    token_types: int = 1

    @property
    def layer_parameters(self) -> int:
        """Of all layers: four attention matrices, two of the feed-forward part, biases, two layer norms each."""
        h, f = self.hidden, self.feed_forward
        return self.layers * (4 * (h * h + h) + (h * f + f) + (f * h + h) + 2 * 2 * h)

    @property
    def parameters(self) -> int:
        """All of them: embeddings with their layer norm, layers, pooler. XLM-R Large has 559,890,432."""
        h = self.hidden
        embeddings = (self.vocabulary + self.positions + self.token_types) * h + 2 * h
        return embeddings + self.layer_parameters + h * h + h


#: By the last part of their name on the Hub, from the config.json there.
KNOWN: dict[str, Shape] = {
    "xlm-roberta-base": Shape(250_002, 768, 12, 3072, 12, 514),
    "xlm-roberta-large": Shape(250_002, 1024, 24, 4096, 16, 514),
    "mdeberta-v3-base": Shape(251_000, 768, 12, 3072, 12, 512, 0),
    "bert-base-multilingual-cased": Shape(119_547, 768, 12, 3072, 12, 512, 2),
    "bert-base-multilingual-uncased": Shape(105_879, 768, 12, 3072, 12, 512, 2),
}

#: Fields of :class:`Shape` in a transformers config.json.
_KEYS = {
    "vocabulary": "vocab_size",
    "hidden": "hidden_size",
    "layers": "num_hidden_layers",
    "feed_forward": "intermediate_size",
    "heads": "num_attention_heads",
    "positions": "max_position_embeddings",
}


def shape_of(runs: Runs, model: str) -> Shape:
    """The shape of one of the study's models: its own architecture, the folder's config.json, or what is known of it.

    Raises:
        UserError: where none of these says it.
    """
    chosen = runs.study.models[model]
    if own := chosen.architecture:
        positions = own.max_length + 2  # RoBERTa's start after the padding id
        return Shape(own.vocabulary_size, own.hidden_size, own.layers, own.feed_forward_size, own.heads, positions)
    config = runs.ready_made(model) / "config.json"
    if config.is_file():
        return _of_config(config)
    name = (chosen.snapshot.repository if chosen.snapshot else Path(str(chosen.path)).name).rsplit("/", 1)[-1]
    if name not in KNOWN:
        then = "Run 'snakemake prefetch' first" if chosen.snapshot else "Put the encoder there first"
        raise UserError(
            f"models.{model}: {config} is not there, and the shape of '{name}' is not among those known by name: "
            f"{', '.join(KNOWN)}. {then}."
        )
    return KNOWN[name]


def _of_config(path: Path) -> Shape:
    try:
        values = json.loads(path.read_bytes())
        counts = {field: int(values[key]) for field, key in _KEYS.items()}
        return Shape(**counts, token_types=int(values.get("type_vocab_size", 0)))
    except (ValueError, TypeError, AttributeError):
        raise UserError(f"{path}: not the config of a transformers encoder.") from None
    except KeyError as missing:
        raise UserError(f"{path}: has no {missing}, without which the encoder's size is not known.") from None
