"""Paths with braces, which Snakemake takes for wildcards and has no way to escape."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LINKS = Path(".snakemake") / "braces"


def without_braces(paths: Iterable[Path]) -> list[Path]:
    """The same files by paths that a rule can name.

    A path with braces leads through a link in the folder that Snakemake keeps for itself; the link is made when it is
    asked for, and can be deleted at any time.
    """
    return [_through_link(path) if "{" in str(path) else path for path in paths]


def _through_link(path: Path) -> Path:
    last = max(place for place, part in enumerate(path.parts) if "{" in part or "}" in part)
    folder = Path(*path.parts[: last + 1]).absolute()
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    link = _LINKS / f"{digest}-{re.sub('[{}]', '', folder.name)}"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another snakemake was faster
            link.symlink_to(folder)
    return link.joinpath(*path.parts[last + 1 :])
