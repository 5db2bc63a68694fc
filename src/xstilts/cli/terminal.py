"""Output on terminals and in files that are not UTF-8."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata

_PLAIN = {
    "…": "...", "–": "-", "—": "-", "−": "-", "×": "x", "±": "+/-", "→": "->", "≈": "~", "≤": "<=", "≥": ">=", "·": "*",
    "•": "*", "’": "'", "‘": "'", "“": '"', "”": '"', "│": "|", "─": "-", "━": "-", "┃": "|", "✓": "+", "✗": "x",
}  # fmt: skip


def write_what_the_terminal_can() -> None:
    """Have standard output and error write plainer characters in place of those that their encoding lacks."""
    codecs.register_error(__name__, _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=__name__)


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """What stands for a character that cannot be written: like ones, the letter without its marks, or '?'."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return _PLAIN.get(character) or bare or "?"
