"""Exact match and F1 of answers over normalised tokens, as in the official evaluation scripts.

* SQuAD 1.1 (Rajpurkar et al. 2016, ``evaluate-v1.1.py``): lower-cased, ASCII punctuation and English articles removed,
  split at whitespace. XTREME scores XQuAD and TyDiQA in the same way, in every language.
* SQuAD 2.0 (Rajpurkar et al. 2018, ``evaluate-v2.0.py``): the same, but a question may have no answer, and an empty
  prediction is then correct.
* MLQA (Lewis et al. 2020, ``mlqa_evaluation_v1.py``): all Unicode punctuation and the articles of the answer's language
  removed; each Chinese character is a token.
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
from xstilts.tasks.task import Task

_ENGLISH_ARTICLES = r"\b(?:a|an|the)\b"
_MLQA_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    # The official pattern is \sال^|ال; its first alternative can never match, and the second matches inside words too.
    "ar": "ال",
    "hi": None,
    "zh": None,
}
_SYNTHETIC = re.compile("q[a-t][a-z]")
_CHINESE_TOKEN = re.compile(r"[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+")


@dataclass(frozen=True)
class AnswerRules:
    """How answers are normalised and compared.

    Attributes:
        punctuation: The characters that are removed.
        articles: A regular expression for the articles that are removed; None for languages without articles.
        characters_apart: Whether each Chinese character is a token.
        unanswerable: Whether a question may have no answer, as in SQuAD 2.0.
    """

    punctuation: frozenset[str]
    articles: str | None
    characters_apart: bool = False
    unanswerable: bool = False


def rules_of(task: Task, language: str) -> AnswerRules:
    """Return the rules for a task's answers in a language.

    Under MLQA's rules no articles are removed in synthetic languages (qaa to qtz).

    Raises:
        UserError: if MLQA's official script has no rules for the language.
    """
    if task.answer_rules == "squad":
        return AnswerRules(frozenset(string.punctuation), _ENGLISH_ARTICLES, unanswerable=task.unanswerable)
    if language not in _MLQA_ARTICLES and not _SYNTHETIC.fullmatch(language):
        known = ", ".join(sorted(_MLQA_ARTICLES))
        raise UserError(f"MLQA's official script scores answers in {known}; it has no rules for '{language}'.")
    return AnswerRules(
        punctuation=_unicode_punctuation(),
        articles=_MLQA_ARTICLES.get(language),
        characters_apart=language == "zh",
        unanswerable=task.unanswerable,
    )


def normalised_tokens(text: str, rules: AnswerRules) -> list[str]:
    """Normalise an answer and split it into tokens."""
    text = "".join(character for character in text.lower() if character not in rules.punctuation)
    if rules.articles:
        text = re.sub(rules.articles, " ", text)
    return _CHINESE_TOKEN.findall(text) if rules.characters_apart else text.split()


def exact_match_and_f1(prediction: str, gold: Sequence[str], rules: AnswerRules) -> tuple[float, float]:
    """Score a predicted answer.

    If questions may have no answer, gold answers that normalise to no tokens are ignored; if none is left, a
    prediction is correct if it normalises to no tokens.

    Args:
        prediction: The predicted answer.
        gold: The gold answers.
        rules: How answers are normalised.

    Returns:
        Exact match and F1 in points, each the maximum over the gold answers.

    Raises:
        ValueError: if ``gold`` is empty although every question has an answer.
    """
    predicted = normalised_tokens(prediction, rules)
    answers = [normalised_tokens(answer, rules) for answer in gold]
    if rules.unanswerable:
        answers = [answer for answer in answers if answer] or [[]]
    return 100.0 * (predicted in answers), 100.0 * max(_f1(predicted, answer, rules) for answer in answers)


def _f1(predicted: list[str], answer: list[str], rules: AnswerRules) -> float:
    """Return the harmonic mean of precision and recall over the two bags of tokens; 0 if they share no token.

    Two empty bags give 1 if questions may have no answer, else 0.
    """
    if rules.unanswerable and not (predicted and answer):
        return float(predicted == answer)
    shared = (Counter(predicted) & Counter(answer)).total()
    return 2 * shared / (len(predicted) + len(answer)) if shared else 0.0


@cache
def _unicode_punctuation() -> frozenset[str]:
    characters = map(chr, range(sys.maxunicode + 1))
    return frozenset(string.punctuation).union(c for c in characters if unicodedata.category(c).startswith("P"))
