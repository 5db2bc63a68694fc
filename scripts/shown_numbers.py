"""Write the tables of finished studies into the pages that show them.

    python scripts/shown_numbers.py             # README.md and docs/, from results/
    python scripts/shown_numbers.py --check     # only say what differs; exit code 1 if anything does

A page names the file of a table in a comment on the line before it:

    <!-- numbers: results/demo/tables/main.md -->
    | arm | XNLI | … |

Its columns and rows stay; their numbers are those of the rows and columns of the same names in the file. A column's
name may go on in parentheses. A study that has not been run is named, and its numbers stay.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from xstilts.atomic import write_text

REPOSITORY = Path(__file__).parents[1]
_NUMBERS = re.compile(r"^<!-- numbers: (?P<file>\S+) -->\n(?P<table>(?:\|.*\n)+)", re.MULTILINE)

Row = list[str]


def updated(page: str, root: Path) -> tuple[str, list[str]]:
    """Return the page with the numbers of the tables that it names, and the files that are not there.

    Args:
        page: The text of a page.
        root: The folder that the tables' paths start from.

    Raises:
        KeyError: The file has no such row or column.
    """
    absent = []

    def replaced(match: re.Match[str]) -> str:
        path = root / match["file"]
        if not path.exists():
            absent.append(match["file"])
            return match[0]
        return f"<!-- numbers: {match['file']} -->\n{_merged(match['table'], path.read_text(encoding='utf-8'))}"

    return _NUMBERS.sub(replaced, page), absent


def _merged(shown: str, file: str) -> str:
    """The table as the page shows it, with the file's numbers."""
    (header, *rows), (names, *values) = _cells(shown), _cells(file)
    places = [[_name(name) for name in names].index(_name(column)) for column in header]
    by_name = {_name(row[0]): row for row in values}
    lines = shown.splitlines()
    body = [_line([row[0], *(by_name[_name(row[0])][place] for place in places[1:])]) for row in rows]
    return "\n".join([*lines[:2], *body]) + "\n"


def _cells(text: str) -> list[Row]:
    """The cells of the first table of a Markdown text, without the line below its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]


def _name(cell: str) -> str:
    return cell.partition(" (")[0].strip("* ")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Update the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, differ = parser.parse_args().check, False
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))):
        page = path.read_text(encoding="utf-8")
        new, absent = updated(page, REPOSITORY)
        for file in absent:
            print(f"{path.name}: {file} is not there; its numbers stay. Run the study first.")
        if new != page:
            differ = True
            print(f"{path.name}: the numbers {'differ' if check else 'are new'}.")
            if not check:
                write_text(path, new)
    sys.exit(check and differ)


if __name__ == "__main__":
    main()
