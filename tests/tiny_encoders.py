"""Encoders of every family that the workflow takes: random, tiny, with a tokenizer of the family's kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tokenizers as tk
import torch
import transformers as tf
from transformers import PreTrainedModel, PreTrainedTokenizerFast

WIDTH = 16
SENTENCES = [
    "Maria works in Lisbon, not in Porto.",
    "Where does Maria work?",
    "A small boat leaves the harbour at noon.",
    "The old bridge was closed yesterday.",
    "Nobody has seen the grey horse.",
    "Maria arbeitet in Lissabon.",
    "Anna lives in Amsterdam, and not in Rome.",
] * 30

_END = "<|endoftext|>"
_XLMR = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_NAMES = {
    "bos_token": "<s>", "cls_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "sep_token": "</s>",
    "unk_token": "<unk>", "mask_token": "<mask>",
}  # fmt: skip


@cache
def _pieces() -> str:
    """Unigrams with word marks, as SentencePiece has them."""
    tokenizer = tk.Tokenizer(tk.models.Unigram())
    tokenizer.normalizer = tk.normalizers.NFKC()
    tokenizer.pre_tokenizer = tk.pre_tokenizers.Metaspace()
    trainer = tk.trainers.UnigramTrainer(
        vocab_size=150, special_tokens=list(_XLMR), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return str(tokenizer.to_str())


@cache
def _words() -> str:
    """WordPieces, as BERT has them."""
    tokenizer = tk.Tokenizer(tk.models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = tk.normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = tk.pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(SENTENCES, tk.trainers.WordPieceTrainer(vocab_size=150, special_tokens=special))
    return str(tokenizer.to_str())


@cache
def _bytes() -> str:
    """Byte pairs, where a word in a sentence begins with its space."""
    tokenizer = tk.Tokenizer(tk.models.BPE())
    tokenizer.pre_tokenizer = tk.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tk.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[*_XLMR, _END],
        initial_alphabet=tk.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return str(tokenizer.to_str())


def _framed(single: str, pair: str, *special: str, of: tk.Tokenizer) -> tk.Tokenizer:
    ids = [(token, of.token_to_id(token)) for token in special]
    of.post_processor = tk.processors.TemplateProcessing(single=single, pair=pair, special_tokens=ids)
    return of


def sentencepiece() -> PreTrainedTokenizerFast:
    """As of XLM-R."""
    pair = "<s> $A </s> </s> $B </s>"
    made = _framed("<s> $A </s>", pair, "<s>", "</s>", of=tk.Tokenizer.from_str(_pieces()))
    return _fast(made, **_NAMES)


def t5_pieces() -> PreTrainedTokenizerFast:
    """As of mT5, which has no token before a text."""
    made = _framed("$A </s>", "$A </s> $B </s>", "</s>", of=tk.Tokenizer.from_str(_pieces()))
    return _fast(made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def wordpiece(types: bool = True) -> PreTrainedTokenizerFast:
    """As of BERT, with the types of both segments unless told otherwise."""
    pair = "[CLS] $A [SEP] $B:1 [SEP]:1" if types else "[CLS] $A [SEP] $B [SEP]"
    made = _framed("[CLS] $A [SEP]", pair, "[CLS]", "[SEP]", of=tk.Tokenizer.from_str(_words()))
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    inputs = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    return _fast(made, inputs=inputs, mask_token="[MASK]", **names)


def byte_level() -> PreTrainedTokenizerFast:
    """As of RoBERTa and ModernBERT."""
    pair = "<s> $A </s> </s> $B </s>"
    return _fast(_framed("<s> $A </s>", pair, "<s>", "</s>", of=tk.Tokenizer.from_str(_bytes())), **_NAMES)


def bare_bytes() -> PreTrainedTokenizerFast:
    """As of Qwen: nothing around a text, nothing between two, and no token for padding."""
    return _fast(tk.Tokenizer.from_str(_bytes()), eos_token=_END)


def late_offsets() -> PreTrainedTokenizerFast:
    """As of RobBERT: every token's characters seem to begin one too late."""
    made, pre = tk.Tokenizer.from_str(_bytes()), tk.pre_tokenizers
    made.pre_tokenizer = pre.Sequence([pre.Whitespace(), pre.ByteLevel(add_prefix_space=True), pre.Punctuation()])
    made.post_processor = tk.processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return _fast(made, **_NAMES)


def _fast(
    made: tk.Tokenizer, inputs: tuple[str, ...] | list[str] = ("input_ids", "attention_mask"), **names: str
) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=made, model_input_names=list(inputs), **names)


@dataclass(frozen=True)
class Kind:
    """How to build an encoder of a family: its tokenizer, and transformers' names of model and config."""

    tokenizer: Callable[[], PreTrainedTokenizerFast]
    model: str
    config: str
    settings: dict[str, Any]

    def build(self) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
        tokenizer = self.tokenizer()
        torch.manual_seed(3)
        config = getattr(tf, self.config)(vocab_size=len(tokenizer), **self.settings)
        return tokenizer, getattr(tf, self.model)(config)


#: With the usual 0.02, so small a network does next to nothing, and learns slowly.
RANGE = 0.2
_SHAPE = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": WIDTH, "intermediate_size": WIDTH}
_LAYERS = {**_SHAPE, "initializer_range": RANGE}
_AFTER_PADDING = {**_LAYERS, "max_position_embeddings": 66, "pad_token_id": 1, "type_vocab_size": 1}
_BERT = {**_LAYERS, "max_position_embeddings": 64}
_DECODER = {**_LAYERS, "max_position_embeddings": 64, "num_key_value_heads": 2}
_T5 = {"d_model": WIDTH, "d_kv": 8, "d_ff": WIDTH, "num_layers": 2, "num_heads": 2}
_TOKENS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}

#: Families that train like any other, by a short name.
KINDS: dict[str, Kind] = {
    "xlmr": Kind(sentencepiece, "XLMRobertaModel", "XLMRobertaConfig", _AFTER_PADDING),
    "xlmr-mlm": Kind(sentencepiece, "XLMRobertaForMaskedLM", "XLMRobertaConfig", _AFTER_PADDING),
    "xlmr-xl": Kind(sentencepiece, "XLMRobertaXLModel", "XLMRobertaXLConfig", _AFTER_PADDING),
    "xmod": Kind(
        sentencepiece, "XmodModel", "XmodConfig", {**_AFTER_PADDING, "languages": ["de_DE", "en_XX"]}
    ),
    "camembert": Kind(sentencepiece, "CamembertModel", "CamembertConfig", _AFTER_PADDING),
    "roberta": Kind(byte_level, "RobertaModel", "RobertaConfig", _AFTER_PADDING),
    "bert": Kind(wordpiece, "BertModel", "BertConfig", _BERT),
    "distilbert": Kind(
        lambda: wordpiece(types=False),
        "DistilBertModel",
        "DistilBertConfig",
        {
            "dim": WIDTH, "hidden_dim": WIDTH, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 64,
            "initializer_range": RANGE,
        },
    ),
    "electra": Kind(wordpiece, "ElectraModel", "ElectraConfig", {**_BERT, "embedding_size": 8}),
    "albert": Kind(wordpiece, "AlbertModel", "AlbertConfig", {**_BERT, "embedding_size": 8}),
    "rembert": Kind(
        wordpiece, "RemBertModel", "RemBertConfig", {**_BERT, "input_embedding_size": 8, "output_embedding_size": 8}
    ),
    "mdeberta": Kind(
        sentencepiece,
        "DebertaV2Model",
        "DebertaV2Config",
        {
            **_BERT, "type_vocab_size": 0, "relative_attention": True, "pos_att_type": ["p2c", "c2p"],
            "position_buckets": 16, "position_biased_input": False, "norm_rel_ebd": "layer_norm", "share_att_key": True,
            "pad_token_id": 1,
        },
    ),
    "modernbert": Kind(
        byte_level,
        "ModernBertModel",
        "ModernBertConfig",
        {**_BERT, **_TOKENS, "cls_token_id": 0, "sep_token_id": 2, "local_attention": 16},
    ),
    "eurobert": Kind(byte_level, "EuroBertModel", "EuroBertConfig", {**_DECODER, **_TOKENS, "mask_token_id": 4}),
    "mt5": Kind(t5_pieces, "MT5EncoderModel", "MT5Config", {**_T5, "pad_token_id": 1}),
    "mt5-whole": Kind(t5_pieces, "MT5Model", "MT5Config", {**_T5, "pad_token_id": 1, "decoder_start_token_id": 1}),
    "umt5": Kind(t5_pieces, "UMT5EncoderModel", "UMT5Config", {**_T5, "pad_token_id": 1}),
    "qwen2": Kind(bare_bytes, "Qwen2Model", "Qwen2Config", _DECODER),
    "qwen3": Kind(bare_bytes, "Qwen3ForCausalLM", "Qwen3Config", {**_DECODER, "head_dim": 8}),
    "llama": Kind(bare_bytes, "LlamaModel", "LlamaConfig", _DECODER),
    "gemma": Kind(bare_bytes, "GemmaModel", "GemmaConfig", {**_DECODER, "head_dim": 8, **_TOKENS}),
}  # fmt: skip
DECODERS = ("qwen2", "qwen3", "llama", "gemma")


def write(kind: str | Kind, folder: Path) -> Path:
    """Write the folder of an encoder of a kind, as transformers does."""
    for part in (KINDS[kind] if isinstance(kind, str) else kind).build():
        part.save_pretrained(folder)
    return folder
