"""Predictions are matched by id, all mistakes are reported, and scores equal those of plain loops."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score

from xstilts.errors import DataError, UserError
from xstilts.scores.matching import aligned, score
from xstilts.sources import files
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS
from xstilts.tasks.tagging import UPOS
from xstilts.tasks.task import Task

XNLI, QQP, ANLI, PANX, UDPOS = (TASKS[name] for name in ("xnli", "qqp", "anli", "panx", "udpos"))
HELLASWAG, CCG = TASKS["hellaswag"], TASKS["ccg"]
Pairs = list[tuple[str, str]]


def pairs_of(task: Task, labels: Sequence[str | None], ids: Sequence[str] | None = None) -> pa.Table:
    ids = ids or [f"e{row}" for row in range(len(labels))]
    columns = {"id": ids, "premise": ["p"] * len(labels), "hypothesis": ["h"] * len(labels), "label": labels}
    return pa.table(columns, schema=task_type_class(task).schema)


def tagged(task: Task, *sentences: str | None, words: Sequence[int] = ()) -> pa.Table:
    """Sentences from their tags; without gold, of so many ``words`` each."""
    tags = [sentence and sentence.split() for sentence in sentences]
    counts = words or [len(own or ()) for own in tags]
    tokens = [[f"w{index}" for index in range(count)] for count in counts]
    columns = {"id": [f"s{row}" for row in range(len(tags))], "tokens": tokens, "tags": tags}
    return pa.table(columns, schema=task_type_class(task).schema)


def choices(*labels: int) -> pa.Table:
    columns = {
        "id": [f"c{row}" for row in range(len(labels))],
        "prompt": ["p"] * len(labels),
        "choices": [["a", "b", "c", "d"]] * len(labels),
        "label": labels,
    }
    return pa.table(columns, schema=task_type_class(HELLASWAG).schema)


def refusal(task: Task, predictions: Pairs, examples: pa.Table) -> str:
    with pytest.raises(DataError) as caught:
        aligned(task, predictions, examples, "mine.tsv")
    assert str(caught.value).startswith("mine.tsv: ")
    return str(caught.value)


def test_predictions_are_put_in_the_order_of_the_examples() -> None:
    examples = pairs_of(XNLI, [None, None, None])
    predictions = [("e2", "neutral"), ("e0", "entailment"), ("e1", "contradiction")]
    assert aligned(XNLI, iter(predictions), examples, "mine.tsv") == ["entailment", "contradiction", "neutral"]


def test_examples_without_a_prediction_are_named_up_to_five_and_counted() -> None:
    message = refusal(XNLI, [("e0", "neutral")], pairs_of(XNLI, ["neutral"] * 8))
    assert "7 XNLI examples without a prediction: 'e1', 'e2', 'e3', 'e4', 'e5', … and 2 more." in message
    assert "exactly one prediction" in message
    message = refusal(XNLI, [("e0", "neutral")], pairs_of(XNLI, ["neutral"] * 6))
    assert "'e5'" in message and "more" not in message


def test_everything_wrong_with_the_ids_is_said_at_once() -> None:
    predictions = [("e0", "neutral"), ("e0", "neutral"), ("E1", "neutral"), ("e0", "neutral")]
    message = refusal(XNLI, predictions, pairs_of(XNLI, ["neutral"] * 2))
    assert "1 XNLI example with several predictions: 'e0'." in message
    assert "1 XNLI example without a prediction: 'e1'." in message
    assert "unknown to the gold file: 'E1'." in message


@pytest.mark.parametrize(
    ("task", "examples", "prediction", "said"),
    [
        (XNLI, pairs_of(XNLI, ["neutral"]), "maybe", "label 'maybe' is not one of XNLI's: entailment, neutral, contra"),
        (XNLI, pairs_of(XNLI, ["neutral"]), "", "label '' is not one of XNLI's"),
        (QQP, pairs_of(QQP, ["0"]), "2", "label '2' is not one of QQP's: 0, 1."),
        (PANX, tagged(PANX, "O O B-PER"), "O O", "the sentence has 3 words but 2 tags"),
        (PANX, tagged(PANX, "O O B-PER"), "O O B-PER O", "the sentence has 3 words but 4 tags"),
        (PANX, tagged(PANX, "O"), "", "the sentence has 1 words but 0 tags"),
        (PANX, tagged(PANX, None, words=[2]), "O", "the sentence has 2 words but 1 tags"),
        (UDPOS, tagged(UDPOS, "DET NOUN"), "DET NUON", "tag 'NUON' of word 2 ('w1') is not one of UDPOS's."),
        (CCG, tagged(CCG, "N NP"), "N", "the sentence has 2 words but 1 tags"),
        (HELLASWAG, choices(2), "4", "'4' is not the index of a choice; there are 4, counted from 0."),
        (HELLASWAG, choices(2), "-1", "'-1' is not the index of a choice; there are 4"),
        (HELLASWAG, choices(2), "b", "'b' is not the index of a choice; there are 4"),
    ],
)
def test_impossible_answers_are_refused(task: Task, examples: pa.Table, prediction: str, said: str) -> None:
    (identifier,) = examples.column("id").to_pylist()
    message = refusal(task, [(identifier, prediction)], examples)
    assert f"prediction for '{identifier}': " in message
    assert said in message


def test_only_the_first_impossible_answers_are_named() -> None:
    predictions = [(f"e{row}", "?") for row in range(7)]
    message = refusal(XNLI, predictions, pairs_of(XNLI, ["neutral"] * 7))
    assert message.count("label '?'") == 5
    assert message.endswith("… and 2 more")


def test_a_category_that_ccg_s_gold_does_not_have_is_merely_wrong() -> None:
    scored = score(CCG, "en", [("s0", "N (S\\NP)/NP")], tagged(CCG, "N NP"), "mine.tsv")
    assert scored.metrics == {"accuracy": 50.0}


def test_no_examples_at_all() -> None:
    assert "there are no XNLI examples" in refusal(XNLI, [], pairs_of(XNLI, []))


def test_gold_without_answers_can_be_aligned_but_not_scored() -> None:
    predictions = [("s0", "DET NOUN")]
    examples = tagged(UDPOS, None, words=[2])
    assert aligned(UDPOS, predictions, examples, "mine.tsv") == ["DET NOUN"]
    with pytest.raises(DataError, match=r"mine\.tsv: cannot be scored: the gold file of UDPOS in 'de' is without answ"):
        score(UDPOS, "de", predictions, examples, "mine.tsv")


def test_languages_that_a_task_does_not_have() -> None:
    examples = pairs_of(XNLI, ["neutral"])
    with pytest.raises(UserError, match=r"XNLI is not scored in 'ja'\. Valid names: ar, bg"):
        score(XNLI, "ja", [("e0", "neutral")], examples, "mine.tsv")
    assert score(XNLI, "qab", [("e0", "neutral")], examples, "mine.tsv").metrics["accuracy"] == 100
    with pytest.raises(UserError, match="not scored in 'qua'"):
        score(XNLI, "qua", [("e0", "neutral")], examples, "mine.tsv")


@st.composite
def predicted(draw: st.DrawFn) -> tuple[Task, pa.Table, Pairs]:
    """A task's gold examples, at least two, and predictions for them."""
    task = draw(st.sampled_from([QQP, PANX, HELLASWAG]))
    size = draw(st.integers(2, 8))
    if task is PANX:
        sentence = st.lists(st.sampled_from(PANX.labels), min_size=1, max_size=6)
        gold = draw(st.lists(sentence, min_size=size, max_size=size))
        examples = tagged(task, *map(" ".join, gold))
        texts = [" ".join(draw(st.sampled_from(PANX.labels)) for _ in own) for own in gold]
    elif task is QQP:
        examples = pairs_of(task, draw(st.lists(st.sampled_from(QQP.labels), min_size=size, max_size=size)))
        texts = draw(st.lists(st.sampled_from(QQP.labels), min_size=size, max_size=size))
    else:
        examples = choices(*draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
        texts = draw(st.lists(st.sampled_from("0123"), min_size=size, max_size=size))
    return task, examples, list(zip(examples.column("id").to_pylist(), texts, strict=True))


@settings(deadline=None)
@given(predicted(), st.randoms(use_true_random=False))
def test_the_order_of_predictions_changes_nothing(case: tuple[Task, pa.Table, Pairs], rng: random.Random) -> None:
    task, examples, predictions = case
    shuffled = rng.sample(predictions, len(predictions))
    assert score(task, "en", shuffled, examples, "") == score(task, "en", predictions, examples, "")


@settings(deadline=None)
@given(predicted(), st.data())
def test_a_dropped_doubled_or_renamed_prediction_is_named(
    case: tuple[Task, pa.Table, Pairs], data: st.DataObject
) -> None:
    task, examples, predictions = case
    index = data.draw(st.integers(0, len(predictions) - 1))
    identifier, text = predictions[index]
    others = [pair for pair in predictions if pair[0] != identifier]
    assert f"without a prediction: '{identifier}'." in refusal(task, others, examples)
    assert f"several predictions: '{identifier}'." in refusal(task, [*predictions, (identifier, text)], examples)
    message = refusal(task, [*others, (identifier + "x", text)], examples)
    assert f"without a prediction: '{identifier}'." in message
    assert f"unknown to the gold file: '{identifier}x'." in message


# Every metric once more, as plain loops.


def accuracy(gold: Sequence[str], found: Sequence[str]) -> float:
    right = 0
    for index in range(len(gold)):
        if gold[index] == found[index]:
            right += 1
    return 100 * right / len(gold)


def positive_f1(gold: Sequence[str], found: Sequence[str], positive: str = "1") -> float:
    hits = misses = false = 0
    for own, other in zip(gold, found, strict=True):
        hits += own == positive and other == positive
        misses += own == positive and other != positive
        false += own != positive and other == positive
    return 100 * hits / (hits + (misses + false) / 2) if hits else 0.0


def dropped_first(tag: str) -> str:
    """A span's type as seqeval has it from 1.0 on: what follows the hyphen, else all but the first letter."""
    return (tag[2:] if tag[1:2] == "-" else tag[1:]) or "_"


def whole(tag: str) -> str:
    """A span's type as seqeval had it before: what follows the hyphen, else the whole tag."""
    return tag.split("-")[-1]


def spans(tags: Sequence[str], type_of: Callable[[str], str]) -> set[tuple[str, int, int]]:
    """(type, first word, last word) by the rules of conlleval, where spans may end without another's beginning."""
    found, begin, before = set(), 0, "O"
    for index, tag in enumerate([*tags, "O"]):
        letters, differ = before[0] + tag[0], type_of(before) != type_of(tag)
        ends = before[0] in "ES" or letters in ("BB", "BS", "BO", "IB", "IS", "IO") or (before[0] != "O" and differ)
        begins = tag[0] in "BS" or letters in ("EE", "EI", "SE", "SI", "OE", "OI") or (tag[0] != "O" and differ)
        if ends:
            found.add((type_of(before), begin, index - 1))
        if begins:
            begin = index
        before = tag
    return found


def span_metrics(
    gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]], type_of: Callable[[str], str]
) -> dict[str, float]:
    """F1, precision and recall in points over the joined sentences; seqeval keeps a span's start across sentences."""
    joined = ([tag for tags in sentences for tag in (*tags, "O")] for sentences in (gold, found))
    expected, predicted = (spans(tags, type_of) for tags in joined)
    right = len(expected & predicted)
    if not right:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    return {
        "f1": 200 * right / (len(expected) + len(predicted)),
        "precision": 100 * right / len(predicted),
        "recall": 100 * right / len(expected),
    }


def expected(task: Task, ids: Sequence[str], gold: Sequence[str], found: Sequence[str]) -> dict[str, float]:
    if task.type != "tagging":
        metrics = {"accuracy": accuracy(gold, found)}
        if task is QQP:
            metrics["f1"] = positive_f1(gold, found)
        if task is ANLI:
            for part in ("R1", "R2", "R3", "mnli", "snli"):
                rows = [row for row, identifier in enumerate(ids) if identifier.startswith(f"{part}/")]
                metrics[f"accuracy_{part}"] = accuracy([gold[row] for row in rows], [found[row] for row in rows])
        return metrics
    gold_tags, tags = [text.split() for text in gold], [text.split() for text in found]
    metrics = {"accuracy": accuracy(list(chain(*gold_tags)), list(chain(*tags)))}
    if task is not CCG:
        metrics |= span_metrics(gold_tags, tags, dropped_first)
    if task is UDPOS:
        metrics["f1_whole_tags"] = span_metrics(gold_tags, tags, whole)["f1"]
    return metrics


def noisy(text: str, labels: Sequence[str], rng: random.Random) -> str:
    return " ".join(tag if rng.random() < 0.7 else rng.choice(labels) for tag in text.split(" "))


REAL = [
    *(("xnli", "test", code) for code in ("en", "de", "zh")),
    *(("pawsx", "test", code) for code in ("en", "ko")),
    *(("udpos", "test", code) for code in ("en", "de", "ar", "zh", "yo")),
    *(("panx", "test", code) for code in ("en", "de", "zh")),
    *((name, "dev", "en") for name in ("anli", "mnli", "qqp", "ccg", "hellaswag", "cosmosqa", "commonsenseqa")),
]


@pytest.mark.parametrize(("name", "split", "code"), REAL)
def test_noisy_predictions_for_real_gold_score_as_plain_loops_say(
    slices: Path, name: str, split: str, code: str
) -> None:
    task, language, rng = TASKS[name], languages_of("files")[code], random.Random(f"{name} {code}")
    examples = files.read(slices, task, split, language)
    column = examples.column(task_type_class(task).gold_column).to_pylist()
    gold = [" ".join(value) if isinstance(value, list) else str(value) for value in column]
    labels = task.labels or sorted({tag for text in gold for tag in text.split()})
    ids, found = examples.column("id").to_pylist(), [noisy(text, labels, rng) for text in gold]
    shuffled = rng.sample(list(zip(ids, found, strict=True)), len(ids))
    scored = score(task, code, shuffled, examples, "")
    assert scored.metrics == pytest.approx(expected(task, ids, gold, found), abs=1e-9, rel=0)
    assert 30 < scored.metrics["accuracy"] < 95
    assert scored.gold == gold
    perfect = score(task, code, zip(ids, gold, strict=True), examples, "").metrics
    assert set(perfect.values()) == {100.0}


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from(UPOS), st.sampled_from(UPOS)), min_size=1, max_size=12), min_size=1, max_size=4
)


@settings(deadline=None, max_examples=300)
@given(sentences)
def test_parts_of_speech_score_as_both_ages_of_seqeval_have_it(drawn: list[list[tuple[str, str]]]) -> None:
    gold, found = ([[pair[side] for pair in sentence] for sentence in drawn] for side in (0, 1))
    examples = tagged(UDPOS, *map(" ".join, gold))
    predictions = [(f"s{row}", " ".join(tags)) for row, tags in enumerate(found)]
    metrics = score(UDPOS, "en", predictions, examples, "").metrics
    now, then = span_metrics(gold, found, dropped_first), span_metrics(gold, found, whole)
    assert [metrics[name] for name in now] == pytest.approx(list(now.values()), abs=1e-9, rel=0)
    assert metrics["f1_whole_tags"] == pytest.approx(then["f1"], abs=1e-9, rel=0)


@pytest.mark.filterwarnings("ignore")
@given(sentences)
def test_span_scores_are_those_of_the_functions_that_xtreme_calls(drawn: list[list[tuple[str, str]]]) -> None:
    gold, found = ([[pair[side] for pair in sentence] for sentence in drawn] for side in (0, 1))
    predictions = [(f"s{row}", " ".join(tags)) for row, tags in enumerate(found)]
    metrics = score(UDPOS, "en", predictions, tagged(UDPOS, *map(" ".join, gold)), "").metrics
    assert metrics["f1"] == f1_score(gold, found) * 100
    assert metrics["precision"] == precision_score(gold, found) * 100
    assert metrics["recall"] == recall_score(gold, found) * 100


@pytest.mark.parametrize(
    ("gold", "found", "now", "then"),
    [
        # Both are of the type CONJ now.
        ("NOUN CCONJ NOUN", "NOUN SCONJ NOUN", 100.0, 200 / 3),
        # Now the gold sentence has one span, SCONJ: it begins while CCONJ, of the same type, has not ended.
        ("CCONJ SCONJ", "X SCONJ", 200 / 3, 50.0),
        # Now SCONJ is a span, and so are both words together; neither is found.
        ("SCONJ CCONJ", "VERB CCONJ", 0.0, 50.0),
        # Nothing is left of X but its first letter, so now it does not end with its sentence.
        ("SYM SYM", "SYM X", 200 / 3, 50.0),
        ("X SYM", "X SYM", 100.0, 100.0),
        # Two with an I at the front are one span, two with an S are two; then as now.
        ("INTJ INTJ", "INTJ VERB", 0.0, 0.0),
        ("SYM SYM", "SYM VERB", 50.0, 50.0),
    ],
)
def test_hand_worked_parts_of_speech_under_both_ages(gold: str, found: str, now: float, then: float) -> None:
    metrics = score(UDPOS, "en", [("s0", found)], tagged(UDPOS, gold), "").metrics
    assert metrics["f1"] == pytest.approx(now)
    assert metrics["f1_whole_tags"] == pytest.approx(then)
