"""Simulate many studies per question and write how often its test finds something into docs/calibration.md.

    python scripts/calibrate.py q1=400 q1-interval=150

A question's name and the number of studies per world: 400 of q1 take some four minutes of one core. The table between
the two marks in docs/calibration.md is replaced as a whole, so name every question that it should have.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from xstilts.analysis.calibration import DESIGNS, as_markdown, calibrated
from xstilts.atomic import write_text

DOCUMENT = Path(__file__).parents[1] / "docs" / "calibration.md"
BEGIN, END = "<!-- table: written by scripts/calibrate.py -->\n", "<!-- end of table -->\n"


def named_runs(text: str) -> tuple[str, int]:
    """'q1=400' as ('q1', 400)."""
    name, _, runs = text.partition("=")
    if name not in DESIGNS or not runs.isdigit() or int(runs) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=STUDIES with a name of {', '.join(DESIGNS)}")
    return name, int(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="+", type=named_runs, metavar="NAME=STUDIES")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tables = []
    for name, runs in given.questions:
        tables.append(calibrated(name, DESIGNS[name], runs, given.seed))
        print(tables[-1].to_string(index=False), flush=True)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    write_text(DOCUMENT, before + BEGIN + as_markdown(pd.concat(tables)) + END + after)


if __name__ == "__main__":
    main()
