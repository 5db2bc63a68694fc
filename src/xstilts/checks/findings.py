"""What a check finds: problems, with which a study cannot run, and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xstilts.errors import UserError, UserErrors


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong with a study.

    Attributes:
        key: The key of the study that it is about, or what else: the disk, a device.
        text: What was found, and the remedy.
        warning: Whether the study can run all the same.
    """

    key: str
    text: str
    warning: bool = False

    @classmethod
    def of(cls, key: str, error: UserError) -> Finding:
        """The problem that an error tells of."""
        return cls(key, str(error).removeprefix(f"{key}: "))

    @classmethod
    def of_sentence(cls, sentence: str) -> Finding:
        """The problem in a sentence of the form 'key: what is wrong'."""
        key, colon, text = sentence.partition(": ")
        return cls(key, text) if colon else cls("study", sentence)

    def __str__(self) -> str:
        """'key: what is wrong'."""
        return f"{self.key}: {self.text}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, with others of its key; keys keep the order in which they come first."""
    once = list(dict.fromkeys(findings))
    keys = list(dict.fromkeys(finding.key for finding in once))
    return sorted(once, key=lambda finding: keys.index(finding.key))


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse a study with problems.

    Raises:
        UserError: There are some; its message has all of them. Warnings do not count.
    """
    problems = [str(finding) for finding in in_order(findings) if not finding.warning]
    if len(problems) > 1:
        raise UserErrors(f"{len(problems)} things are wrong with the study:", problems)
    if problems:
        raise UserError(problems[0])
