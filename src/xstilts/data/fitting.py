"""A ready-made tokenizer as the workflow uses it: fitted once to its encoder, the same for every task from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xstilts.encoders import capabilities
from xstilts.errors import UserError

if TYPE_CHECKING:
    from tokenizers.processors import PostProcessor
    from transformers import BatchEncoding, PreTrainedConfig, PreTrainedTokenizerFast

_NAMED = 3  # tokens in a message


def fitted(tokenizer: PreTrainedTokenizerFast, config: PreTrainedConfig, model: str) -> PreTrainedTokenizerFast:
    """Fit a tokenizer to an encoder.

    * It has a token to pad with. Padding is masked, so any will do where the tokenizer names none.
    * It marks the segments of a pair only for encoders that tell segments apart.
    * Texts of a pair are separated, by the end-of-text token where the tokenizer puts nothing between them.
    * Offsets cover whole tokens, their leading space included: some tokenizers cut one character off that is no space.

    Args:
        tokenizer: As it lies in the encoder's folder.
        config: The encoder's config.
        model: Its name in the study, for messages.

    Raises:
        UserError: The tokenizer has more tokens than the encoder, or none to pad or to separate with.
    """
    from transformers import PreTrainedTokenizerFast as Fast

    _check_vocabulary(tokenizer, capabilities.vocabulary(config), model)
    names = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    names.setdefault("pad_token", _padding(tokenizer, config, model))
    if end := tokenizer.eos_token or tokenizer.sep_token:
        names.setdefault("unk_token", end)
    segments = capabilities.token_types(config) > 1 and "token_type_ids" in tokenizer.model_input_names
    backend = tokenizer.backend_tokenizer
    backend.post_processor = _Frame.of(tokenizer, model).processor(segments)
    return Fast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        model_input_names=["input_ids", *(["token_type_ids"] if segments else []), "attention_mask"],
        extra_special_tokens=list(tokenizer.extra_special_tokens),
        **names,
    )


def _check_vocabulary(tokenizer: PreTrainedTokenizerFast, rows: int, model: str) -> None:
    surplus = sorted((index, token) for token, index in tokenizer.get_vocab().items() if index >= rows)
    if surplus:
        some = ", ".join(f"'{token}'" for _, token in surplus[:_NAMED]) + (", …" if len(surplus) > _NAMED else "")
        raise UserError(
            f"models.{model}: its tokenizer has tokens ({some}) with ids up to {surplus[-1][0]}, but the encoder's "
            f"embedding matrix has {rows} rows. Get tokenizer and weights from one source."
        )


def _padding(tokenizer: PreTrainedTokenizerFast, config: PreTrainedConfig, model: str) -> str:
    """The token to pad with: the one that the encoder's config names, or one that ends a text."""
    number = getattr(config, "pad_token_id", None)
    named = tokenizer.convert_ids_to_tokens(number) if number is not None and 0 <= number < len(tokenizer) else None
    token = tokenizer.pad_token or named or tokenizer.eos_token or tokenizer.sep_token or tokenizer.unk_token
    if token is None:
        raise UserError(
            f"models.{model}: its tokenizer has no token to pad with, nor one for the end of a text or for unknown "
            "words. Name one as pad_token in the folder's tokenizer_config.json."
        )
    return str(token)


@dataclass(frozen=True)
class _Frame:
    """The special tokens that a tokenizer puts around one text, and around and between two.

    Attributes:
        single: Those before and after one text.
        pair: Those before, between and after two.
        ids: The id of each.
    """

    single: tuple[list[str], list[str]]
    pair: tuple[list[str], list[str], list[str]]
    ids: dict[str, int]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast, model: str) -> _Frame:
        """Read the frame off two encoded texts."""
        before, after = _around(tokenizer("a"), 0, 0)
        pair = tokenizer("a", "a")
        first, rest = _around(pair, 0, 0)
        between = rest[: pair.sequence_ids(0).index(1) - len(first) - pair.sequence_ids(0).count(0)]
        last = _around(pair, 1, 1)[1]
        if not between:
            end = tokenizer.eos_token or tokenizer.sep_token
            if end is None:
                raise UserError(
                    f"models.{model}: its tokenizer puts nothing between the texts of a pair, and has no token for the "
                    "end of a text to put there. Name one as eos_token in the folder's tokenizer_config.json."
                )
            between, last, after = [end], last or [end], after or [end]
        vocabulary, tokens = tokenizer.get_vocab(), {*before, *after, *first, *between, *last}
        return cls((before, after), (first, between, last), {token: vocabulary[token] for token in tokens})

    def processor(self, segments: bool) -> PostProcessor:
        """The processor of tokenizers that puts them there.

        Args:
            segments: Whether the second text, and what follows it, is of another type than the first.
        """
        from tokenizers.processors import TemplateProcessing

        (before, after), (first, between, last), other = self.single, self.pair, int(segments)
        return TemplateProcessing(
            single=[*_typed(before, 0), "$A:0", *_typed(after, 0)],
            pair=[
                *_typed(first, 0), "$A:0", *_typed(between, 0), f"$B:{other}", *_typed(last, other),
            ],
            special_tokens=list(self.ids.items()),
        )  # fmt: skip


def _around(encoded: BatchEncoding, first: int, last: int) -> tuple[list[str], list[str]]:
    """The tokens before the text numbered ``first``, and those after the text numbered ``last``."""
    sides, tokens = encoded.sequence_ids(0), encoded.tokens()
    return tokens[: sides.index(first)], tokens[len(sides) - sides[::-1].index(last) :]


def _typed(tokens: list[str], segment: int) -> list[str]:
    return [f"{token}:{segment}" for token in tokens]
