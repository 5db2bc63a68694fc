"""Exact match and F1 against hand-worked answers and a second implementation of the official steps.

The second implementation uses no regular expressions; it processes one character at a time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xstilts.errors import UserError
from xstilts.task_types.answers import exact_match_and_f1, normalised_tokens, rules_of
from xstilts.tasks.registry import TASKS

LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
ALPHABET = "aAnthedirlsx 1,.-'(«»¿।،؟。、年建成橋龥龦㐀𠀀ＡＢ１３ßẞİıſĸ\u00a0\u200b\u200d\u3000\u0301\tàôủcáiàuneló_ال"
WORDS = [
    "the", "a", "An", "Die", "des", "DER", "el", "la", "Las", "của", "những", "Là", "الكتاب", "ال", "في", "x", "年",
    "1871年", "!", "a_b", "the-a", "l'an",
]  # fmt: skip
texts = (
    st.text(max_size=20) | st.text(ALPHABET, max_size=25) | st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
)


@pytest.mark.parametrize(
    ("task", "language", "prediction", "gold", "exact_match", "f1"),
    [
        # SQuAD 1.1, XQuAD and TyDiQA: English rules whatever the language
        ("squad_v1", "en", "The  Old Bridge!", "old bridge", 100, 100),
        ("squad_v1", "en", "old stone bridge", "old bridge", 0, 80),
        ("squad_v1", "en", "theatre", "atre", 0, 0),
        ("squad_v1", "en", "U.S.", "us", 100, 100),  # punctuation is removed, not replaced by a blank
        ("squad_v1", "en", "twenty-one", "twentyone", 100, 100),
        ("squad_v1", "en", "l'an", "lan", 100, 100),  # … and is removed before articles are
        ("squad_v1", "en", "an\u00a0hour", "hour", 100, 100),  # all Unicode whitespace separates tokens
        ("squad_v1", "en", "x\u200by", "xy", 0, 0),  # a zero-width space does not
        ("squad_v1", "en", "a\u0301", "\u0301", 100, 100),  # a combining accent ends a word: 'a' is an article
        ("squad_v1", "en", "\u00e1", "", 0, 0),
        ("squad_v1", "en", "STRASSE", "straße", 0, 0),  # lower case, not folded: ß stays
        ("squad_v1", "en", "İ", "i̇", 100, 100),  # İ becomes i and a combining dot
        ("squad_v1", "en", "the", "", 100, 0),  # both are empty: exact match, but no shared token
        ("xquad", "de", "die Brücke", "Brücke", 0, 200 / 3),
        ("xquad", "es", "¿río", "río", 0, 0),  # ASCII punctuation only
        ("xquad", "zh", "1871年", "1871", 0, 0),  # blanks only
        ("xquad", "th", "ในปี 1871", "1871", 0, 200 / 3),
        ("xquad", "th", "ในปี1871", "1871", 0, 0),
        ("xquad", "ar", "الجسر", "جسر", 0, 0),
        ("tydiqa", "te", "అమ్మ,", "అమ్మ", 100, 100),
        ("tydiqa", "ja", "１８７１", "1871", 0, 0),  # full-width digits are other characters
        ("tydiqa", "ko", "the 다리", "다리", 100, 100),
        # MLQA: the answer's language
        ("mlqa", "en", "“the Old Bridge”", "old bridge", 100, 100),
        ("mlqa", "en", "die Brücke", "Brücke", 0, 200 / 3),
        ("mlqa", "en", "$5", "5", 100, 100),  # $ + < = > ^ ` | ~ are ASCII punctuation though not Unicode's
        ("mlqa", "en", "€5", "5", 0, 0),
        ("mlqa", "de", "die Brücke des Königs", "Brücke eines Königs", 100, 100),
        ("mlqa", "de", "ein eine einen einem eines einer der die das den dem des", "", 100, 0),
        ("mlqa", "de", "Dieter", "ter", 0, 0),
        ("mlqa", "de", "the Brücke", "Brücke", 0, 200 / 3),
        ("mlqa", "es", "¿el río?", "río", 100, 100),
        ("mlqa", "es", "un una unos unas el la los las", "", 100, 0),
        ("mlqa", "es", "él", "", 0, 0),
        ("mlqa", "vi", "những con sông của Huế", "con sông Huế", 100, 100),
        ("mlqa", "vi", "của là cái chiếc những", "", 100, 0),
        ("mlqa", "vi", unicodedata.normalize("NFD", "của"), "", 0, 0),  # only as one character each
        ("mlqa", "hi", "नदी।", "नदी", 100, 100),
        ("mlqa", "hi", "the नदी", "नदी", 0, 200 / 3),  # no articles
        ("mlqa", "ar", "الكتاب", "كتاب", 100, 100),
        ("mlqa", "ar", "السلال", "سل", 100, 100),  # inside a word too, as the official script has it
        ("mlqa", "ar", "سالم", "س م", 100, 100),
        ("mlqa", "ar", "الجسر القديم", "جسر", 0, 200 / 3),
        ("mlqa", "ar", "الجسر، القديم؟", "الجسر القديم", 100, 100),
        ("mlqa", "zh", "1871年建成", "1871 年", 0, 200 / 3),  # 1871 年 建 成 against 1871 年
        ("mlqa", "zh", "北岸，河流", "河流 北岸", 0, 100),
        ("mlqa", "zh", "IBM公司", "ibm 公司。", 100, 100),
        ("mlqa", "zh", "A.B公司", "ab公 司", 100, 100),
        ("mlqa", "zh", "the a", "the a", 100, 100),
        ("mlqa", "zh", "龥龥", "龥", 0, 200 / 3),  # U+9FA5, the last character that is a token by itself
        ("mlqa", "zh", "龦龦", "龦", 0, 0),  # U+9FA6
        ("mlqa", "zh", "㐀㐀𠀀", "㐀 㐀 𠀀", 0, 0),  # extensions A and B
        ("mlqa", "zh", "ＩＢＭ，１", "ｉｂｍ１", 100, 100),
        ("mlqa", "qab", "the a el!", "the a el", 100, 100),  # synthetic languages have no articles
    ],
)
def test_hand_worked(task, language, prediction, gold, exact_match, f1):
    scores = exact_match_and_f1(prediction, [gold], rules_of(TASKS[task], language))
    assert scores == pytest.approx((exact_match, f1), abs=1e-9)


@pytest.mark.parametrize(
    ("prediction", "gold", "exact_match", "f1"),
    [
        ("an hour", ["hour"], 100, 100),
        ("", [], 100, 100),
        ("The!", [], 100, 100),  # empty after normalisation
        ("bridge", [], 0, 0),
        ("", ["bridge"], 0, 0),
        ("", ["the", "bridge"], 0, 0),  # a gold answer without tokens is ignored if there are others …
        ("a", ["the", "."], 100, 100),  # … and if there are none, the question has no answer
        ("bridge", ["the", "bridge"], 100, 100),
    ],
)
def test_in_squad_v2_a_question_may_have_no_answer(prediction, gold, exact_match, f1):
    assert exact_match_and_f1(prediction, gold, rules_of(TASKS["squad_v2"], "en")) == (exact_match, f1)


def test_repeated_tokens_count_as_often_as_both_sides_have_them():
    # "x x y" and "x y y" share one x and one y: P = R = 2/3
    assert exact_match_and_f1("x x y", ["x y y"], rules_of(TASKS["squad_v1"], "en")) == pytest.approx((0, 200 / 3))


def test_each_metric_takes_its_best_gold_answer():
    assert exact_match_and_f1("old bridge", ["bridge", "the old bridge", "pier"], rules_of(TASKS["xquad"], "en")) == (
        100,
        100,
    )


@pytest.mark.parametrize("language", ["fr", "ja", "qua", "xx", ""])
def test_mlqa_has_no_rules_for_other_languages(language):
    with pytest.raises(UserError, match=f"ar, de, en, es, hi, vi, zh; it has no rules for '{language}'"):
        rules_of(TASKS["mlqa"], language)
    assert rules_of(TASKS["xquad"], language) == rules_of(TASKS["squad_v1"], "en")


def test_rules_follow_the_declaration_and_not_the_name_of_a_task():
    renamed = replace(TASKS["mlqa"], name="other")
    assert rules_of(renamed, "de") == rules_of(TASKS["mlqa"], "de") != rules_of(TASKS["squad_v1"], "de")
    assert rules_of(replace(TASKS["squad_v1"], unanswerable=True), "en") == rules_of(TASKS["squad_v2"], "en")
    assert rules_of(replace(TASKS["mlqa"], unanswerable=True), "de").unanswerable


@given(prediction=texts, golds=st.lists(texts, min_size=1, max_size=3))
@example(prediction="。", golds=[""])
def test_squad_agrees_with_a_second_implementation(prediction, golds):
    for task in ("squad_v1", "xquad", "tydiqa"):
        rules = rules_of(TASKS[task], "zh")
        assert normalised_tokens(prediction, rules) == squad_tokens(prediction)
        pairs = [(squad_tokens(prediction), squad_tokens(gold)) for gold in golds]
        best = max(map(same, pairs)), max(map(overlap, pairs))
        assert exact_match_and_f1(prediction, golds, rules) == pytest.approx(best, abs=1e-9)


@given(prediction=texts, golds=st.lists(texts, max_size=3))
def test_squad_v2_agrees_with_a_second_implementation(prediction, golds):
    answers = list(filter(None, map(squad_tokens, golds)))
    predicted = squad_tokens(prediction)
    if not answers:
        best = (0.0, 0.0) if predicted else (100.0, 100.0)
    else:
        best = max(same((predicted, a)) for a in answers), max(overlap((predicted, a)) for a in answers)
    assert exact_match_and_f1(prediction, golds, rules_of(TASKS["squad_v2"], "en")) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("language", LANGUAGES)
@given(prediction=texts, golds=st.lists(texts, min_size=1, max_size=3))
def test_mlqa_agrees_with_a_second_implementation(language, prediction, golds):
    rules = rules_of(TASKS["mlqa"], language)
    assert normalised_tokens(prediction, rules) == mlqa_tokens(prediction, language)
    pairs = [(mlqa_tokens(prediction, language), mlqa_tokens(gold, language)) for gold in golds]
    best = max(map(same, pairs)), max(map(overlap, pairs))
    assert exact_match_and_f1(prediction, golds, rules) == pytest.approx(best, abs=1e-9)


def test_both_implementations_agree_on_every_single_character():
    """Between two words, by itself, and after a Chinese character; one each of the unassigned categories."""
    assigned = (c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Co", "Cs"))
    characters = [*assigned, "\u0378", "\ue000", "\ud800", "\U0010ffff"]
    text = " ".join(f"the{character}des {character} 年{character}" for character in characters)
    assert normalised_tokens(text, rules_of(TASKS["squad_v1"], "en")) == squad_tokens(text)
    for language in ("de", "zh"):
        assert normalised_tokens(text, rules_of(TASKS["mlqa"], language)) == mlqa_tokens(text, language)


def same(pair: tuple[list[str], list[str]]) -> float:
    return 100.0 if " ".join(pair[0]) == " ".join(pair[1]) else 0.0


def overlap(pair: tuple[list[str], list[str]]) -> float:
    predicted, gold = pair
    remaining, shared = list(gold), 0
    for token in predicted:
        if token in remaining:
            remaining.remove(token)
            shared += 1
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return 100 * 2 * precision * recall / (precision + recall)


ASCII_MARKS = {chr(code) for span in ((33, 48), (58, 65), (91, 97), (123, 127)) for code in range(*span)}
ARTICLES = {
    "en": "a an the",
    "es": "el la los las un una unos unas",
    "vi": "cái chiếc của là những",
    "de": "das dem den der des die ein eine einem einen einer eines",
}


def squad_tokens(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if character not in ASCII_MARKS)
    return [token for word in at_blanks(kept) for token in without_articles(word, ARTICLES["en"].split())]


def mlqa_tokens(text: str, language: str) -> list[str]:
    kept = ""
    for character in text.lower():
        if character not in ASCII_MARKS and unicodedata.category(character) not in (
            "Pc",
            "Pd",
            "Ps",
            "Pe",
            "Pi",
            "Pf",
            "Po",
        ):
            kept += character
    if language == "ar":
        kept = " ".join(kept.split("ال"))
    if language == "zh":
        kept = "".join(f" {character} " if 0x4E00 <= ord(character) <= 0x9FA5 else character for character in kept)
    articles = ARTICLES.get(language, "").split()
    return [token for word in at_blanks(kept) for token in without_articles(word, articles)]


def at_blanks(text: str) -> Iterator[str]:
    word = ""
    for character in text + " ":
        if not character.isspace():
            word += character
        elif word:
            yield word
            word = ""


def without_articles(word: str, articles: list[str]) -> list[str]:
    """Split a word at runs of letters, digits and '_' that are articles."""
    pieces, run = [""], ""
    for character in [*word, ""]:
        if character and (character.isalnum() or character == "_"):
            run += character
            continue
        if run in articles:
            pieces.append("")
        else:
            pieces[-1] += run
        run = ""
        pieces[-1] += character
    return [piece for piece in pieces if piece]
