"""Pairs of texts are encoded as their tokenizer encodes them itself, whatever its kind."""

from __future__ import annotations

from functools import cache

import pytest
import tiny_encoders
import tokenizers as tk
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from xstilts.task_types.pairs import encode_pairs

WORDS = ["Maria", "works", "in", "Lisbon,", "harbour", "Ünîcôde", "boat.", "  ", "\n", "字", "<s>"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)


def _types_of_their_own() -> PreTrainedTokenizerFast:
    """As of XLNet: special tokens at the end, the last one of a third type."""
    made = tk.Tokenizer.from_str(tiny_encoders.wordpiece().backend_tokenizer.to_str())
    ids = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = tk.processors.TemplateProcessing(
        single="$A [SEP] [CLS]:2", pair="$A [SEP] $B:1 [SEP]:1 [CLS]:2", special_tokens=ids
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=made, model_input_names=names, pad_token="[PAD]")


KINDS = {
    "xlm-r": tiny_encoders.sentencepiece,
    "mt5": tiny_encoders.t5_pieces,
    "bert": tiny_encoders.wordpiece,
    "distilbert": lambda: tiny_encoders.wordpiece(types=False),
    "roberta": tiny_encoders.byte_level,
    "qwen": tiny_encoders.bare_bytes,
    "robbert": tiny_encoders.late_offsets,
    "xlnet": _types_of_their_own,
}


@cache
def tokenizer_of(kind: str) -> PreTrainedTokenizerFast:
    return KINDS[kind]()


@pytest.mark.parametrize("kind", KINDS)
@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), st.integers(6, 40), st.sampled_from(["left", "right"])
)
@settings(deadline=None, max_examples=40)
def test_ids_and_types_are_those_of_the_tokenizer(
    kind: str, pairs: list[tuple[str, str]], max_length: int, side: str
) -> None:
    tokenizer = tokenizer_of(kind)
    firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
    made = encode_pairs(tokenizer, firsts, seconds, max_length, side)
    tokenizer.truncation_side = side
    expected = tokenizer(firsts, seconds, truncation="longest_first", max_length=max_length)
    names = [name for name in ("input_ids", "token_type_ids") if name in expected]
    assert {name: column.to_pylist() for name, column in made.items()} == {name: expected[name] for name in names}


def test_a_text_of_many_pairs_is_tokenised_once() -> None:
    asked: list[list[str]] = []

    class Counting(PreTrainedTokenizerFast):
        def __call__(self, text: list[str], *others: object, **options: object) -> object:
            asked.append(text)
            return super().__call__(text, *others, **options)

    tokenizer = Counting(tokenizer_object=tiny_encoders.sentencepiece().backend_tokenizer, pad_token="<pad>")
    encode_pairs(tokenizer, ["a boat", "a boat", "not"], ["works", "not", "works"], 20, "right")
    assert asked[-1] == ["a boat", "not", "works"]
