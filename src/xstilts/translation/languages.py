"""What models for translation call languages, and what their folders say of them. Imports no transformers.

NLLB and M2M-100 have a token for each language: that of the source stands before the text, that of the target begins
the translation. Models of OPUS-MT translate one pair of languages, or from one into several, whose token then stands
before the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xstilts.atomic import read_object
from xstilts.errors import UserError, did_you_mean
from xstilts.tasks.languages import Language

#: NLLB's codes where they are not ISO 639-3 and the script of the table of languages: of macrolanguages, and scripts.
_NLLB = {
    "ar": "arb_Arab", "az": "azj_Latn", "ko": "kor_Hang", "ms": "zsm_Latn", "qu": "quy_Latn", "zh": "zho_Hans",
}  # fmt: skip
#: English at the start of a source text: of NLLB, M2M-100 and mBART-50.
ENGLISH_TOKENS = ("eng_Latn", "__en__", "en_XX")
#: A language's token in vocabularies: NLLB's and mBART's, M2M-100's, OPUS-MT's.
_TOKEN = re.compile(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__[a-z]{2,3}__|>>[\w-]+<<")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def tokens_for(language: Language, code: str | None = None) -> list[str]:
    """Return the tokens that may stand for a language in a model's vocabulary, the most specific first.

    Args:
        language: The language.
        code: What the study says that the model calls it; None: the usual codes.
    """
    if code is not None:
        return [code, f"__{code}__", f">>{code}<<"]
    of_nllb = _NLLB.get(language.code, f"{language.iso3}_{language.script}")
    return [of_nllb, f"__{language.code}__", f">>{language.iso3}<<", f">>{language.code}<<"]


def is_before_source(token: str) -> bool:
    """Whether a language's token stands before the source text, as in OPUS-MT; else it begins the translation."""
    return token.startswith(">>")


def token_of(language: Language, vocabulary: Iterable[str], code: str | None, key: str, alone: bool) -> str | None:
    """Choose the token of a language among those of a model.

    Args:
        language: The language.
        vocabulary: The model's tokens, or those of languages.
        code: As for :func:`tokens_for`.
        key: The key of the study that names the model, for messages.
        alone: Whether the study names the model for this language alone.

    Returns:
        The token; None for a model of one pair of languages.

    Raises:
        UserError: The model lacks the language, or does not say which one it translates into.
    """
    known = {token for token in vocabulary if _TOKEN.fullmatch(token)}
    if not known and alone:
        return None
    name = f"'{language.code}' ({language.name})"
    if not known:
        raise UserError(
            f"{key}: this model has no tokens for languages, so it translates into one alone, and does not say which. "
            f"If that is {name}, name it under translation.models.{language.code}."
        )
    wanted = tokens_for(language, code)
    if found := next((token for token in wanted if token in known), None):
        return found
    looked_for = ", ".join(wanted)
    raise UserError(
        f"{key}: this model has no language {name}; looked for {looked_for} among {len(known)} tokens of languages. "
        f"{did_you_mean(wanted[0], sorted(known)) if len(known) <= 20 or code else ''} If it calls the language "
        f"otherwise, set translation.language_codes.{language.code}; or name another model under "
        f"translation.models.{language.code}."
    )


def language_tokens(folder: Path) -> set[str]:
    """Return the tokens of languages that the files of a tokenizer name; none where they leave that to transformers."""
    found: set[str] = set()
    for name in _TOKENIZER_FILES:
        values = read_object(folder / name)
        found |= set(_texts({key: value for key, value in values.items() if key not in ("model", "post_processor")}))
        if isinstance(model := values.get("model"), Mapping) and isinstance(model.get("vocab"), Mapping):
            found |= set(model["vocab"])
    found |= set(read_object(folder / "vocab.json"))
    return {token for token in found if _TOKEN.fullmatch(token)}


def _texts(value: Any) -> Iterator[str]:
    """Iterate over all texts in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
