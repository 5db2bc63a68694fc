"""Where sentences end in English text, by rules."""

from __future__ import annotations

import re

#: A full stop, question or exclamation mark, with quotes or brackets that close after it, before blanks and whatever
#: may begin a sentence; in tokenised text, one that stands alone.
_END = re.compile(r"""[.?!]+["'”’)\]]*(?=\s+["'“‘(\[]*[A-Z0-9À-ÖØ-Þ])|(?<=\s)[.?!](?=\s)""")
_LAST_WORD = re.compile(r"""[^\s("'“‘\[]+$""")
#: Words with a full stop that a name or a number follows.
_ABBREVIATIONS = frozenset(
    [
        "adm",
        "capt",
        "cf",
        "col",
        "dr",
        "eg",
        "fig",
        "gen",
        "gov",
        "hon",
        "jr",
        "lt",
        "maj",
        "messrs",
        "mr",
        "mrs",
        "ms",
        "mt",
        "mts",
        "no",
        "nos",
        "op",
        "pp",
        "prof",
        "rep",
        "rev",
        "sen",
        "sgt",
        "sr",
        "st",
        "ste",
        "vol",
        "vs",
        "approx",
        "ca",
    ]
)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Z]")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of each sentence, without the blanks around it; line ends divide sentences, too."""
    ends = [match.end() for match in _END.finditer(text) if not _is_abbreviation(text[: match.end()])]
    ends += [match.start() for match in re.finditer(r"\n+", text)]
    spans, start = [], 0
    for end in (*sorted(ends), len(text)):
        part = text[start:end]
        if part.strip():
            spans.append((start + len(part) - len(part.lstrip()), start + len(part.rstrip())))
        start = end
    return spans


def _is_abbreviation(before: str) -> bool:
    """Whether the last word of a text, which ends in a full stop, is one that ends no sentence: Dr., U.S., J."""
    if not before.endswith("."):
        return False
    match = _LAST_WORD.search(before)
    word = match[0].removesuffix(".") if match else ""
    return word.lower() in _ABBREVIATIONS or _INITIALS.fullmatch(word) is not None
