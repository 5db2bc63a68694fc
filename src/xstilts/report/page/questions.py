"""The section on the research questions: the verdict on each, its figure, and folded the details."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from xstilts.analysis.answers import Answer, Verdict
from xstilts.config.study import Study
from xstilts.report.page.content import PageFigure
from xstilts.report.page.view import HtmlTable, estimates_table, interval, number_text, p_text, with_unit
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


#: Whether a study is made to answer a question that needs models or arms of its own.
_ASKED: Mapping[str, Callable[[Study], bool]] = {
    "q2": lambda study: any(model.code_of for model in study.models.values()),
    "q4": lambda study: any(stage.train_examples for arm in study.arms.values() for stage in arm.sequence),
}
NOT_ASKED = "not asked by this study"


def verdict_of(answer: Answer, study: Study) -> str:
    """Return the verdict; :data:`NOT_ASKED` where the study lacks the models or arms that the question is about."""
    asks = _ASKED.get(answer.question)
    return NOT_ASKED if answer.verdict == "not identifiable" and asks and not asks(study) else answer.verdict


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
    details: bool = True


def question_sections(
    answers: Sequence[Answer], figures: Mapping[str, PageFigure], study: Study
) -> list[QuestionSection]:
    """Return the five questions in order, then any others that were answered."""
    given = {answer.question: answer for answer in answers}
    names = [*QUESTIONS, *(name for name in given if name not in QUESTIONS)]
    return [_section(name, given.get(name), figures_at(name, figures), study) for name in names]


def figures_at(place: str, figures: Mapping[str, PageFigure]) -> list[PageFigure]:
    """Return the figures of a place on the page, in their order; see :class:`PageContent`."""
    return [figure for key, figure in figures.items() if key == place or key.startswith((f"{place}_", f"{place}-"))]


def sentence(text: str) -> str:
    """Return a text that begins with a capital and ends with a full stop."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _section(name: str, answer: Answer | None, figures: list[PageFigure], study: Study) -> QuestionSection:
    if answer is None:
        reason = "This report was made without an analysis of this question."
        return QuestionSection(name, QUESTIONS[name], reason, shown=figures)
    if verdict_of(answer, study) == NOT_ASKED:
        why = sentence(answer.reason.partition(". ")[0])
        return QuestionSection(name, answer.title, why, NOT_ASKED, "not-asked", "–", details=False)
    if answer.verdict == "not identifiable":  # no figure says anything about the hypothesis: they lie in figures/
        return replace(_verdict(name, answer), remarks=answer.notes[:1])
    tables = [
        estimates_table(answer.secondary, f"{name.upper()}: secondary estimates (adjusted p: Benjamini–Hochberg)")
    ]
    if not any(figure.name == f"{name}_robustness" for figure in figures):  # it has the same numbers
        tables.append(estimates_table(answer.robustness, f"{name.upper()}: the estimate under other choices"))
    return replace(
        _verdict(name, answer),
        shown=figures[:1],
        folded=figures[1:],
        tables=[table for table in tables if table],
        remarks=(*answer.cannot, *answer.notes),
    )


def _verdict(name: str, answer: Answer) -> QuestionSection:
    return QuestionSection(
        name=name,
        title=answer.title,
        answer=sentence(answer.reason),
        verdict=answer.verdict_text,
        kind=answer.verdict.replace(" ", "-"),
        mark=MARKS[answer.verdict],
        estimate=_estimate(answer),
        hypothesis=sentence(answer.hypothesis),
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
