"""How near a predicted answer is to a gold answer: exact match and F1 over normalised tokens, as officially scored.

* SQuAD 1.1 (Rajpurkar et al. 2016, ``evaluate-v1.1.py``): lower case, without ASCII punctuation and English articles,
  split at blanks. XTREME scores XQuAD and TyDiQA so too, in every language.
* SQuAD 2.0 (Rajpurkar et al. 2018, ``evaluate-v2.0.py``): the same, but a question may have no answer, and nothing
  against nothing is right.
* MLQA (Lewis et al. 2020, ``mlqa_evaluation_v1.py``): without any Unicode punctuation and the articles of the answer's
  language; each Chinese character is a token.
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

from xstilts.errors import UserError
from xstilts.tasks.registry import Task

_ENGLISH_ARTICLES = r"\b(?:a|an|the)\b"
_MLQA_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    # The official pattern, \sال^|ال, means to spare the letters inside a word, but its first half cannot match.
    "ar": "ال",
    "hi": None,
    "zh": None,
}
_SYNTHETIC = re.compile("q[a-t][a-z]")
_CHINESE_TOKEN = re.compile(r"[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+")


@dataclass(frozen=True)
class Rules:
    """What normalisation removes, as a set of characters and a regular expression for articles; how it splits; and
    whether a question may have no answer, as in SQuAD 2.0."""

    punctuation: frozenset[str]
    articles: str | None
    characters_apart: bool = False
    unanswerable: bool = False


def rules_of(task: Task, language: str) -> Rules:
    """The rules for a task's answers in a language.

    In synthetic languages (qaa to qtz) MLQA's answers keep all their words.

    Raises:
        UserError: for other languages that MLQA's official script has no rules for.
    """
    if task.answer_rules == "squad":
        return Rules(frozenset(string.punctuation), _ENGLISH_ARTICLES, unanswerable=task.unanswerable)
    if language not in _MLQA_ARTICLES and not _SYNTHETIC.fullmatch(language):
        known = ", ".join(sorted(_MLQA_ARTICLES))
        raise UserError(f"MLQA's official script scores answers in {known}; it has no rules for '{language}'.")
    return Rules(
        punctuation=_unicode_punctuation(),
        articles=_MLQA_ARTICLES.get(language),
        characters_apart=language == "zh",
        unanswerable=task.unanswerable,
    )


def tokens_of(text: str, rules: Rules) -> list[str]:
    """The normalised tokens of an answer."""
    text = "".join(character for character in text.lower() if character not in rules.punctuation)
    if rules.articles:
        text = re.sub(rules.articles, " ", text)
    return _CHINESE_TOKEN.findall(text) if rules.characters_apart else text.split()


def exact_match_and_f1(prediction: str, gold: Sequence[str], rules: Rules) -> tuple[float, float]:
    """Both in points, each against the gold answer that suits it best.

    Where a question may have no answer, gold answers without any token do not count, and without others the right
    prediction is one without any token.

    Raises:
        ValueError: where ``gold`` is empty, but every question has an answer.
    """
    predicted = tokens_of(prediction, rules)
    answers = [tokens_of(answer, rules) for answer in gold]
    if rules.unanswerable:
        answers = [answer for answer in answers if answer] or [[]]
    return 100.0 * (predicted in answers), 100.0 * max(_f1(predicted, answer, rules) for answer in answers)


def _f1(predicted: list[str], answer: list[str], rules: Rules) -> float:
    """Harmonic mean of precision and recall over the two bags of tokens; 0 where they share none.

    Only where a question may have no answer, nothing against nothing is 1.
    """
    if rules.unanswerable and not (predicted and answer):
        return float(predicted == answer)
    shared = (Counter(predicted) & Counter(answer)).total()
    return 2 * shared / (len(predicted) + len(answer)) if shared else 0.0


@cache
def _unicode_punctuation() -> frozenset[str]:
    characters = map(chr, range(sys.maxunicode + 1))
    return frozenset(string.punctuation).union(c for c in characters if unicodedata.category(c).startswith("P"))
