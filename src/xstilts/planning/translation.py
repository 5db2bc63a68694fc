"""What translating a task's training data costs: operations, seconds and memory of a sequence-to-sequence model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.atomic import read_object
from xstilts.config.translation import Translation
from xstilts.errors import UserError
from xstilts.planning.costs import CUDA_BYTES, CUDA_PROCESS, LAUNCH, WEIGHT_BYTES
from xstilts.planning.estimates import CostEstimate
from xstilts.planning.gpus import DeviceSpec
from xstilts.planning.sizes import DataSize

_STARTUP = 20.0  # seconds until libraries and weights are loaded
_DECODER_LAUNCHES = 2.5  # of a decoder layer by those of an encoder layer: attention to the source, and the beams
_FACTORS = (0.4, 2.5)  # by which seconds may be off: how long translations are is not known
_FIELDS = 2  # texts of an example: both sentences of a pair, context and question


@dataclass(frozen=True)
class TranslatorShape:
    """The shape of a transformer with an encoder and a decoder like M2M-100's."""

    vocabulary: int
    hidden: int
    encoder_layers: int
    decoder_layers: int
    feed_forward: int

    @property
    def encoder(self) -> int:
        """Parameters of the encoder's layers."""
        return self.encoder_layers * (4 * self.hidden**2 + 2 * self.hidden * self.feed_forward)

    @property
    def decoder(self) -> int:
        """Parameters of the decoder's layers, which attend to themselves and to the source."""
        return self.decoder_layers * (8 * self.hidden**2 + 2 * self.hidden * self.feed_forward)

    @property
    def parameters(self) -> int:
        """All parameters; input and output share their matrix."""
        return self.vocabulary * self.hidden + self.encoder + self.decoder


#: By the beginning of their name on the Hub, from the config.json there.
_KNOWN: dict[str, TranslatorShape] = {
    "nllb-200-distilled-600M": TranslatorShape(256_206, 1024, 12, 12, 4096),
    "nllb-200-distilled-1.3B": TranslatorShape(256_206, 1024, 24, 24, 8192),
    "nllb-200-1.3B": TranslatorShape(256_206, 1024, 24, 24, 8192),
    "nllb-200-3.3B": TranslatorShape(256_206, 2048, 24, 24, 8192),
    "m2m100_418M": TranslatorShape(128_112, 1024, 12, 12, 4096),
    "m2m100_1.2B": TranslatorShape(128_112, 1024, 24, 24, 8192),
    "opus-mt": TranslatorShape(60_000, 512, 6, 6, 2048),
}
_KEYS = ("vocab_size", "d_model", "encoder_layers", "decoder_layers", "encoder_ffn_dim")


def shape_of_translator(folder: Path, key: str) -> TranslatorShape:
    """Return the shape of a model for translation, by its folder's config.json or its name.

    Args:
        folder: Its folder, which need not be there yet.
        key: The key of the study that names the model.

    Raises:
        UserError: Neither tells.
    """
    config: Mapping[str, Any] = read_object(folder / "config.json")
    if all(isinstance(config.get(name), int) for name in _KEYS):
        return TranslatorShape(*(int(config[name]) for name in _KEYS))
    name = folder.name.partition("--")[2] or folder.name
    if known := next((shape for start, shape in _KNOWN.items() if name.startswith(start)), None):
        return known
    raise UserError(
        f"{key}: {folder / 'config.json'} is not there or has no {', '.join(_KEYS)}, and the model is not one whose "
        f"shape is known by name: {', '.join(_KNOWN)}. Run 'snakemake prefetch' first, or put the model there."
    )


def cost_of(
    shape: TranslatorShape, english: DataSize, translation: Translation, device: DeviceSpec, precision: str
) -> CostEstimate:
    """Return what translating examples costs.

    Translations are taken to have as many tokens as their sources. Each step of the search makes one token of all
    hypotheses of a batch, bound by its operations or by the starting of kernels.

    Args:
        shape: The model's shape.
        english: The English examples.
        translation: The study's settings.
        device: Where the model runs.
        precision: Of matrix products.
    """
    length = max(4.0, english.tokens / max(1.0, english.inputs * _FIELDS))
    steps = english.tokens / translation.batch_tokens * min(length, translation.max_length)
    output = 2 * shape.vocabulary * shape.hidden
    flops = english.tokens * (2 * shape.encoder + translation.beams * (2 * shape.decoder + output))
    starting = steps * shape.decoder_layers * LAUNCH * _DECODER_LAUNCHES
    seconds = _STARTUP + max(flops / device.flops(precision), starting)
    rows = translation.beams * max(1.0, translation.batch_tokens / length)
    states = 4 * shape.decoder_layers * shape.hidden * translation.beams * translation.batch_tokens
    held = WEIGHT_BYTES * (shape.parameters + states + 2 * rows * shape.vocabulary)
    if device.is_cpu:
        return CostEstimate(seconds, 0.0, CUDA_BYTES + held, _FACTORS)
    return CostEstimate(seconds, held + CUDA_BYTES, CUDA_PROCESS + WEIGHT_BYTES * shape.parameters, _FACTORS)
