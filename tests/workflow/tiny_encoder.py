"""A ready-made encoder of XLM-R's kind, random and tiny but as deep and with as many positions as the large one."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.data import tokenizer as tokenizers
from xstilts.encoders import storage as encoders

POSITIONS = 514  # two of which XLM-R never uses


def write(folder: Path, tokenizer: PreTrainedTokenizerFast, layers: int = 14) -> None:
    """Write a transformers folder with encoder and tokenizer."""
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=POSITIONS,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    encoders.save(XLMRobertaModel(config), folder)
    tokenizers.save(tokenizer, folder)
