"""What ready-made encoders are usually trained with: the published protocol's values, fitted to their size.

Like :mod:`xstilts.encoders.config_file`, it imports no transformers.
"""

from __future__ import annotations

from pathlib import Path

from xstilts.encoders.config_file import Size, size_of
from xstilts.tasks.protocols import PROTOCOLS

#: Encoders of the Hugging Face Hub whose size is known before they are downloaded: repository, pinned commit, size.
KNOWN: dict[str, tuple[str, Size]] = {
    "FacebookAI/xlm-roberta-large": ("c23d21b0620b635a76227c604d44e43a9f0ee389", Size(1024, 24, 512)),
    "FacebookAI/xlm-roberta-base": ("e73636d4f797dec63c3081bb6ed5c7b0bb3f2089", Size(768, 12, 512)),
}
BASE = 768  # units: the width of base models
_NARROW_RATE = 5e-5  # what encoders narrower than base models are commonly fine-tuned with
_TINY, _TINY_RATE = 256, 1.5e-3  # units, and the rate of the demo, whose encoder is narrower than that
_PUBLISHED = PROTOCOLS["phang2020"]  # of XLM-R Large
_LAYERS = 24  # of XLM-R Large


def size_of_encoder(folder: Path, repository: str | None) -> Size:
    """The size of a ready-made encoder, from its config.json, or where that is not at hand, of a known repository."""
    if repository in KNOWN and not folder.is_dir():
        return KNOWN[repository][1]
    return size_of(folder)


def is_large(size: Size) -> bool:
    """Whether an encoder is as wide as base models; one whose size is not known is taken for such."""
    return size.hidden_size is None or size.hidden_size >= BASE


def usual_rate(size: Size) -> float:
    """The learning rate that fine-tuning an encoder of that size usually has: the protocol's for large ones."""
    if is_large(size):
        return float(_PUBLISHED.training["xnli"]["learning_rate"])
    return _TINY_RATE if (size.hidden_size or 0) < _TINY else _NARROW_RATE


def usual_layer(layers: int | None) -> int:
    """The layer to embed sentences by: as far up as the protocol's; its own where the number of layers is not known."""
    published = int(_PUBLISHED.embedding["tatoeba"]["layer"])
    return published if layers is None else max(1, round(published * layers / _LAYERS))
