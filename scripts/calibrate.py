"""Simulate studies, count how often each question's test is significant, and write the table of docs/calibration.md.

    python scripts/calibrate.py
    python scripts/calibrate.py q1=400 q5=200

An argument is a question and the number of studies per scenario; without arguments every question is run, which takes
about twenty minutes on one core. In the table between the two marks in docs/calibration.md, the rows of a question are
replaced when its run is complete; the rows of other questions stay.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from calibration.designs import DESIGNS
from calibration.rates import as_markdown, calibrated

from xstilts.atomic import write_text

DOCUMENT = Path(__file__).parents[1] / "docs" / "calibration.md"
BEGIN, END = "<!-- table: written by scripts/calibrate.py -->\n", "<!-- end of table -->\n"
RUNS = {"q1": 1_000, "q2": 1_500, "q3": 1_000, "q4": 2_000, "q5": 1_000}


def named_runs(text: str) -> tuple[str, int]:
    """Parse 'q1=400' as ('q1', 400)."""
    name, _, runs = text.partition("=")
    if name not in DESIGNS or not runs.isdigit() or int(runs) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=STUDIES with a name of {', '.join(DESIGNS)}")
    return name, int(runs)


def with_rows(document: str, question: str, table: str) -> str:
    """Replace a question's rows in a document's table by those of another table."""
    before, _, rest = document.partition(BEGIN)
    old, _, after = rest.partition(END)
    lines, (head, rule, *new) = old.splitlines(keepends=True), table.splitlines(keepends=True)
    rows = {name: [line for line in lines if line.startswith(f"| {name} |")] for name in DESIGNS} | {question: new}
    return before + BEGIN + "".join([head, rule, *(line for group in rows.values() for line in group)]) + END + after


def main() -> None:
    """Run the calibration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", type=named_runs, metavar="NAME=STUDIES")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, runs in given.questions or RUNS.items():
        table = calibrated(name, DESIGNS[name], runs, given.seed)
        print(table.to_string(index=False), flush=True)
        write_text(DOCUMENT, with_rows(DOCUMENT.read_text(encoding="utf-8"), name, as_markdown(table)))


if __name__ == "__main__":
    main()
