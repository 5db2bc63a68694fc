"""Whether the library that a study's learning curves go to is there."""

from __future__ import annotations

from collections.abc import Iterator

from xstilts.checks.findings import Finding
from xstilts.graph.runs import Runs
from xstilts.runtime.tracking import is_installed


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over what is missing: at most one package."""
    kind = runs.study.tracking
    if kind != "off" and not is_installed(kind):
        yield Finding(
            "tracking",
            f"is '{kind}', and the package {kind} is not installed where jobs run. Install it "
            f"(pip install {kind}), or set tracking to 'off'.",
        )
