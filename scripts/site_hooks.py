"""Hooks of MkDocs for the documentation site (``mkdocs.yml``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Show CONTRIBUTING.md, where GitHub looks for it, as a page of the site."""
    if page.file.src_uri == "contributing.md":
        return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return markdown


def on_page_content(html: str, **_: Any) -> str:
    """Leave out the roles of cross-references in docstrings, as in ``:func:`load_results```."""
    return re.sub(r":(?:class|data|func|meth|mod):(?=<code>)", "", html)
