"""Encoders with layers of their own for each language, one of which every batch runs through (X-MOD).

Pfeiffer et al. 2022 (arXiv 2205.06266) fine-tune the layers that languages share, and leave embeddings and the
languages' own layers as they are: only then do those of other languages fit what was learnt on English.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xstilts.errors import UserError
from xstilts.tasks.languages import ENGLISH

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

_ADAPTERS = "adapter_modules"
#: In the names of the languages' own layers, and of the embeddings.
LANGUAGE_LAYERS = (_ADAPTERS, "adapter_layer_norm")
_EMBEDDINGS = "embeddings"


def language_layers(config: PreTrainedConfig) -> tuple[str, ...]:
    """Return the names of the languages that an encoder has layers for, such as ``de_DE``; () for most families."""
    return tuple(getattr(config, "languages", ()) if hasattr(config, "adapter_reduction_factor") else ())


def without_layers(config: PreTrainedConfig, languages: Iterable[str]) -> list[str]:
    """Return those of some languages, by their ISO codes, that an encoder should have layers for and has not."""
    if not language_layers(config):
        return []
    return [language for language in languages if _name_of(config, language) is None]


def use_language(encoder: PreTrainedModel, language: str | None) -> None:
    """Choose the language of the next batches; encoders with the same layers for all languages need no choice.

    Args:
        encoder: The encoder.
        language: An ISO code; None if the batches mix languages.

    Raises:
        UserError: The encoder has layers by language, but none for this one, or the batches mix languages.
    """
    if not language_layers(encoder.config):
        return
    name = _name_of(encoder.config, language) if language else None
    if name is None:
        what = f"the language '{language}'" if language else "batches that mix languages"
        known = ", ".join(language_layers(encoder.config))
        raise UserError(f"This encoder has layers of their own for {known}, and none for {what}.")
    encoder.config.default_language = name


def keep_precision(encoder: PreTrainedModel) -> None:
    """Have the languages' own layers return what they take, float32 also where products are in bfloat16.

    transformers copies what they return into a tensor of what they take, which PyTorch refuses if types differ.
    """
    for name, module in encoder.named_modules():
        if name.split(".")[-2:-1] == [_ADAPTERS]:
            module.register_forward_hook(lambda _, taken, returned: returned.to(taken[0].dtype))


def freeze_language_layers(encoder: PreTrainedModel) -> None:
    """Leave embeddings and the languages' own layers out of training, where there are such layers."""
    if language_layers(encoder.config):
        use_language(encoder, ENGLISH)
        for name, parameter in encoder.named_parameters():
            if {_EMBEDDINGS, *LANGUAGE_LAYERS} & set(name.split(".")):
                parameter.requires_grad = False


def _name_of(config: PreTrainedConfig, language: str) -> str | None:
    """The first name for an ISO code: of ``zh_CN`` and ``zh_TW``, the former."""
    return next((name for name in language_layers(config) if name.split("_")[0] == language), None)
