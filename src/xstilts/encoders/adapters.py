"""Adapters (LoRA): added to an encoder before training, stored without it, and merged into it again.

An adapter's folder is one of the library peft: ``adapter_config.json`` and ``adapter_model.safetensors``. The library
is imported only where there is an adapter, because that takes seconds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xstilts.atomic import write_json
from xstilts.config.settings import LoRA
from xstilts.encoders.folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, new_files
from xstilts.encoders.languages import LANGUAGE_LAYERS
from xstilts.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ATTENTION, ALL_LINEAR = "attention", "all_linear"

#: In the name of the pooler, which is trained as a whole: like a head, it starts from random numbers in many encoders.
POOLER = "pooler"
_PREFIX = "base_model.model."  # of the names in peft's files
_OWN_NAME = ".default."  # in the names of an adapter's parameters, between the map and the matrix


def target_modules(encoder: PreTrainedModel, lora: LoRA) -> list[str]:
    """Return the names of the linear maps of an encoder that an adapter changes, in the encoder's order.

    Raises:
        UserError: A name in ``lora.modules`` is that of none.
    """
    from torch import nn

    linear = [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear) and not {POOLER, *LANGUAGE_LAYERS} & set(name.split("."))
    ]
    chosen = {wanted: _chosen(linear, wanted) for wanted in lora.modules}
    for wanted, names in chosen.items():
        if not names:
            known = sorted({name.rsplit(".", 1)[-1] for name in linear})
            raise UserError(
                f"lora.modules: no linear map of this encoder is called '{wanted}'. There are {', '.join(known)}; or "
                f"use '{ATTENTION}' or '{ALL_LINEAR}'."
            )
    return [name for name in linear if any(name in names for names in chosen.values())]


def _chosen(linear: Sequence[str], wanted: str) -> list[str]:
    """Those of the linear maps that an entry of ``lora.modules`` stands for."""
    in_layers = [name for name in linear if re.search(r"\.\d+\.", f".{name}")]
    if wanted == ALL_LINEAR:
        return in_layers
    if wanted == ATTENTION:  # attention, SelfAttention, self_attn, attn
        return [name for name in in_layers if re.search(r"(attention|attn)\.", name, re.IGNORECASE)]
    return [name for name in linear if f".{name}".endswith(f".{wanted}")]


def add(encoder: PreTrainedModel, lora: LoRA) -> None:
    """Add a new adapter to an encoder, in place: from now on, its parameters and those of the pooler alone train.

    Args:
        encoder: The encoder; it computes what it did before, as one of the two matrices starts from zeros.
        lora: Shape and places; the other matrix is drawn from torch's global random source.

    Raises:
        UserError: The encoder has none of the modules that the adapter is for.
    """
    from peft import LoraConfig, inject_adapter_in_model

    modules = target_modules(encoder, lora)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=modules)
    inject_adapter_in_model(config, encoder)
    for name, parameter in encoder.named_parameters():
        if name.startswith(f"{POOLER}."):
            parameter.requires_grad_(True)


def is_added_to(encoder: PreTrainedModel) -> bool:
    """Whether :func:`add` has been called on an encoder."""
    return hasattr(encoder, "peft_config")


def save(encoder: PreTrainedModel, folder: Path, base: str) -> None:
    """Write the adapter of an encoder into ``folder``: each file complete or not at all, the weights last.

    Args:
        encoder: An encoder that :func:`add` has been called on.
        folder: Where to write to.
        base: The path of the encoder without it, for people and for peft.
    """
    from safetensors.torch import save_file

    added: Any = encoder.peft_config["default"]
    config = added.to_dict()
    trained = {name: value.detach().contiguous() for name, value in encoder.named_parameters() if value.requires_grad}
    has_pooler = any(name.startswith(f"{POOLER}.") for name in trained)
    config |= {
        "base_model_name_or_path": base,
        "inference_mode": True,
        "modules_to_save": [POOLER] if has_pooler else None,
        "target_modules": sorted(config["target_modules"]),
    }
    with new_files(folder) as temporary:
        write_json(temporary / ADAPTER_CONFIG, config)
        tensors = {_PREFIX + name.replace(_OWN_NAME, "."): value for name, value in trained.items()}
        save_file(tensors, temporary / ADAPTER_WEIGHTS)


def is_stored_in(folder: Path) -> bool:
    """Whether a folder has an adapter in place of a whole encoder."""
    return (folder / ADAPTER_CONFIG).is_file()


def merged(encoder: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Merge a stored adapter into the encoder that it was trained on, in place.

    Returns:
        The encoder as it came out of training; the weights that trained before loading do so again.

    Raises:
        UserError: The adapter's files are gone or damaged, or are not for this encoder.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    if not (folder / ADAPTER_WEIGHTS).is_file():  # peft would look for it on the Hub
        raise UserError(f"{folder}: an adapter's folder needs {ADAPTER_CONFIG} and {ADAPTER_WEIGHTS}.")
    trains = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # peft on names in transformers
            model: Any = PeftModel.from_pretrained(encoder, str(folder))
        whole: PreTrainedModel = model.merge_and_unload(safe_merge=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])  # torch lists every matrix
        raise UserError(f"{folder}: this adapter does not fit its encoder, or is damaged: {reason}") from error
    for name, parameter in whole.named_parameters():
        parameter.requires_grad_(name in trains)
    return whole
