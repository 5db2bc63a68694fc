"""How findings are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xstilts.checks.findings import Finding
from xstilts.wording import counted


def lines(findings: Sequence[Finding]) -> list[str]:
    """A line per finding, then how many there are."""
    number = sum(not finding.warning for finding in findings)
    shown = [f"{'warning' if finding.warning else 'problem'}: {_one_line(finding)}" for finding in findings]
    return [*shown, f"{counted(number, 'problem')}, {counted(len(findings) - number, 'warning')}"]


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Problems and warnings, each with its key."""
    said = [(finding.warning, {"key": finding.key, "message": finding.text}) for finding in findings]
    return {
        "problems": [entry for warning, entry in said if not warning],
        "warnings": [entry for warning, entry in said if warning],
    }


def _one_line(finding: Finding) -> str:
    return " ".join(str(finding).split())
