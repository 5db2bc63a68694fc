"""Examples as texts to translate, and back: field by field, an answer between marks in its context."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xstilts.config.translation import ORIGINAL
from xstilts.task_types.base import TaskType
from xstilts.tasks.task import Task
from xstilts.translation.translator import Failure, Translated

Row = dict[str, Any]

#: Why an example is left out: what became of one of its texts; marks that did not come back, each once and in order; a
#: context that has marks of all kinds itself.
Problem = Failure | Literal["marks_lost", "no_mark_free"]

#: Pairs of marks; the first that a context does not hold is used. Square brackets survive translation most often
#: (Chen et al. 2023, arXiv 2211.15613).
MARKS = (("[", "]"), ("{", "}"), ("<", ">"), ("«", "»"))


@dataclass(frozen=True)
class Fields:
    """How the examples of a task become texts, and translations become examples.

    Attributes:
        columns: Those that hold text, one or a list of texts each.
        marks_answers: Whether an answer is carried over by marks in the column ``context``.
    """

    columns: tuple[str, ...]
    marks_answers: bool

    @classmethod
    def of(cls, task: Task, task_type: type[TaskType]) -> Fields:
        """Return those of a task whose type can be translated."""
        return cls(task_type.text_columns, task.type == "span_qa")

    def texts(self, row: Row) -> Iterator[str]:
        """Iterate over the texts of an example that have to be translated; blank ones have not."""
        if self._lacks_marks(row):
            return
        for column in self.columns:
            value = row[column]
            for text in value if isinstance(value, list) else [self._source(row, column)]:
                if text.strip():
                    yield text

    def translated(self, row: Row, known: Mapping[str, Translated]) -> Row | Problem:
        """Return an example in the other language, with its English texts; or why there is none.

        Args:
            row: The English example.
            known: The translation of each of its texts.
        """
        if self._lacks_marks(row):
            return "no_mark_free"
        if problem := next((found for text in self.texts(row) if (found := known[text].problem)), None):
            return problem
        original = {column: row[column] for column in self.columns}
        made = {**row, ORIGINAL: json.dumps(original, ensure_ascii=False)}
        for column in self.columns:
            value = row[column]
            sources = value if isinstance(value, list) else [self._source(row, column)]
            texts = [known[source].text if source.strip() else source for source in sources]
            made[column] = texts if isinstance(value, list) else texts[0]
        if not self._is_marked(row):
            return made
        placed = answer_between(made["context"], _marks_for(row["context"]))
        if placed is None:
            return "marks_lost"
        context, answer, start = placed
        return {**made, "context": context, "answers": [answer], "answer_starts": [start]}

    def _is_marked(self, row: Row) -> bool:
        return self.marks_answers and bool(row["answers"])

    def _lacks_marks(self, row: Row) -> bool:
        return self._is_marked(row) and not _marks_for(row["context"])

    def _source(self, row: Row, column: str) -> str:
        """The text that is translated for a column: of an answered context, with marks around the first answer."""
        text = str(row[column])
        if column != "context" or not self._is_marked(row):
            return text
        (opening, closing), start = _marks_for(text), row["answer_starts"][0]
        end = start + len(row["answers"][0])
        return f"{text[:start]}{opening}{text[start:end]}{closing}{text[end:]}"


def _marks_for(context: str) -> tuple[str, ...]:
    """The first pair of marks of which a context has none; nothing where it has some of each."""
    return next((pair for pair in MARKS if not any(mark in context for mark in pair)), ())


def answer_between(context: str, marks: Sequence[str]) -> tuple[str, str, int] | None:
    """Take the marks out of a translated context.

    Args:
        context: The translation, with the marks in it.
        marks: The opening and the closing one.

    Returns:
        The context without marks, the answer, and where it begins; None where the marks are not there once each, in
        order and with text between them.
    """
    opening, closing = marks
    if context.count(opening) != 1 or context.count(closing) != 1:
        return None
    before, _, rest = context.partition(opening)
    inside, mark, after = rest.partition(closing)
    answer = inside.strip()
    if not mark or not answer:
        return None
    if inside[0].isspace() and before and not before[-1].isspace():
        before += " "
    if inside[-1].isspace() and after and not after[0].isspace():
        after = f" {after}"
    before = before.lstrip()
    return f"{before}{answer}{after.rstrip()}", answer, len(before)


def dropped(outcomes: Sequence[Row | Problem]) -> dict[str, int]:
    """Count the examples that are left out, by problem."""
    return dict(sorted(Counter(one for one in outcomes if isinstance(one, str)).items()))
