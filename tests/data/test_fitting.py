"""Tokenizers of all kinds, fitted to their encoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_encoders
from tiny_encoders import KINDS
from transformers import (
    BertConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
)

from xstilts.data import tokenizer as tokenizers
from xstilts.data.fitting import fitted
from xstilts.errors import UserError

XLMR = XLMRobertaConfig(vocab_size=500)
PAIR = ("Anna lives in Rome.", "Where?")


@pytest.mark.parametrize("kind", KINDS)
def test_it_tokenises_as_before_and_as_it_is_saved(kind: str, tmp_path: Path) -> None:
    given, encoder = KINDS[kind].build()
    made = fitted(given, encoder.config, kind)
    tokenizers.save(made, tmp_path)
    for read in (made, tokenizers.load(tmp_path)):
        for text in tiny_encoders.SENTENCES[:7]:
            assert read.tokenize(text) == given.tokenize(text)
        assert read(*PAIR) == made(*PAIR)
        assert read.pad_token_id < encoder.config.vocab_size


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(tiny_encoders.DECODERS)))
def test_special_tokens_stay_where_they_are(kind: str) -> None:
    given, encoder = KINDS[kind].build()
    expected = [given(*PAIR), given(PAIR[0])]
    made = fitted(given, encoder.config, kind)
    assert [made(*PAIR), made(PAIR[0])] == expected


def test_a_tokenizer_that_separates_nothing() -> None:
    end, made = tiny_encoders.bare_bytes().eos_token, fitted(tiny_encoders.bare_bytes(), LlamaConfig(), "m")
    first, second = (made.tokenize(text) for text in PAIR)
    assert made(*PAIR).tokens() == [*first, end, *second, end]
    assert made(PAIR[0]).tokens() == [*first, end]
    assert (made.pad_token, made.unk_token) == (end, end)


def without(**names: None) -> PreTrainedTokenizerFast:
    tokenizer = tiny_encoders.sentencepiece()
    for name, value in names.items():
        setattr(tokenizer, name, value)
    return tokenizer


def test_padding_where_the_tokenizer_names_none() -> None:
    assert fitted(without(pad_token=None), XLMRobertaConfig(vocab_size=500, pad_token_id=4), "m").pad_token == "<mask>"
    assert fitted(without(pad_token=None), BertConfig(vocab_size=500, pad_token_id=None), "m").pad_token == "</s>"


def test_no_token_to_pad_with() -> None:
    bare = without(pad_token=None, eos_token=None, sep_token=None, unk_token=None)
    with pytest.raises(UserError, match=r"models\.m: its tokenizer has no token to pad with.*pad_token"):
        fitted(bare, BertConfig(vocab_size=500, pad_token_id=None), "m")


def test_no_token_to_separate_with() -> None:
    bare = tiny_encoders.bare_bytes()
    bare.eos_token, bare.pad_token = None, "<pad>"
    with pytest.raises(
        UserError, match=r"models\.m: its tokenizer puts nothing between the texts of a pair.*eos_token"
    ):
        fitted(bare, XLMR, "m")


def test_more_tokens_than_embeddings() -> None:
    tokenizer = tiny_encoders.sentencepiece()
    rows = len(tokenizer)
    tokenizer.add_tokens(["[ENT]", "Lisbon", "grey", "noon"])
    message = (
        rf"models\.m: .* tokens \('\[ENT\]', 'Lisbon', 'grey', …\) with ids up to {rows + 3}, but .* has {rows} rows"
    )
    with pytest.raises(UserError, match=message):
        fitted(tokenizer, XLMRobertaConfig(vocab_size=rows), "m")
    assert len(fitted(tokenizer, XLMRobertaConfig(vocab_size=rows + 4), "m")) == rows + 4


@pytest.mark.parametrize(
    ("make", "config", "segments"),
    [
        (tiny_encoders.wordpiece, BertConfig(vocab_size=500), [0, 1]),
        (tiny_encoders.wordpiece, RobertaConfig(vocab_size=500, type_vocab_size=1), None),
        (tiny_encoders.sentencepiece, BertConfig(vocab_size=500), None),
    ],
)
def test_segments_are_for_encoders_that_tell_them_apart(
    make: Callable[[], PreTrainedTokenizerFast], config: PreTrainedConfig, segments: list[int] | None, tmp_path: Path
) -> None:
    tokenizers.save(fitted(make(), config, "m"), tmp_path)
    encoded = tokenizers.load(tmp_path)(*PAIR)
    assert sorted(set(encoded["token_type_ids"])) == segments if segments else "token_type_ids" not in encoded


def test_offsets_cover_whole_tokens() -> None:
    text = "Anna lives in Amsterdam, not in Rome."
    made = fitted(tiny_encoders.late_offsets(), XLMR, "m")
    encoded = made(text, add_special_tokens=False, return_offsets_mapping=True)
    covered = {index for start, end in encoded["offset_mapping"] for index in range(start, end)}
    assert covered >= {index for index, character in enumerate(text) if character != " "}
