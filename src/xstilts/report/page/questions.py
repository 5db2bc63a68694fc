"""The research questions: each one's answer as the page tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xstilts.analysis.answers import Answer, Verdict
from xstilts.report.page.content import Figure
from xstilts.report.page.view import Cell, Table, interval, number, p_text, table_of_estimates, with_unit
from xstilts.scores.labels import MISSING

#: What is asked, for the heading of a question that has no answer.
QUESTIONS = {
    "q1": "Does a language’s typological distance to English tell how much it gains?",
    "q2": "Does pretraining on code change the gap between English and other languages?",
    "q3": "Do intermediate tasks help more where their texts are like those of the target?",
    "q4": "Do more, or more diverse, intermediate data make transfer more even across language families?",
    "q5": "Does semantic similarity tell where intermediate training hurts?",
}
_MARKS: dict[Verdict, str] = {"supported": "✓", "not supported": "✕", "not identifiable": "?"}


@dataclass(frozen=True)
class Question:
    """One question as a section: without ``verdict`` it was not analysed, and ``answer`` says so."""

    name: str
    title: str
    answer: str
    verdict: str = ""
    mark: str = ""
    estimate: str = ""
    hypothesis: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    cannot: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def questions(answers: Sequence[Answer], figures: Mapping[str, Figure]) -> list[Question]:
    """The five questions in order, and then whatever else was answered."""
    given = {answer.question: answer for answer in answers}
    names = [*QUESTIONS, *(name for name in given if name not in QUESTIONS)]
    return [_question(name, given.get(name), figures_of(name, figures)) for name in names]


def figures_of(name: str, figures: Mapping[str, Figure]) -> list[Figure]:
    """The figures whose place is ``name``, in their order; see :class:`PageContent`."""
    return [figure for key, figure in figures.items() if key == name or key.startswith((f"{name}_", f"{name}-"))]


def summary(answers: Sequence[Answer]) -> Table | None:
    """A row for each question that was analysed; None where none was."""
    rows = []
    for answer in sorted(answers, key=lambda answer: answer.question):
        row = [Cell(answer.title, href=answer.question), Cell(f"{_MARKS[answer.verdict]} {answer.verdict}")]
        if answer.primary is None:
            rows.append([*row, *[Cell(MISSING)] * 4, Cell(sentence(answer.reason))])
            continue
        estimate = answer.primary
        texts = (
            with_unit(estimate.value, estimate.unit),
            interval(estimate.low, estimate.high),
            p_text(estimate.p),
            p_text(answer.p_adjusted),
            estimate.n,
        )
        rows.append([*row, *map(Cell, texts)])
    header = ["question", "verdict", "estimate", "95 % interval", "p", "adjusted p", "rests on"]
    notes = ["p: two-sided, of the one declared hypothesis; adjusted p: Holm’s, over the questions that have a test."]
    return Table("The answers at a glance", header, rows, notes=notes, kind="texts") if rows else None


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a full stop."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _question(name: str, answer: Answer | None, figures: list[Figure]) -> Question:
    if answer is None:
        why = "This report was made without an analysis of this question."
        return Question(name, QUESTIONS[name], why, figures=figures)
    tables = [
        table_of_estimates(answer.secondary, "Secondary estimates (adjusted p: Benjamini–Hochberg)"),
        table_of_estimates(answer.robustness, "Robustness: the primary estimate under other choices"),
    ]
    return Question(
        name=name,
        title=answer.title,
        answer=sentence(answer.reason),
        verdict=answer.verdict,
        mark=_MARKS[answer.verdict],
        estimate=_estimate(answer),
        hypothesis=sentence(answer.hypothesis),
        figures=figures,
        tables=[table for table in tables if table],
        cannot=answer.cannot,
        notes=answer.notes,
    )


def _estimate(answer: Answer) -> str:
    """The primary estimate in a line; empty where there is none."""
    if answer.primary is None:
        return ""
    one = answer.primary
    within = f"95 % interval {interval(one.low, one.high)}"
    parts = [within if number(one.low) != MISSING else "no interval"]
    parts += [f"p = {p_text(one.p)}".replace("= <", "<")] * (one.p is not None)
    parts += [f"adjusted {p_text(answer.p_adjusted)}"] * (answer.p_adjusted is not None)
    return sentence(f"{one.name}: {with_unit(one.value, one.unit)} ({'; '.join([*parts, *filter(None, [one.n])])})")
