"""Queries, and the candidates among which their answers are: SQuAD as retrieval, XQuAD-R, Mewsli-X."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.questions import paragraphs_of, question_row
from xstilts.sources.readers.raw import HINT, AllOrNone, json_records, member, short
from xstilts.sources.readers.splitting import sentence_spans
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]
Span = tuple[int, int]

_BRACES = re.compile(r"\{(.*?)\}")


def squad_sentences(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """SQuAD's JSON as pairs of a question and the sentence that its first answer begins in, with the whole paragraph.

    Sentences are found by rules. A sentence is the same candidate for all questions that it answers: its id has the
    numbers of paragraph and sentence.
    """
    (path,) = paths
    for place, (number, _, paragraph, context) in enumerate(paragraphs_of(path)):
        spans = sentence_spans(context)
        for offset, question in enumerate(member(path, number, paragraph, "qas", list)):
            row = question_row(path, number + offset, context, question, task)
            sentence = _holding(spans, _first_start(path, number + offset, row))
            if sentence is not None:
                yield {
                    "id": row["id"],
                    "query": row["question"],
                    "candidate": _in_context(context, spans[sentence]),
                    "matches": [f"{place}-{sentence}"],
                }


def xquad_r(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """XQuAD-R: SQuAD's JSON with ``sentence_breaks`` in each paragraph, [start, end) of every sentence in characters.

    Yields every sentence with its paragraph as a candidate, then the paragraph's questions. A question is answered by
    the sentence that its answer begins in; where it begins in none, the question is left out.
    """
    (path,) = paths
    for place, (number, _, paragraph, context) in enumerate(paragraphs_of(path)):
        spans = [
            _span(path, number, breaks, context, "sentence_breaks")
            for breaks in member(path, number, paragraph, "sentence_breaks", list)
        ]
        ids = [f"{language.code}-{place}-{sentence}" for sentence in range(len(spans))]
        for identifier, span in zip(ids, spans, strict=True):
            yield {"id": identifier, "query": None, "candidate": _in_context(context, span), "matches": []}
        for offset, question in enumerate(member(path, number, paragraph, "qas", list)):
            row = question_row(path, number + offset, context, question, task)
            sentence = _holding(spans, _first_start(path, number + offset, row))
            if sentence is not None:
                yield {"id": row["id"], "query": row["question"], "candidate": None, "matches": [ids[sentence]]}


def mewslix(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Mewsli-X's JSON Lines, of any of its three kinds.

    - ``wikipedia_pairs``: ``contextual_mention`` (``context`` and ``mention``) and ``entity``; a pair, whose id is the
      row number.
    - ``wikinews_mentions``: ``context`` and ``mentions``; a query for each mention. Its entity is an empty text in all
      of a file where XTREME-R hides it.
    - ``candidate_set_entities``: an entity, which is a candidate.

    A mention's text is ``mention: the sentence with the { mention } in it``; braces that are in the sentence become
    parentheses. An entity's is its description.
    """
    (path,) = paths
    gold = AllOrNone(path, "an entity")
    for number, record in json_records(path):
        if "contextual_mention" in record:
            mentioned = member(path, number, record, "contextual_mention", dict)
            text = _mention_text(path, number, mentioned, member(path, number, mentioned, "mention", dict))
            entity = member(path, number, record, "entity", dict)
            identifier = member(path, number, entity, "entity_id", str)
            candidate = _entity_text(path, number, entity)
            yield {"id": str(number), "query": text, "candidate": candidate, "matches": [identifier]}
        elif "mentions" in record:
            for mention in member(path, number, record, "mentions", list):
                identifier = member(path, number, mention, "entity_id", str)
                gold.check(number, bool(identifier))
                yield {
                    "id": member(path, number, mention, "example_id", str),
                    "query": _mention_text(path, number, record, mention),
                    "candidate": None,
                    "matches": [identifier] if identifier else None,
                }
        else:
            identifier = member(path, number, record, "entity_id", str)
            yield {"id": identifier, "query": None, "candidate": _entity_text(path, number, record), "matches": []}


def _first_start(path: Path, number: int, row: Row) -> int:
    if not row["answers"]:
        raise DataError(path, f"question '{row['id']}' has no answer.", number, f"Take the file with answers. {HINT}")
    start: int = row["answer_starts"][0]
    return start


def _holding(spans: Sequence[Span], start: int) -> int | None:
    """The number of the sentence that a character is in; None where it is in none."""
    return next((number for number, (first, end) in enumerate(spans) if first <= start < end), None)


def _in_context(context: str, span: Span) -> str:
    """A sentence and then its whole paragraph, with nothing between them, in one line."""
    return (context[slice(*span)] + context).replace("\n", "")


def _span(path: Path, row: int, value: Any, text: str, name: str) -> Span:
    """A [start, end) of characters that lies in a text."""
    numbers = [value.get("start"), value.get("end")] if isinstance(value, dict) else value
    if isinstance(numbers, list) and len(numbers) == 2:
        start, end = numbers
        if type(start) is int and type(end) is int and 0 <= start < end <= len(text):
            return start, end
    problem = f"'{name}' has {short(str(value))}, which is no start and end in a text of {len(text)} characters."
    raise DataError(path, problem, row, f"Offsets count characters of the text as released. {HINT}")


def _mention_text(path: Path, row: int, mentioned: Row, mention: Row) -> str:
    context = member(path, row, mentioned, "context", dict)
    text = member(path, row, context, "text", str)
    span = member(path, row, mention, "mention_span", dict)
    start, end = _span(path, row, span, text, "mention_span")
    named = member(path, row, span, "text", str)
    if text[start:end] != named:
        found = short(text[start:end])
        problem = f"the mention '{short(named)}' does not stand at {start} of its text, '{found}' does."
        raise DataError(path, problem, row, f"Offsets count characters of the text as released. {HINT}")
    breaks = [
        _span(path, row, value, text, "sentence_spans") for value in member(path, row, context, "sentence_spans", list)
    ]
    sentence = next(((first, last) for first, last in breaks if first <= start and end <= last), None)
    if sentence is None:
        raise DataError(path, f"the mention '{short(named)}' is in none of 'sentence_spans'.", row, HINT)
    before, after = (_BRACES.sub(r"(\1)", part) for part in (text[sentence[0] : start], text[end : sentence[1]]))
    return _one_line(f"{named}: {before} {{ {named} }} {after}")


def _entity_text(path: Path, row: int, entity: Row) -> str:
    description = member(path, row, entity, "description", str)
    spans = member(path, row, entity, "sentence_spans", list)
    parts = [description[slice(*_span(path, row, value, description, "sentence_spans"))] for value in spans]
    return _one_line(" ".join(parts))


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("  ", " ").strip()
