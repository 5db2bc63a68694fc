"""Measure what the summaries of a large study cost: scores, tables, answers, figures, report.

    python benchmarks/report.py                 # 57,000 scores: three models, fourteen arms, three seeds
    python benchmarks/report.py --seeds 26      # 500,000 scores
    python benchmarks/report.py --reduced

The scores are made up; every file of the study is as its jobs would have left it. Each phase runs in the order of the
workflow, in one process, so that imports count once. The ratio is of CPU seconds per score: those of a study with four
seeds over those of one with eight. Below 1, cost grows faster than the study.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import finished
import measuring

from xstilts.graph.runs import Runs
from xstilts.jobs import analysis, report
from xstilts.scores.score_files import read_scores

PHASES: dict[str, Callable[[Runs], None]] = {
    "collect": report.collect,
    "tables": report.tables,
    "answers": analysis.answer,
    "figures": report.figures,
    "report": report.page,
}


def summarise(runs: Runs) -> dict[str, float]:
    """Run all phases; return the CPU seconds of each."""
    seconds = {}
    for name, phase in PHASES.items():
        before = measuring.cpu_seconds()
        phase(runs)
        seconds[name] = round(measuring.cpu_seconds() - before, 2)
        print(f"{name}: {seconds[name]} CPU seconds", file=sys.stderr, flush=True)
    return seconds


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=50, help="of each target and language, in predictions")
    parser.add_argument("--keep", type=Path, help="the folder to make the study in, and to leave it in")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or Path(name)
        study = finished.large_study(arguments.seeds)
        runs = Runs(study, folder=folder)
        if not runs.paths.study.is_file():
            runs = finished.write_finished(study, folder, arguments.examples)
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        seconds = summarise(runs)
        print(seconds, len(read_scores(runs.paths.scores)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    main()
