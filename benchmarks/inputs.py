"""Encoders and texts that the benchmarks make themselves: random weights, made-up words, lengths as in real data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from xstilts.config.settings import Architecture, Compute
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import storage

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in ("a", "e", "i", "o", "u", "ai")]
_WORDS = 3000


def sentences(count: int, seed: int, words: float = 18.0) -> list[str]:
    """Make up sentences.

    Args:
        count: How many.
        seed: Other seeds, other sentences.
        words: The median of their lengths in words, which are log-normal with a standard deviation of 0.5 (that of
            MNLI's premises, whose median is about 18 words).
    """
    random = np.random.default_rng(seed)
    lengths = np.maximum(1, random.lognormal(np.log(words), 0.5, count)).astype(int)
    return [" ".join(_word(index) for index in _zipf(random, length)) + "." for length in lengths]


def random_encoder(folder: Path, layers: int, width: int, max_length: int = 128, vocabulary: int = 4000) -> Path:
    """Save a random encoder of XLM-R's family and its tokenizer into a folder, which is returned."""
    tokenizer = tokenizers.train(sentences(20_000, seed=0), vocabulary, max_length)
    architecture = Architecture(
        hidden_size=width,
        layers=layers,
        heads=max(1, width // 64),
        feed_forward_size=4 * width,
        max_length=max_length,
        vocabulary_size=vocabulary,
    )
    torch.manual_seed(0)
    storage.save(storage.fresh(architecture, tokenizer, Compute()), folder)
    tokenizers.save(tokenizer, folder)
    return folder


def write_rows(path: Path, rows: pa.Table) -> EncodedRows:
    """Write encoded rows to an Arrow file, and open it as a job does."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    return EncodedRows(path)


def _zipf(random: np.random.Generator, count: int) -> list[int]:
    """Word numbers whose frequency falls with their rank."""
    return np.minimum(_WORDS - 1, _WORDS ** random.random(count) - 1).astype(int).tolist()


@cache
def _word(index: int) -> str:
    random = np.random.default_rng([index])
    return "".join(random.choice(_SYLLABLES, size=random.integers(1, 5)))
