"""The first screen: the study's question, its answer in a sentence, the five verdicts, the best and the worst arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.analysis.overall import ArmMean, Overall, overall
from xstilts.analysis.verdicts import MIN_SEEDS
from xstilts.config.settings import Limits
from xstilts.config.study import Study
from xstilts.report.page.questions import MARKS, NOT_ASKED, QUESTIONS, verdict_of
from xstilts.scores.labels import arm_label
from xstilts.wording import counted, in_words, listed, signed

_SHORT = {"q1": "Distance", "q2": "Code", "q3": "Similar texts", "q4": "More data", "q5": "Similar meaning"}


@dataclass(frozen=True)
class Line:
    """The answer of one model: a word, the sentence that goes on from it, and sentences about what it leaves out."""

    word: str
    kind: str
    text: str
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class End:
    """The best or the worst arm of a model, with its gains in words."""

    title: str
    arm: str
    zero_shot: str
    english: str


@dataclass(frozen=True)
class Chip:
    """The verdict of one question in a few words; ``href`` is its place on the page."""

    href: str
    name: str
    title: str
    mark: str
    verdict: str
    kind: str


@dataclass(frozen=True)
class FirstScreen:
    """What stands above everything else."""

    lines: Sequence[Line]
    ends: Sequence[End]
    chips: Sequence[Chip]


def first_screen(scores: pd.DataFrame, study: Study, answers: Sequence[Answer]) -> FirstScreen:
    """Return the content of the first screen.

    Args:
        scores: The study's usable scores.
        study: The study.
        answers: The answers to the research questions.
    """
    found = {model: overall(scores, study, model) for model in study.models}
    first = next(iter(found.values()))
    return FirstScreen(
        lines=[_line(scores, one, study) for one in found.values()],
        ends=_ends(first, study),
        chips=[_chip(name, {answer.question: answer for answer in answers}.get(name), study) for name in QUESTIONS],
    )


def _line(scores: pd.DataFrame, found: Overall, study: Study) -> Line:
    """Return the answer of one model. A word alone says what holds; the sentence says of what, and how sure it is."""
    model = f"With {found.model}, " * (len(study.models) > 1)
    why_not = _no_answer(scores, found, study)
    if why_not:
        return Line("No answer" if len(scores) else "No answer yet", "none", f"{model}{why_not}.")
    best, count = found.arms[0], len(found.arms)
    name, gain = arm_label(best.arm, study), signed(best.gain, 1)
    where = f"{model}{_data(study)}averaged over {_targets(found, study)}"
    numbers = f"{gain} {'point' if gain in ('+1.0', '−1.0') else 'points'} ({_interval(best)}; n = {_n(found)})"
    if gain == "0.0" or best.gain < 0:
        none = f"none of {in_words(count)} arms" if found.arms_left_out else "no arm"
        helped = f"{none} helps zero-shot; best is {name} with" if count > 1 else f"{name} does not help zero-shot:"
        return Line("No", "no", f"{where}, {helped} {numbers}.", _notes(scores, found, study))
    who = f"the best of {in_words(count)} arms, {name}," if count > 1 else f"{name}"
    text = f"{where}, {who} gains {numbers} zero-shot"
    if best.sure and found.seeds >= MIN_SEEDS:
        after = f", also after correction for choosing among {in_words(count)} arms" if count > 1 else ""
        return Line("Yes", "yes", f"{text}{after}.", _notes(scores, found, study))
    return Line("Not clear", "unclear", f"{text}; {_doubt(best, found)}.", _notes(scores, found, study))


def _no_answer(scores: pd.DataFrame, found: Overall, study: Study) -> str:
    """Say why there is no answer; empty if there is one."""
    if not found.arms_left_out and not found.arms:
        return "the study has no arm to compare with the baseline"
    if scores.empty:
        return "nothing has been scored"
    if not found.targets and not found.left_out:
        return "no target has a language that fine-tuning has no examples of"
    if not found.arms:
        return "no arm and its baseline have scores with the same seed in all zero-shot languages of a target"
    if set(found.at_chance) == set(found.targets):
        which = "its only target" if len(found.targets) == 1 else f"any of {in_words(len(found.targets))} targets"
        return f"neither the baseline nor an arm is above chance zero-shot on {which}"
    return ""


def _data(study: Study) -> str:
    """Say what data the answer is on where that is not whole and real."""
    if study.source.kind == "synthetic":
        return "on synthetic languages, "
    return "on a part of each data set, " if study.examples != Limits() else ""


def _targets(found: Overall, study: Study) -> str:
    """Return what a mean is over: 'nine targets', 'seven of nine targets', 'XNLI alone'."""
    used, all_targets = len(found.targets), len(found.targets) + len(found.left_out)
    if all_targets == 1:
        return f"the languages of {study.title_of(found.targets[0])}"
    if used == all_targets:
        return f"{in_words(used)} targets"
    return f"{in_words(used)} of {in_words(all_targets)} targets"


def _interval(mean: ArmMean) -> str:
    if math.isnan(mean.low):
        return "no interval"
    return f"95 % interval {signed(mean.low, 1)} to {signed(mean.high, 1)}"


def _n(found: Overall) -> str:
    return f"{counted(found.seeds, 'seed')} × {counted(len(found.targets), 'target')}"


def _doubt(best: ArmMean, found: Overall) -> str:
    """Say why a gain is no yes."""
    if found.seeds < MIN_SEEDS:
        return f"an answer needs at least {in_words(MIN_SEEDS)} seeds"
    if math.isnan(best.low) or best.low <= 0:
        return "this may be chance"
    return f"corrected for choosing among {in_words(len(found.arms))} arms, this may be chance"


def _notes(scores: pd.DataFrame, found: Overall, study: Study) -> list[str]:
    """Return sentences about fine-tuned targets alone, and about what the mean leaves out."""
    notes = []
    tuned = overall(scores, study, found.model, fine_tuned=True)
    if tuned.arms and set(tuned.targets) < set(found.targets):
        best = tuned.arms[0]
        notes.append(
            f"Without retrieval, best is {arm_label(best.arm, study)} with {signed(best.gain, 1)} ({_interval(best)})."
        )
    if found.left_out or found.arms_left_out:
        targets = listed([*map(study.title_of, found.left_out)])
        arms = listed([arm_label(arm, study) for arm in found.arms_left_out])
        kinds = [("target", found.left_out, targets), ("arm", found.arms_left_out, arms)]
        parts = [f"the {noun}{'s' * (len(which) > 1)} {names}" for noun, which, names in kinds if which]
        notes.append(f"Left out, as scores are missing: {listed(parts)}.")
    if found.seeds < MIN_SEEDS:
        notes.append(
            f"{in_words(found.seeds).capitalize()} {'seed is' if found.seeds == 1 else 'seeds are'} too few to be sure."
        )
    if found.at_chance:
        notes.append(f"At chance zero-shot, with or without an arm: {listed([*map(study.title_of, found.at_chance)])}.")
    return notes


def _ends(found: Overall, study: Study) -> list[End]:
    """Return the best and the worst arm of the first model; none without arms, one where there is only one."""
    if not found.arms:
        return []
    ends = [("Best arm", found.arms[0]), ("Worst arm", found.arms[-1])] if len(found.arms) > 1 else [
        ("The arm", found.arms[0])
    ]  # fmt: skip
    return [
        End(
            title,
            arm_label(mean.arm, study),
            signed(mean.gain, 1),
            "not scored" if math.isnan(mean.english) else signed(mean.english, 1),
        )
        for title, mean in ends
    ]


def _chip(name: str, answer: Answer | None, study: Study) -> Chip:
    verdict = "not analysed" if answer is None else verdict_of(answer, study)
    if answer is None or verdict == NOT_ASKED:
        kind, mark = "not-asked", "–"
    else:
        kind, mark = verdict.replace(" ", "-"), MARKS[answer.verdict]
    return Chip(name, f"{name.upper()} {_SHORT[name]}", QUESTIONS[name], mark, verdict, kind)
