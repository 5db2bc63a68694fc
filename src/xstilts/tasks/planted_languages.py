"""Languages of the planted worlds: family, genus and distance to English, and no text of their own design.

Their codes are of ISO 639-2's range for private use, like those of :mod:`xstilts.tasks.synthetic_languages`.
"""

from __future__ import annotations

from string import ascii_lowercase

from xstilts.tasks.languages import ENGLISH, Language

#: The most languages beside English that there are codes for.
MOST = 4 * len(ascii_lowercase)
_GENERA, _FAMILIES = 15, 5
_GOLDEN = 0.6180339887498949  # multiples modulo 1 lie evenly, however many there are


def planted_languages(count: int) -> dict[str, Language]:
    """Return English and ``count`` other languages by code; distances lie evenly between 0 and 1 in every genus."""
    english = Language(ENGLISH, "eng", "English", "Family 1", "Genus 0", "Latn", distance=0.0)
    return {ENGLISH: english, **{language.code: language for language in map(_language, range(count))}}


def _language(number: int) -> Language:
    code = f"q{'bcde'[number // len(ascii_lowercase)]}{ascii_lowercase[number % len(ascii_lowercase)]}"
    genus = number % _GENERA
    family, distance = f"Family {genus % _FAMILIES + 1}", round((number + 1) * _GOLDEN % 1, 4)
    return Language(code, code, f"Language {number + 1}", family, f"Genus {genus + 1}", "Latn", distance=distance)
