"""Whether the weights in an encoder's folder are those of its config: none missing, none left over, of its shapes."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from xstilts.errors import UserError

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"  # of weights in several files, and where each parameter lies

#: Parameters that start from random numbers where a folder lacks them: checkpoints of masked language models have none.
_POOLER = re.compile(r"pooler\.")

#: Parameters of heads, which an encoder does not use, by the families that call them so.
_HEADS = re.compile(
    r"""pooler\.                                                     # of families that have none as encoders
    | lm_head\.                                                      # RoBERTa, XLM-R, X-MOD, decoders
    | cls\.                                                          # BERT, RemBERT
    | (predictions|sop_classifier)\.                                 # ALBERT
    | (vocab_transform|vocab_layer_norm|vocab_projector)\.           # DistilBERT
    | (generator_(predictions|lm_head)|discriminator_predictions)\.  # ELECTRA
    | (lm_predictions|mask_predictions)\.                            # DeBERTa
    | (head\.(dense|norm)|decoder)\.(weight|bias)$                   # ModernBERT
    | decoder\.(block|final_layer_norm|embed_tokens)\.                # T5: the other half
    | (classifier|pre_classifier|score|qa_outputs)\.                 # encoders that were fine-tuned
    """,
    re.VERBOSE,
)
_NAMED = 3  # parameters in a message

logger = logging.getLogger(__name__)


def weights_file(folder: Path) -> Path:
    """The file that tells of an encoder's weights: theirs, or the index of several files."""
    single, index = folder / WEIGHTS, folder / INDEX
    return index if index.is_file() and not single.is_file() else single


def check(folder: Path, loaded: Mapping[str, Collection[Any]]) -> None:
    """Check what transformers says about the loading of an encoder.

    Args:
        folder: The encoder's folder.
        loaded: ``missing_keys``, ``unexpected_keys`` and ``mismatched_keys``.

    Raises:
        UserError: Parameters beyond those of a pooler or a head do not fit the config.
    """
    missing, unexpected = sorted(loaded["missing_keys"]), sorted(loaded["unexpected_keys"])
    lacking = [name for name in missing if not _POOLER.match(name)]
    surplus = [name for name in unexpected if not _HEADS.match(name)]
    shapes = [f"{name} {_shape(there)} in place of {_shape(wanted)}" for name, there, wanted in _mismatches(loaded)]
    found = [("are missing", lacking), ("are none of the encoder's", surplus), ("have another shape", shapes)]
    problems = [f"{len(names)} {what} ({_some(names)})" for what, names in found if names]
    if problems:
        raise UserError(
            f"{folder}: its weights do not fit its config.json: of the parameters, {'; '.join(problems)}. "
            "Random numbers would stand in for what is missing, and scores would say nothing of this encoder. Get the "
            "whole folder again, from one source."
        )
    for what, names in (("pooler starts from random numbers", missing), ("head is not used", unexpected)):
        if names:
            logger.info("%s: its %s (%s)", folder, what, _some(names))


def _mismatches(loaded: Mapping[str, Collection[Any]]) -> Iterable[tuple[str, Any, Any]]:
    return sorted(loaded["mismatched_keys"], key=lambda mismatch: str(mismatch[0]))


def _shape(size: Iterable[int]) -> str:
    return " x ".join(map(str, size))


def _some(names: Collection[str]) -> str:
    first = list(names)[:_NAMED]
    return ", ".join(first) + (", …" if len(names) > _NAMED else "")
