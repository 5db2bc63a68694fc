"""What the generated pages have in common."""

from __future__ import annotations

NOTICE = "<!-- Written by `make reference`: change the code that it describes instead. -->"


def one_line(docstring: str) -> str:
    """The first paragraph of a docstring as Markdown on one line."""
    parts = " ".join(docstring.split("\n\n")[0].split()).replace("``", "`").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))
