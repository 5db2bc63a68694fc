"""The section on the research questions: a summary of the answers, and each answer in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xstilts.analysis.answers import Answer, Verdict
from xstilts.report.page.content import PageFigure
from xstilts.report.page.view import HtmlCell, HtmlTable, estimates_table, interval, number_text, p_text, with_unit
from xstilts.scores.labels import MISSING

#: The titles of questions without an answer.
QUESTIONS = {
    "q1": "Does a language’s typological distance to English predict how much it gains?",
    "q2": "Does pretraining on code change the gap between English and other languages?",
    "q3": "Do intermediate tasks help more if their texts are similar to those of the target?",
    "q4": "Does more, or more diverse, intermediate data make transfer more even across language families?",
    "q5": "Does semantic similarity predict where intermediate training hurts?",
}
#: A sign for each verdict, which is not told by colour alone.
MARKS: dict[Verdict, str] = {"supported": "✓", "not supported": "✕", "not enough seeds": "…", "not identifiable": "?"}


@dataclass(frozen=True)
class QuestionSection:
    """One question on the page; without a ``verdict`` it was not analysed, and ``answer`` says so.

    ``kind`` is the verdict without the mark of an exercise, as a class of the style sheet.
    """

    name: str
    title: str
    answer: str
    verdict: str = ""
    kind: str = ""
    mark: str = ""
    estimate: str = ""
    hypothesis: str = ""
    shown: Sequence[PageFigure] = ()
    folded: Sequence[PageFigure] = ()
    tables: Sequence[HtmlTable] = ()
    remarks: Sequence[str] = ()


def question_sections(answers: Sequence[Answer], figures: Mapping[str, PageFigure]) -> list[QuestionSection]:
    """Return the five questions in order, then any others that were answered."""
    given = {answer.question: answer for answer in answers}
    names = [*QUESTIONS, *(name for name in given if name not in QUESTIONS)]
    return [_section(name, given.get(name), figures_at(name, figures)) for name in names]


def figures_at(place: str, figures: Mapping[str, PageFigure]) -> list[PageFigure]:
    """Return the figures of a place on the page, in their order; see :class:`PageContent`."""
    return [figure for key, figure in figures.items() if key == place or key.startswith((f"{place}_", f"{place}-"))]


def summary_table(answers: Sequence[Answer]) -> HtmlTable | None:
    """Build the table of answers, a row per analysed question; None if there is no answer."""
    rows = []
    for answer in sorted(answers, key=lambda answer: answer.question):
        row = [
            HtmlCell(answer.title, href=answer.question),
            HtmlCell(f"{MARKS[answer.verdict]} {answer.verdict_text}"),
        ]
        if answer.primary is None:
            rows.append([*row, *[HtmlCell(MISSING)] * 4, HtmlCell(sentence(answer.reason))])
            continue
        estimate = answer.primary
        texts = (
            with_unit(estimate.value, estimate.unit),
            interval(estimate.low, estimate.high),
            p_text(estimate.p),
            p_text(answer.p_adjusted),
            estimate.n,
        )
        rows.append([*row, *map(HtmlCell, texts)])
    header = ["question", "verdict", "estimate", "95 % interval", "p", "adjusted p", "based on"]
    notes = ["p: two-sided, of the one declared hypothesis; adjusted p: Holm, over the questions with a test."]
    return HtmlTable("Answers", header, rows, notes=notes, kind="texts") if rows else None


def sentence(text: str) -> str:
    """Return a text that begins with a capital and ends with a full stop."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _section(name: str, answer: Answer | None, figures: list[PageFigure]) -> QuestionSection:
    if answer is None:
        reason = "This report was made without an analysis of this question."
        return QuestionSection(name, QUESTIONS[name], reason, shown=figures)
    told = answer.verdict != "not identifiable"  # else what there is says nothing about the hypothesis, and is folded
    tables = [estimates_table(answer.secondary, "Secondary estimates (adjusted p: Benjamini–Hochberg)")]
    if not any(figure.name == f"{name}_robustness" for figure in figures):  # it has the same numbers
        tables.append(estimates_table(answer.robustness, "Robustness: the primary estimate under other choices"))
    return QuestionSection(
        name=name,
        title=answer.title,
        answer=sentence(answer.reason),
        verdict=answer.verdict_text,
        kind=answer.verdict.replace(" ", "-"),
        mark=MARKS[answer.verdict],
        estimate=_estimate(answer),
        hypothesis=sentence(answer.hypothesis),
        shown=figures[:told],
        folded=figures[told:],
        tables=[table for table in tables if table],
        remarks=(*answer.cannot, *answer.notes) if told else answer.notes,
    )


def _estimate(answer: Answer) -> str:
    """Return the primary estimate as a sentence; empty if there is none."""
    if answer.primary is None:
        return ""
    one = answer.primary
    within = f"95 % interval {interval(one.low, one.high)}"
    parts = [within if number_text(one.low) != MISSING else "no interval"]
    parts += [f"p = {p_text(one.p)}".replace("= <", "<")] * (one.p is not None)
    parts += [f"adjusted {p_text(answer.p_adjusted)}"] * (answer.p_adjusted is not None)
    return sentence(f"{one.name}: {with_unit(one.value, one.unit)} ({'; '.join([*parts, *filter(None, [one.n])])})")
