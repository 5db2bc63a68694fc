"""Exact match and F1 against hand-worked answers and a second implementation of the official steps."""

from __future__ import annotations

import re
import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xstilts.formats.answers import exact_match_and_f1, rules_of, tokens_of

LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
ALPHABET = "aAnthedirlsx 1,.-'(«»¿।،؟。、年建成橋龥龦الكتب\u00a0\tàôủcáiàuneló"
texts = st.text(ALPHABET, max_size=25) | st.lists(
    st.sampled_from(
        ["the", "a", "Die", "des", "el", "la", "của", "những", "الكتاب", "ال", "في", "x", "年", "1871年", "!"]
    ),
    max_size=6,
).map(" ".join)


@pytest.mark.parametrize(
    ("task", "language", "prediction", "gold", "exact_match", "f1"),
    [
        ("squad_v1", "en", "The  Old Bridge!", "old bridge", 100, 100),
        ("squad_v1", "en", "old stone bridge", "old bridge", 0, 80),
        ("squad_v1", "en", "theatre", "atre", 0, 0),
        ("squad_v1", "en", "U.S.", "us", 100, 100),
        ("squad_v2", "en", "an hour", "hour", 100, 100),
        ("xquad", "de", "die Brücke", "Brücke", 0, 200 / 3),  # English articles only
        ("xquad", "es", "¿río", "río", 0, 0),  # ASCII punctuation only
        ("xquad", "zh", "1871年", "1871", 0, 0),  # blanks only
        ("tydiqa", "te", "అమ్మ,", "అమ్మ", 100, 100),
        ("mlqa", "en", "“the Old Bridge”", "old bridge", 100, 100),
        ("mlqa", "de", "die Brücke des Königs", "Brücke eines Königs", 100, 100),
        ("mlqa", "de", "Dieter", "ter", 0, 0),
        ("mlqa", "es", "¿el río?", "río", 100, 100),
        ("mlqa", "vi", "những con sông của Huế", "con sông Huế", 100, 100),
        ("mlqa", "hi", "नदी।", "नदी", 100, 100),
        ("mlqa", "ar", "الكتاب", "كتاب", 100, 100),
        ("mlqa", "ar", "السلال", "سل", 100, 100),  # inside a word too, as the official script has it
        ("mlqa", "ar", "الجسر القديم", "جسر", 0, 200 / 3),
        ("mlqa", "zh", "1871年建成", "1871 年", 0, 200 / 3),  # 1871 年 建 成 against 1871 年
        ("mlqa", "zh", "北岸，河流", "河流 北岸", 0, 100),
        ("mlqa", "zh", "IBM公司", "ibm 公司。", 100, 100),
        ("mlqa", "qab", "the a el", "the a el", 100, 100),  # a language without rules keeps its words
    ],
)
def test_hand_worked(task, language, prediction, gold, exact_match, f1):
    found = exact_match_and_f1(prediction, [gold], rules_of(task, language))
    assert found == pytest.approx((exact_match, f1))


def test_repeated_tokens_count_as_often_as_both_sides_have_them():
    # "x x y" and "x y y" share one x and one y: P = R = 2/3
    assert exact_match_and_f1("x x y", ["x y y"], rules_of("squad_v1", "en")) == pytest.approx((0, 200 / 3))


def test_each_metric_takes_its_best_gold_answer():
    assert exact_match_and_f1("old bridge", ["bridge", "the old bridge", "pier"], rules_of("xquad", "en")) == (100, 100)


def test_only_silence_answers_a_question_without_answer():
    rules = rules_of("squad_v2", "en")
    assert exact_match_and_f1("", [], rules) == (100, 100)
    assert exact_match_and_f1("bridge", [], rules) == (0, 0)
    assert exact_match_and_f1("", ["bridge"], rules) == (0, 0)


@given(prediction=texts, gold=texts)
@example(prediction="。", gold="")
def test_squad_agrees_with_a_second_implementation(prediction, gold):
    for task in ("squad_v1", "xquad", "tydiqa"):
        assert exact_match_and_f1(prediction, [gold], rules_of(task, "zh")) == pytest.approx(
            reference_scores(reference_squad(prediction), reference_squad(gold))
        )


@pytest.mark.parametrize("language", LANGUAGES)
@given(prediction=texts, gold=texts)
def test_mlqa_agrees_with_a_second_implementation(language, prediction, gold):
    assert tokens_of(prediction, rules_of("mlqa", language)) == reference_mlqa(prediction, language)
    assert exact_match_and_f1(prediction, [gold], rules_of("mlqa", language)) == pytest.approx(
        reference_scores(reference_mlqa(prediction, language), reference_mlqa(gold, language))
    )


def reference_scores(predicted: list[str], gold: list[str]) -> tuple[float, float]:
    remaining, shared = list(gold), 0
    for token in predicted:
        if token in remaining:
            remaining.remove(token)
            shared += 1
    exact_match = 100.0 if predicted == gold else 0.0
    if shared == 0:
        return exact_match, 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return exact_match, 100 * 2 * precision * recall / (precision + recall)


def reference_squad(text: str) -> list[str]:
    text = text.lower()
    for mark in string.punctuation:
        text = text.replace(mark, "")
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def reference_mlqa(text: str, language: str) -> list[str]:
    kept = ""
    for character in text.lower():
        if character not in string.punctuation and unicodedata.category(character)[0] != "P":
            kept += character
    articles = {
        "en": r"\b(a|an|the)\b",
        "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
        "vi": r"\b(của|là|cái|chiếc|những)\b",
        "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
        "ar": r"\sال^|ال",
    }
    if language in articles:
        kept = re.sub(articles[language], " ", kept)
    if language != "zh":
        return kept.split()
    tokens, run = [], ""
    for character in kept:
        if "\u4e00" <= character <= "\u9fa5":
            tokens += [*run.split(), character]
            run = ""
        else:
            run += character
    return tokens + run.split()
