"""Tokenizers: training, loading and saving them. Encoders that the workflow pretrains get a new one."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Normalizer
    from transformers import PreTrainedTokenizerFast

#: In XLM-R's order, so that ids 0 to 3 are the same as in XLM-R.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_FILE = "tokenizer.json"
_WORD_MARK = "▁"
_ALPHABET_SHARE = 0.5  # the most of the vocabulary that may be single characters; rarer ones become <unk>


def train(texts: Iterable[str], vocabulary_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train a byte-pair tokenizer with XLM-R's word marks and input layout.

    Args:
        texts: Sentences or passages.
        vocabulary_size: The most tokens, special ones included.
        max_length: The longest input in tokens of the model.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    texts = list(texts)
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFKC()
    alphabet = _alphabet(texts, tokenizer.normalizer, int(vocabulary_size * _ALPHABET_SHARE))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"▁?\p{P}"), behavior="isolated")]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return in_xlmr_layout(tokenizer, max_length)


def in_xlmr_layout(backend: Tokenizer, max_length: int) -> PreTrainedTokenizerFast:
    """Wrap a tokenizer whose vocabulary holds ``SPECIAL_TOKENS``: its inputs are ``<s> a </s></s> b </s>``."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    ids = [(token, backend.token_to_id(token)) for token in ("<s>", "</s>")]
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
    )


def _alphabet(texts: Sequence[str], normalizer: Normalizer, size: int) -> list[str]:
    """The word mark and the most frequent characters; the trainer's choice among equally frequent ones is random."""
    counts = Counter(character for text in texts for character in normalizer.normalize_str(text))
    del counts[" "]
    return [_WORD_MARK, *sorted(counts, key=lambda character: (-counts[character], character))[: max(0, size - 1)]]


def use_threads(threads: int) -> None:
    """Have this process's tokenizers encode so many texts at a time; what they make of a text stays the same.

    Before the first text is encoded: later calls change nothing but whether there is one thread or several.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    os.environ["RAYON_NUM_THREADS"] = str(threads)


def save(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write a tokenizer's files into ``folder``, ``tokenizer.json`` last."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{_FILE}.", suffix=".tmp") as name:
        tokenizer.save_pretrained(name)
        for file in sorted(Path(name).iterdir(), key=lambda file: file.name == _FILE):
            file.replace(folder / file.name)


def load(folder: Path) -> PreTrainedTokenizerFast:
    """Load the tokenizer in a transformers folder.

    Raises:
        UserError: There is none, its file is damaged, or it is not a fast one.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if not (folder / _FILE).is_file():
        raise UserError(f"{folder}: there is no tokenizer.json; span offsets need a tokenizer's fast implementation.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # transformers and tokenizers raise whatever comes up, plain exceptions too
        reason = f"{type(error).__name__}: {error}"
        raise UserError(
            f"{folder}: transformers cannot load its tokenizer ({reason}). Get the whole folder again, from one source."
        ) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise UserError(f"{folder}: transformers loads this as a slow tokenizer; span offsets need a fast one.")
    return tokenizer
