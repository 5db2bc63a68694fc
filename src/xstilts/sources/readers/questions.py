"""Questions about a passage, in the JSON of SQuAD that all span-QA tasks share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.raw import HINT, AllOrNone, json_document, member, short
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]

_STRIPPED = (
    "Offsets count characters of the context as released; copies with stripped contexts (such as some on the "
    "Hugging Face Hub) no longer fit. " + HINT
)


def squad(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """SQuAD's JSON: ``data[].paragraphs[].context`` and ``.qas[]`` with ``id``, ``question``, ``answers``.

    An answer is ``text`` and ``answer_start``, counted in characters; contexts and questions are left as they are.
    Every answer must stand at its offset in its context: the releases' do, in all languages. Only SQuAD 2.0 has
    questions without answer (``is_impossible``, or simply no answers). In errors the row is the question's number.
    A test file may have all of its answers blanked (no text, at offset 0); answers are None then.
    """
    (path,) = paths
    yield from _rows(path, task)


def tydiqa(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """TyDiQA-GoldP: SQuAD's JSON with ids such as ``english-4518653-0``; only the language's questions are read.

    The train file mixes all languages. Reading it whole would break zero-shot transfer without a sign of it. So would
    files for one language whose ids do not name it: some that go by "English" hold all nine.
    """
    (path,) = paths
    prefix = f"{task.language_name(language)}-"
    found = False
    for row in _rows(path, task):
        if row["id"].startswith(prefix):
            found = True
            yield row
    if not found:
        raise DataError(
            path,
            f"has no question whose id begins with '{prefix}'.",
            remedy=f"Ids must be those of the original release, which name the language. {HINT}",
        )


def paragraphs_of(path: Path) -> Iterator[tuple[int, dict[str, Any], dict[str, Any], str]]:
    """(1-based number of its first question, article object, paragraph object, context) in the order of the file."""
    number = 1
    for article in member(path, None, json_document(path), "data", list):
        for paragraph in member(path, number, article, "paragraphs", list):
            yield number, article, paragraph, member(path, number, paragraph, "context", str)
            number += len(member(path, number, paragraph, "qas", list))


def _rows(path: Path, task: Task) -> Iterator[Row]:
    gold = AllOrNone(path, "an answer")
    for first, article, paragraph, context in paragraphs_of(path):
        kept = {name: str(article[name]) for name in task.metadata if name in article}
        for number, question in enumerate(member(path, first, paragraph, "qas", list), start=first):
            row = {**question_row(path, number, context, question, task), **kept}
            gold.check(number, row["answers"] is not None)
            yield row


def question_row(path: Path, number: int, context: str, question: Any, task: Task) -> Row:
    """The canonical row of a question object, checked against its context; ``number`` is what errors call it by."""
    identifier = member(path, number, question, "id", str)
    answers = member(path, number, question, "answers", list)
    _check_answerable(path, number, identifier, question, answers, task)
    texts = [member(path, number, answer, "text", str) for answer in answers]
    starts = [member(path, number, answer, "answer_start", int) for answer in answers]
    blanked = bool(answers) and not any(texts) and not any(starts)
    if not blanked:
        for text, start in zip(texts, starts, strict=True):
            _check_answer(path, number, identifier, context, text, start)
    return {
        "id": identifier,
        "context": context,
        "question": member(path, number, question, "question", str),
        "answers": None if blanked else texts,
        "answer_starts": None if blanked else starts,
    }


def _check_answerable(path: Path, number: int, identifier: str, question: Any, answers: list[Any], task: Task) -> None:
    impossible = member(path, number, question, "is_impossible", bool) if "is_impossible" in question else not answers
    if impossible == bool(answers):
        raise DataError(
            path,
            f"question '{identifier}' has {len(answers)} answers, but is_impossible is {str(impossible).lower()}.",
            number,
            f"An unanswerable question must have none, any other at least one. {HINT}",
        )
    if impossible and not task.unanswerable:
        raise DataError(
            path,
            f"question '{identifier}' has no answer; only SQuAD 2.0 has such questions.",
            number,
            f"Is this the file of {task.title}, with its answers? {HINT}",
        )


def _check_answer(path: Path, number: int, identifier: str, context: str, text: str, start: int) -> None:
    if not text:
        raise DataError(
            path,
            f"question '{identifier}' has an answer without text at offset {start}.",
            number,
            f"Only XTREME's test files lack answers, and they have all of them at offset 0. {HINT}",
        )
    if start < 0 or not context.startswith(text, start):
        found = context[max(start, 0) :][: len(text)]
        raise DataError(
            path,
            f"the answer '{short(text)}' of question '{identifier}' does not stand at offset {start} of its context, "
            f"which reads '{short(found)}' there.",
            number,
            _STRIPPED,
        )
