"""Models for translation of every family: random, tiny, with a tokenizer that has the family's language tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tokenizers as tk
import torch
import transformers as tf
from transformers import PreTrainedTokenizerFast

WORDS = (
    "a an the cat dog bird fish animal sleeps runs sits sings swims moves it is morning where who does [ ] { } ? . ,"
)
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]

#: By family, the tokens of the languages.
LANGUAGES = {
    "nllb": ["eng_Latn", "deu_Latn", "swh_Latn", "qaa_Latn"],
    "m2m": ["__en__", "__de__", "__sw__", "__qaa__"],
    "opus": [">>deu<<", ">>swh<<", ">>qaa<<"],
    "opus-pair": [],
}
_SHAPE = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 64, "init_std": 1.0, "dropout": 0.0,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
#: Random models do not know when to stop: after so many tokens, the end becomes likelier with every step.
_ENDING = {"exponential_decay_length_penalty": [3, 3.0]}


def tokenizer(languages: list[str]) -> PreTrainedTokenizerFast:
    """Whole words where they are known, else their characters."""
    made = tk.Tokenizer(tk.models.Unigram())
    made.normalizer = tk.normalizers.NFKC()
    made.pre_tokenizer = tk.pre_tokenizers.Metaspace()
    made.decoder = tk.decoders.Metaspace()
    alphabet = [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?![]{}<>'-"]
    trainer = tk.trainers.UnigramTrainer(
        vocab_size=140, special_tokens=_SPECIAL, unk_token="<unk>", initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([WORDS] * 20, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=languages,
    )


def write(family: str, folder: Path, seed: int = 3, **changes: Any) -> Path:
    """Write the folder of a model, as transformers does."""
    pieces = tokenizer(LANGUAGES[family])
    torch.manual_seed(seed)
    shape = {**_SHAPE, "vocab_size": len(pieces), **changes}
    model: tf.PreTrainedModel
    if family.startswith("opus"):
        model = tf.MarianMTModel(tf.MarianConfig(**shape, decoder_start_token_id=1, forced_eos_token_id=None))
    else:
        model = tf.M2M100ForConditionalGeneration(tf.M2M100Config(**shape, decoder_start_token_id=2))
    model.generation_config.update(**_ENDING, bad_words_ids=[[1]])
    model.save_pretrained(folder)
    pieces.save_pretrained(folder)
    return folder
