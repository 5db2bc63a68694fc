"""Pages of tables, rendered as plain text for a terminal, Markdown, LaTeX or HTML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from html import escape

from tabulate import SEPARATING_LINE, tabulate

from xstilts.wording import Strong

TableRow = list[str] | None  # the texts of a row; None: a horizontal rule

_WIDTH = 100  # characters of a line of plain text
_PANEL = 13  # columns of numbers that fit on a page
_OPEN, _CLOSE = "\ue000", "\ue001"  # mark bold text while tabulate escapes LaTeX's special characters
_TYPOGRAPHY = str.maketrans(
    {"–": "--", "−": "$-$", "×": r"$\times$", "†": r"\textsuperscript{$\dagger$}", _OPEN: r"\textbf{", _CLOSE: "}"}
)
_SPECIAL = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {character: f"\\{character}" for character in "&%$#_{}"}
)
_STYLE = """
body { margin: 2rem auto; padding: 0 1rem; max-width: 80rem; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; }
h1 { font-size: 1.4rem; }
p, li { max-width: 48rem; }
.warning { border: 2px solid; padding: .5rem .8rem; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .2rem .5rem; text-align: right; vertical-align: top; }
th { font-weight: 400; white-space: nowrap; }
.text { text-align: left; }
thead, tbody { border-top: 1px solid; }
table { border-bottom: 1px solid; }
"""


@dataclass(frozen=True)
class TableBlock:
    """One table of a page, usually of one model on one split with a row per arm.

    Attributes:
        name: The caption.
        label: The name of the LaTeX label.
        header: The column names.
        rows: The texts of each row, the label first; None is a horizontal rule.
        texts: How many columns, counted from the left, are text; the others are numbers.
    """

    name: str
    label: str
    header: list[str]
    rows: list[TableRow]
    texts: int = 1


@dataclass(frozen=True)
class TablePage:
    """A page of tables.

    Attributes:
        title: What the tables show.
        warning: A warning shown first; empty for none.
        notes: How to read the tables.
        blocks: The tables.
        below: Notes on single rows, shown below the tables.
        strong: What bold means, for formats that have bold.
    """

    title: str
    warning: str
    notes: list[str]
    blocks: list[TableBlock]
    below: list[str] = field(default_factory=list)
    strong: str = ""


def plain_text(page: TablePage) -> str:
    """Render a page as text for a terminal."""
    parts = [page.title, *filter(None, [page.warning])]
    parts.append("\n".join(textwrap.fill(note, _WIDTH) for note in page.notes))
    for block in page.blocks:
        parts.append(block.name)
        parts += [_tabulated(panel, "simple", rule=SEPARATING_LINE) for panel in _panels(block)]
    parts += [textwrap.fill(note, _WIDTH) for note in page.below]
    return "\n\n".join(parts) + "\n"


def markdown(page: TablePage) -> str:
    """Render a page as Markdown with pipe tables; a row of dashes stands for a rule, which they lack."""
    parts = [f"# {page.title}"]
    parts += [f"**{page.warning}**"] * bool(page.warning) + _notes(page)
    for block in page.blocks:
        parts.append(f"## {block.name}")
        parts += [
            _tabulated(panel, "pipe", rule=["─" * 5] * len(panel.header), strong=("**", "**"))
            for panel in _panels(block)
        ]
    parts += page.below
    return "\n\n".join(parts) + "\n"


def latex(page: TablePage) -> str:
    """Render a page as LaTeX: a ``table*`` with booktabs per block.

    The title and the warning are in each caption, the notes stand below each table. The notes below the blocks, and
    everything on a page without blocks, are paragraphs.
    """
    parts = [r"% Needs \usepackage{booktabs,adjustbox}."]
    if not page.blocks:
        parts += [_escaped(text) for text in (f"{page.title}.", page.warning, *page.notes) if text]
    for block in page.blocks:
        caption = " ".join([f"{page.title}: {block.name}.", *filter(None, [page.warning])])
        notes = _escaped(" ".join(_notes(page)))
        tables = [
            _tabulated(panel, "latex_booktabs", rule=SEPARATING_LINE, strong=(_OPEN, _CLOSE)).translate(_TYPOGRAPHY)
            for panel in _panels(block)
        ]
        body = "\n\n\\medskip\n".join(
            f"\\begin{{adjustbox}}{{max width=\\textwidth}}\n{table}\n\\end{{adjustbox}}" for table in tables
        )
        parts.append(
            "\\begin{table*}\n\\centering\\scriptsize\\setlength{\\tabcolsep}{3pt}\n"
            f"\\caption{{{_escaped(caption)}}}\n\\label{{tab:{block.label}}}\n{body}\n"
            + f"\n\\medskip\n\\parbox{{\\textwidth}}{{{notes}}}\n" * bool(notes)
            + "\\end{table*}"
        )
    parts += [_escaped(text) for text in page.below]
    return "\n\n".join(parts) + "\n"


def html(page: TablePage) -> str:
    """Render a page as a self-contained HTML file; a wide table scrolls on its own."""
    title = escape(page.title)
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>',
        f"<body>\n<h1>{title}</h1>",
    ]
    parts += [f'<p class="warning" role="note"><strong>{escape(page.warning)}</strong></p>'] * bool(page.warning)
    parts += ["<ul>", *(f"<li>{escape(note)}</li>" for note in _notes(page)), "</ul>"]
    parts += [_html_table(block) for block in page.blocks]
    parts += [f"<p>{escape(text)}</p>" for text in page.below]
    return "\n".join([*parts, "</body>\n</html>\n"])


def _html_table(block: TableBlock) -> str:
    """Render a block; the rows between two rules are one ``tbody``."""
    groups: list[list[str]] = [[]]
    for row in block.rows:
        if row is None:
            groups.append([])
        else:
            groups[-1].append(_html_row(row, block.texts))
    head = "".join(_html_cell("th", text, place < block.texts, "col") for place, text in enumerate(block.header))
    bodies = "\n".join("<tbody>\n" + "\n".join(group) + "\n</tbody>" for group in groups if group)
    name = escape(block.name)
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0">\n<table>\n<caption>{name}</caption>\n'
        f"<thead>\n<tr>{head}</tr>\n</thead>\n{bodies}\n</table>\n</div>"
    )


def _html_row(row: list[str], texts: int) -> str:
    cells = [_html_cell("td" if place else "th", text, place < texts, "row") for place, text in enumerate(row)]
    return f"<tr>{''.join(cells)}</tr>"


def _html_cell(tag: str, text: str, is_text: bool, scope: str) -> str:
    attributes = f' scope="{scope}"' * (tag == "th") + ' class="text"' * is_text
    shown = f"<strong>{escape(text)}</strong>" if isinstance(text, Strong) else escape(text)
    return f"<{tag}{attributes}>{shown}</{tag}>"


def _notes(page: TablePage) -> list[str]:
    """Return the notes for a format that has bold."""
    return page.notes + [page.strong] * bool(page.strong)


def _tabulated(panel: TableBlock, style: str, rule: list[str] | str, strong: tuple[str, str] = ("", "")) -> str:
    before, after = strong
    lines = [
        rule if row is None else [before + text + after if isinstance(text, Strong) else text for text in row]
        for row in panel.rows
    ]
    aligned = ["left"] * panel.texts + ["right"] * (len(panel.header) - panel.texts)
    return tabulate(lines, headers=panel.header, tablefmt=style, disable_numparse=True, colalign=aligned)


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL).translate(_TYPOGRAPHY)


def _panels(block: TableBlock) -> list[TableBlock]:
    """Split a block into tables that fit on a page, each with the label columns in front."""
    first = block.texts
    starts = range(first, len(block.header), _PANEL)
    return [
        replace(
            block,
            header=[*block.header[:first], *block.header[start : start + _PANEL]],
            rows=[row and [*row[:first], *row[start : start + _PANEL]] for row in block.rows],
        )
        for start in starts
    ]
