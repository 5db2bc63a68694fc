"""Pages of tables, and how they are set: plain for a terminal, in Markdown, in LaTeX."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from tabulate import SEPARATING_LINE, tabulate

Row = list[str] | None  # texts of a row, or a rule

_WIDTH = 100  # characters of a line of plain text
_PANEL = 13  # columns of numbers that fit the width of a page
_TYPOGRAPHY = str.maketrans({"–": "--", "−": "$-$", "×": r"$\times$", "†": r"\textsuperscript{$\dagger$}"})
_SPECIAL = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {character: f"\\{character}" for character in "&%$#_{}"}
)


@dataclass(frozen=True)
class Block:
    """One model on one split: a row of texts per arm, the label first; None stands for a rule."""

    name: str
    label: str
    header: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class Page:
    """A table as it is read: what it shows, the notes without which it cannot be understood, its blocks, and below them
    what explains single rows."""

    title: str
    warning: str  # what nobody may overlook; empty: nothing
    notes: list[str]
    blocks: list[Block]
    below: list[str] = field(default_factory=list)


def plain(page: Page) -> str:
    """The page as text for a terminal."""
    parts = [page.title, *filter(None, [page.warning])]
    parts.append("\n".join(textwrap.fill(note, _WIDTH) for note in page.notes))
    for block in page.blocks:
        parts.append(block.name)
        parts += [_tabulated(header, rows, "simple", rule=SEPARATING_LINE) for header, rows in _panels(block)]
    parts += [textwrap.fill(note, _WIDTH) for note in page.below]
    return "\n\n".join(parts) + "\n"


def markdown(page: Page) -> str:
    """The page as Markdown with pipe tables, which know no rules: cells of dashes stand for them."""
    parts = [f"# {page.title}"]
    parts += [f"**{page.warning}**"] * bool(page.warning) + page.notes
    for block in page.blocks:
        parts.append(f"## {block.name}")
        parts += [_tabulated(header, rows, "pipe", rule=["─" * 5] * len(header)) for header, rows in _panels(block)]
    parts += page.below
    return "\n\n".join(parts) + "\n"


def latex(page: Page) -> str:
    """The page as LaTeX: a ``table*`` per block, with booktabs; title and notes stand in every caption.

    What stands below the blocks, and all of a page without any, are paragraphs.
    """
    parts = [r"% Needs \usepackage{booktabs,adjustbox}."]
    if not page.blocks:
        parts += [_escaped(text) for text in (f"{page.title}.", page.warning, *page.notes) if text]
    for block in page.blocks:
        caption = " ".join([f"{page.title}: {block.name}.", *filter(None, [page.warning]), *page.notes])
        tables = [
            _tabulated(header, rows, "latex_booktabs", rule=SEPARATING_LINE).translate(_TYPOGRAPHY)
            for header, rows in _panels(block)
        ]
        body = "\n\n\\medskip\n".join(
            f"\\begin{{adjustbox}}{{max width=\\textwidth}}\n{table}\n\\end{{adjustbox}}" for table in tables
        )
        parts.append(
            "\\begin{table*}\n\\centering\\scriptsize\\setlength{\\tabcolsep}{3pt}\n"
            f"\\caption{{{_escaped(caption)}}}\n\\label{{tab:{block.label}}}\n{body}\n\\end{{table*}}"
        )
    parts += [_escaped(text) for text in page.below]
    return "\n\n".join(parts) + "\n"


def _tabulated(header: list[str], rows: list[Row], style: str, rule: list[str] | str) -> str:
    lines = [rule if row is None else row for row in rows]
    aligned = ("left", *["right"] * (len(header) - 1))
    return tabulate(lines, headers=header, tablefmt=style, disable_numparse=True, colalign=aligned)


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL).translate(_TYPOGRAPHY)


def _panels(block: Block) -> list[tuple[list[str], list[Row]]]:
    """The block's columns in turns that fit a page, each with the labels in front."""
    starts = range(1, len(block.header), _PANEL)
    return [
        (
            [block.header[0], *block.header[start : start + _PANEL]],
            [None if row is None else [row[0], *row[start : start + _PANEL]] for row in block.rows],
        )
        for start in starts
    ]
