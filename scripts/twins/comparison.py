"""A twin's answer beside its truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twins.truth import Truth
from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.store import read_answers
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.wording import signed

_DIGITS = {"out-of-sample R²": 3}


@dataclass(frozen=True)
class Comparison:
    """What a planted study has answered, and what is true of it.

    Attributes:
        answer: The answer to the question that the world was made for.
        truth: The primary estimate on the expected scores, of which the value alone means something: zero where nothing
            is planted and the expected gains do not vary, so that they have no estimate.
        effect: Whether the effect is planted.
    """

    answer: Answer
    truth: Estimate
    effect: bool

    @classmethod
    def of(cls, runs: Runs) -> Comparison:
        """Compare a study whose answers are there.

        Raises:
            UserError: The study has no estimate.
        """
        truth = Truth(runs)
        answers = {answer.question: answer for answer in read_answers(runs.paths.answers)}
        answer, true = answers[truth.planted.question], truth.estimate()
        if true is None and not truth.planted.effect and answer.primary is not None:
            true = replace(answer.primary, value=0.0)
        if answer.primary is None or true is None:
            raise UserError(f"{runs.study.study}: question {answer.question} has no estimate. {answer.reason}")
        return cls(answer, true, truth.planted.effect)

    @property
    def estimate(self) -> Estimate:
        """The primary estimate of the answer."""
        assert self.answer.primary is not None
        return self.answer.primary

    @property
    def within(self) -> bool:
        """Whether the interval of the answer holds the truth."""
        return self.estimate.low <= self.truth.value <= self.estimate.high

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is that of the world: supported with the effect, and not supported without it."""
        return self.answer.verdict == ("supported" if self.effect else "not supported")

    def lines(self) -> list[str]:
        """What a person reads of it."""
        digits, estimate = _DIGITS.get(self.estimate.unit, 2), self.estimate
        value, low, high, true = (
            signed(number, digits) for number in (estimate.value, estimate.low, estimate.high, self.truth.value)
        )
        p = "no test" if estimate.p is None else f"p = {estimate.p:.4f}"
        return [
            f"truth    {true} {estimate.unit}",
            f"answer   {value} (95 % interval {low} to {high}, {p}); "
            f"the truth lies {'within' if self.within else 'outside'} the interval",
            f"verdict  {self.answer.verdict_text}; {'as' if self.as_expected else 'NOT as'} it is in this world",
        ]
