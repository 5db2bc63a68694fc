"""The files of XTREME-R's own tasks, as their releases and its script write them, and what is said of damaged ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xstilts.errors import DataError
from xstilts.sources.readers.splitting import sentence_spans

SIQA = "xtreme/siqa/socialIQa_v1.4_trn.jsonl"
COPA_TRAIN = "xtreme/xcopa/train-en.jsonl"
XCOPA = "xtreme/xcopa/test-sw.jsonl"
LAREQA = "xtreme/lareqa/xquad-r/de.json"
SQUAD = "intermediate/squad/train-v1.1.json"
PAIRS = "xtreme/mewslix/wikipedia_pairs-train.jsonl"
MENTIONS = "xtreme/mewslix/wikinews_mentions-de-test.jsonl"
ENTITIES = "xtreme/mewslix/candidate_set_entities.jsonl"


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def siqa(**fields: Any) -> dict[str, Any]:
    record = {
        "context": "Tracy left.",
        "question": "Why?",
        "answerA": "a",
        "answerB": "b",
        "answerC": "c",
        "correct": "B",
    }
    return {**record, **fields}


def xcopa(label: int | None = 1, **fields: Any) -> dict[str, Any]:
    record = {"premise": "Mvua ilinyesha.", "choice1": "Moja", "choice2": "Mbili", "question": "cause", "idx": 0}
    return {**record, **({} if label is None else {"label": label}), **fields}


def test_social_iqa_has_three_answers_by_letter(release):
    release.write(SIQA, lines(siqa(), siqa(correct="C")))
    first, second = release.rows("siqa")
    assert first == {"id": "1", "prompt": "Tracy left. Why?", "choices": ["a", "b", "c"], "label": 1}
    assert second["label"] == 2


def test_xcopa_asks_in_english_after_the_premise(release):
    release.write(XCOPA, lines(xcopa(), xcopa(0, question="effect", changed=True)))
    first, second = release.rows("xcopa", "test", "sw")
    assert first["prompt"] == "Mvua ilinyesha. What was the cause?" and first["choices"] == ["Moja", "Mbili"]
    assert (first["label"], second["label"]) == (1, 0) and second["prompt"].endswith("What was the effect?")
    release.write(COPA_TRAIN, lines(xcopa()))
    assert release.rows("copa") == [first]


def test_a_test_file_without_labels_or_with_zeros_in_their_place_has_none(release):
    release.write(XCOPA, lines(xcopa(None), xcopa(None)))
    assert [row["label"] for row in release.rows("xcopa", "test", "sw")] == [None, None]
    release.write(XCOPA, lines(*[xcopa(0)] * 500))
    assert {row["label"] for row in release.rows("xcopa", "test", "sw")} == {None}
    release.write(XCOPA, lines(*[xcopa(0)] * 3))  # so few may all be 0
    assert {row["label"] for row in release.rows("xcopa", "test", "sw")} == {0}
    release.write(COPA_TRAIN, lines(xcopa(None)))
    with pytest.raises(DataError, match="has no labels"):
        release.rows("copa")


@pytest.mark.parametrize(
    ("file", "records", "task", "said"),
    [
        (SIQA, [siqa(correct="D")], ("siqa", "train", "en"), "the label 'D' is none of the choices A, B, C"),
        (SIQA, [siqa(answerC=3)], ("siqa", "train", "en"), "field 'answerC' must be text"),
        (XCOPA, [xcopa(), xcopa(None)], ("xcopa", "test", "sw"), "row 2: lacks a label"),
        (XCOPA, [xcopa(), xcopa(2)], ("xcopa", "test", "sw"), "the label '2' is none of the choices 0, 1"),
        (XCOPA, [xcopa(question="reason")], ("xcopa", "test", "sw"), "'question' is 'reason', not cause or effect"),
        (XCOPA, [xcopa(label="1")], ("xcopa", "test", "sw"), "field 'label' must be a whole number"),
    ],
)
def test_damaged_choices_are_errors_with_row_and_field(release, file, records, task, said):
    release.write(file, lines(*records))
    with pytest.raises(DataError, match=said):
        release.rows(*task)


CONTEXT = "Dr. Rot sah es.\nDie Brücke steht. Sie ist alt."
BREAKS = [[0, 15], [16, 33], [34, 46]]


def squad(context: str = CONTEXT, breaks: Any = None, **answers: tuple[str, int]) -> str:
    questions = [
        {"id": name, "question": f"{name}?", "answers": [{"text": text, "answer_start": start}]}
        for name, (text, start) in answers.items()
    ]
    paragraph: dict[str, Any] = {"context": context, "qas": questions}
    return json.dumps(
        {"data": [{"title": "t", "paragraphs": [paragraph | ({"sentence_breaks": breaks} if breaks else {})]}]}
    )


def test_lareqa_s_candidates_are_sentences_with_their_paragraph(release):
    release.write(LAREQA, squad(breaks=BREAKS, q1=("Brücke", 20), q2=("Rot", 4)))
    *sentences, first, second = release.rows("lareqa", "test", "de")
    whole = CONTEXT.replace("\n", "")
    assert [row["candidate"] for row in sentences] == [
        f"Dr. Rot sah es.{whole}", f"Die Brücke steht.{whole}", f"Sie ist alt.{whole}"
    ]  # fmt: skip
    assert [row["id"] for row in sentences] == ["de-0-0", "de-0-1", "de-0-2"] and not any(
        r["matches"] for r in sentences
    )
    assert first == {"id": "q1", "query": "q1?", "candidate": None, "matches": ["de-0-1"]}
    assert second["matches"] == ["de-0-0"]


def test_a_question_whose_answer_begins_in_no_sentence_is_left_out(release):
    release.write(LAREQA, squad(breaks=[[0, 15], [34, 46]], q1=("Brücke", 20), q2=("alt", 42)))
    assert [row["id"] for row in release.rows("lareqa", "test", "de")] == ["de-0-0", "de-0-1", "q2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (squad(q1=("Rot", 4)), "has no field 'sentence_breaks'"),
        (
            squad(breaks=[[0, 15], [16, 99]], q1=("Rot", 4)),
            r"'sentence_breaks' has \[16, 99\], which is no start and end",
        ),
        (squad(breaks=[[5, 5]], q1=("Rot", 4)), r"'sentence_breaks' has \[5, 5\]"),
        (squad(breaks=[[0]], q1=("Rot", 4)), r"'sentence_breaks' has \[0\]"),
        (squad(breaks=BREAKS, q1=("", 0)), "question 'q1' has no answer"),
        (squad(breaks=BREAKS, q1=("Rot", 5)), "does not stand at offset 5"),
    ],
)
def test_damaged_lareqa_files_are_errors(release, content, said):
    release.write(LAREQA, content)
    with pytest.raises(DataError, match=said):
        release.rows("lareqa", "test", "de")


def test_squad_as_retrieval_pairs_questions_with_sentences(release):
    text = "Anna lives in Rome. Max, the baker, lives in Kiel (a port)."
    release.write(SQUAD, squad(text, q1=("Rome", 14), q2=("baker", 29), q3=("Max", 20)))
    first, second, third = release.rows("squad_sentences")
    assert first == {"id": "q1", "query": "q1?", "candidate": f"Anna lives in Rome.{text}", "matches": ["0-0"]}
    assert second["candidate"] == third["candidate"] and second["matches"] == third["matches"] == ["0-1"]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Dr. Smith met J. R. Jones.", "They left at 3.5 p.m. in the U.S. capital.", "Why?"],
        ['He said "Stop!"', "Then (in 1990.)", "It ended."],
        ["It was no. 5 of them.", "A line\n", "Another one"],
        ["the king will sing .", "who will dance ?", "the end ."],
        ["One sentence without an end"],
    ],
)
def test_sentences_end_where_a_reader_would_say(sentences):
    text = "".join(sentence if sentence.endswith("\n") else f"{sentence} " for sentence in sentences).strip()
    spans = sentence_spans(text)
    assert [text[start:end] for start, end in spans] == [sentence.strip() for sentence in sentences]


def context(text: str, *spans: tuple[int, int]) -> dict[str, Any]:
    named = {"document_title": "t", "document_id": "d", "document_url": "u", "language": "de", "text": text}
    return {**named, "sentence_spans": [{"start": start, "end": end} for start, end in spans]}


def mention(start: int, text: str, entity: str = "Q1", identifier: str = "m1") -> dict[str, Any]:
    span = {"start": start, "end": start + len(text), "text": text}
    return {"example_id": identifier, "mention_span": span, "entity_id": entity, "metadata": {}}


def entity(identifier: str = "Q1", description: str = "Kiel is a port. It is old.") -> dict[str, Any]:
    spans = [{"start": 0, "end": 15}, {"start": 16, "end": 26}]
    described = {"entity_id": identifier, "title": "Kiel", "description": description, "description_language": "en"}
    return {**described, "description_url": "u", "sentence_spans": spans}


TEXT = "Vorher war nichts. Kiel {am Meer}\nist  alt. Danach."
SPANS = [(0, 18), (19, 43), (44, 51)]


def test_a_mention_is_marked_in_its_sentence_and_stands_before_it(release):
    release.write(
        MENTIONS,
        lines({"context": context(TEXT, *SPANS), "mentions": [mention(19, "Kiel"), mention(28, "Meer", "Q2", "m2")]}),
    )
    first, second = release.rows("mewslix", "test", "de")
    assert first == {"id": "m1", "query": "Kiel: { Kiel } (am Meer) ist alt.", "candidate": None, "matches": ["Q1"]}
    assert second["query"] == "Meer: Kiel {am { Meer } } ist alt." and second["matches"] == ["Q2"]


def test_entities_are_their_descriptions_and_pairs_have_both(release):
    release.write(ENTITIES, lines(entity(), entity("Q2")))
    rows = release.rows("mewslix", "pool", "en")
    assert rows[0] == {"id": "Q1", "query": None, "candidate": "Kiel is a port. It is old.", "matches": []}
    mentioned = {"context": context(TEXT, *SPANS), "mention": mention(19, "Kiel")}
    release.write(PAIRS, lines({"contextual_mention": mentioned, "entity": entity()}))
    (pair,) = release.rows("wikipedia_pairs")
    assert pair["candidate"] == rows[0]["candidate"] and pair["query"].startswith("Kiel: { Kiel }")
    assert pair["matches"] == ["Q1"] and pair["id"] == "1"


def test_mentions_without_their_entities_have_no_gold(release):
    record = {"context": context(TEXT, *SPANS), "mentions": [mention(19, "Kiel", "")]}
    release.write(MENTIONS, lines(record))
    assert release.rows("mewslix", "test", "de")[0]["matches"] is None
    release.write(MENTIONS, lines(record, {**record, "mentions": [mention(19, "Kiel", "Q1", "m2")]}))
    with pytest.raises(DataError, match="row 2: has an entity, but the rows before it have none"):
        release.rows("mewslix", "test", "de")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"context": context(TEXT, *SPANS), "mentions": [mention(20, "Kiel")]},
            "the mention 'Kiel' does not stand at 20",
        ),
        ({"context": context(TEXT, (0, 18)), "mentions": [mention(19, "Kiel")]}, "is in none of 'sentence_spans'"),
        ({"context": context("", (0, 18)), "mentions": [mention(19, "Kiel")]}, "'mention_span' has"),
        ({"context": context(TEXT, *SPANS), "mentions": [{"example_id": "m"}]}, "has no field 'entity_id'"),
        ({"title": "Kiel"}, "has no field 'entity_id'"),
    ],
)
def test_damaged_mentions_are_errors_with_row_and_field(release, record, said):
    release.write(MENTIONS, lines(record))
    with pytest.raises(DataError, match=said):
        release.rows("mewslix", "test", "de")
