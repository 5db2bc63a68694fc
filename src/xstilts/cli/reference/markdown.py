"""What the generated pages have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `make reference`: change the code that it describes instead. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown in which a bar needs no escaping."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def one_line(docstring: str) -> str:
    """The first paragraph of a docstring as Markdown on one line."""
    parts = " ".join(docstring.split("\n\n")[0].split()).replace("``", "`").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))
