"""The folder of a trained encoder: its tokenizer, its card and its weights, as transformers and the Hub take it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.atomic import write_text
from xstilts.data import tokenizer as tokenizers
from xstilts.encoders import adapters, storage
from xstilts.graph.jobs import CARD

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def write_encoder(
    folder: Path, encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, card: str, adapter_to: str = ""
) -> None:
    """Write all files of an encoder's folder but the job's record, each whole or not at all, the weights last.

    Args:
        folder: The folder, which need not exist.
        encoder: The encoder, on the CPU.
        tokenizer: The tokenizer that the study has fitted to it.
        card: Its model card, in Markdown.
        adapter_to: The path of the encoder that it is an adapter to, which alone is then written; empty: all of it is.
    """
    tokenizers.save(tokenizer, folder)
    write_text(folder / CARD, card)
    if adapter_to:
        adapters.save(encoder, folder, adapter_to)
    else:
        storage.save(encoder, folder)
