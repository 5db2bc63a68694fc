"""Whether Python and its packages are what this package declares, and what its lock file lists."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from xstilts.checks.findings import Finding
from xstilts.wording import counted

LOCK = "requirements.lock"
_MOST_NAMED = 5


def findings(folder: Path) -> Iterator[Finding]:
    """Iterate over what is wrong with the installation.

    Args:
        folder: The workflow's folder; of a clone, it has the lock file.
    """
    allowed = metadata("xstilts")["Requires-Python"] or ""
    if platform.python_version() not in SpecifierSet(allowed, prereleases=True):
        yield Finding("Python", f"is {platform.python_version()}, but xstilts needs {allowed}. Install another one.")
    for line in requires("xstilts") or ():
        yield from _unmet(Requirement(line))
    if (folder / LOCK).is_file():
        yield from _unlike(folder / LOCK)


def _unmet(wanted: Requirement) -> Iterator[Finding]:
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return
    found = installed(wanted.name)
    if not found:
        yield Finding("packages", f"{wanted.name} is not installed. Run: pip install '{wanted}'")
    elif not wanted.specifier.contains(found, prereleases=True):
        yield Finding("packages", f"{wanted.name} is {found}, xstilts needs {wanted}. Run: pip install '{wanted}'")


def _unlike(lock: Path) -> Iterator[Finding]:
    """Warn of other versions than those that xstilts is tested with."""
    lines = (line.split("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    locked = dict(line.split("==", 1) for line in lines if "==" in line)
    others = [(name, found, wanted) for name, wanted in locked.items() if _is_other(found := installed(name), wanted)]
    if others:
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        yield Finding(
            "packages",
            f"{counted(len(others), 'package')} in other versions than {lock.name} lists: {_named(others)}{more}. "
            f"Scores may differ in their last digits. Run: pip install --requirement {lock.name}",
            warning=True,
        )


def _is_other(found: str, wanted: str) -> bool:
    return bool(found) and found.split("+")[0] != wanted.split("+")[0]  # torch has its CPU or CUDA behind a plus


def _named(others: Sequence[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name} {found} (listed: {wanted})" for name, found, wanted in others[:_MOST_NAMED])


def installed(package: str) -> str:
    """The version of an installed package; empty if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
