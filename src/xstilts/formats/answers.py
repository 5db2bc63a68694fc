"""How near a predicted answer is to a gold answer: exact match and F1 over normalised tokens.

SQuAD, XQuAD and TyDiQA are scored with the rules of SQuAD 1.1 (Rajpurkar et al. 2016) in every language, as XTREME
does: lower case, without ASCII punctuation and English articles, split at blanks. MLQA (Lewis et al. 2020) has rules of
its own: without any Unicode punctuation and the articles of the answer's language, Chinese characters apart.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

_ENGLISH_ARTICLES = r"\b(?:a|an|the)\b"
_MLQA_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    # The official pattern, \sال^|ال, means to spare the letters inside a word, but its first half cannot match.
    "ar": "ال",
}
_CHINESE_TOKEN = re.compile(r"[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+")


@dataclass(frozen=True)
class Rules:
    """What normalisation removes, as a regular expression for articles and a set of characters, and how it splits."""

    punctuation: frozenset[str]
    articles: str | None
    characters_apart: bool = False


def rules_of(task: str, language: str) -> Rules:
    """The rules for a task's answers in a language; a language that MLQA does not know has no articles."""
    if task != "mlqa":
        return Rules(frozenset(string.punctuation), _ENGLISH_ARTICLES)
    return Rules(_unicode_punctuation(), _MLQA_ARTICLES.get(language), characters_apart=language == "zh")


def tokens_of(text: str, rules: Rules) -> list[str]:
    """The normalised tokens of an answer."""
    text = "".join(character for character in text.lower() if character not in rules.punctuation)
    if rules.articles:
        text = re.sub(rules.articles, " ", text)
    return _CHINESE_TOKEN.findall(text) if rules.characters_apart else text.split()


def exact_match_and_f1(prediction: str, gold: Sequence[str], rules: Rules) -> tuple[float, float]:
    """Both in points, each against the gold answer that suits it best.

    Without gold answers the question has none, and only the empty prediction is right.
    """
    if not gold:
        right = 100.0 * (prediction == "")
        return right, right
    predicted = tokens_of(prediction, rules)
    answers = [tokens_of(answer, rules) for answer in gold]
    return 100.0 * (predicted in answers), 100.0 * max(_f1(predicted, answer) for answer in answers)


def _f1(predicted: list[str], answer: list[str]) -> float:
    """Harmonic mean of precision and recall over the two bags of tokens; 0 where they share none."""
    shared = (Counter(predicted) & Counter(answer)).total()
    return 2 * shared / (len(predicted) + len(answer)) if shared else 0.0


@cache
def _unicode_punctuation() -> frozenset[str]:
    characters = map(chr, range(sys.maxunicode + 1))
    return frozenset(string.punctuation).union(c for c in characters if unicodedata.category(c).startswith("P"))
