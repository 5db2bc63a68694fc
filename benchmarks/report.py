"""Measure what the summaries of a large study cost: scores, tables, answers, figures, report.

    python benchmarks/report.py                 # 57,000 scores: three models, fourteen arms, three seeds
    python benchmarks/report.py --seeds 26      # 500,000 scores
    python benchmarks/report.py --reduced

The scores are made up; every other file of the study is as its jobs would have left it. Phases run in the order of the
workflow and in one process, so that imports count once, in the first. The ratio is that of CPU seconds per score: those
of a study over those of one with four times as many seeds. Below 1, cost grows faster than the study. The reduced form
draws no figures, whose number and size do not depend on the seeds.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import finished
import measuring

from xstilts.config.study import Study
from xstilts.graph.runs import Runs
from xstilts.jobs import analysis, report
from xstilts.scores.score_files import read_scores

COUNTED: dict[str, Callable[[Runs], None]] = {
    "collect": report.collect,
    "tables": report.tables,
    "answers": analysis.answer,
}
PHASES = {**COUNTED, "figures": report.figures, "report": report.page}
SMALLER, LARGER = 2, 8  # seeds


def summarise(study: Study, folder: Path, examples: int) -> dict[str, dict[str, float]]:
    """Make a study in a folder, unless it is there, and run the phases of its summary.

    Returns:
        By phase, its CPU seconds, and the peak of memory until its end in GiB. Standard error has each as it ends.
    """
    runs = Runs(study, folder=folder)
    if not runs.paths.study.is_file():
        finished.write_finished(study, folder, examples)
    measured = {}
    for name, phase in PHASES.items():
        before = measuring.cpu_seconds()
        phase(runs)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        measured[name] = {"CPU seconds": round(measuring.cpu_seconds() - before, 1), "peak GiB": round(peak, 2)}
        print(name, measured[name], file=sys.stderr, flush=True)
    return measured


def _per_score(folder: Path, seeds: int) -> float:
    """CPU milliseconds per score of a small study with so many seeds."""
    study = finished.large_study(seeds, models=("text",), arms=("none", "mnli", "qqp", "squad_v1"))
    runs = finished.write_finished(study, folder, examples=10)
    before = measuring.cpu_seconds()
    for phase in COUNTED.values():
        phase(runs)
    return 1000 * (measuring.cpu_seconds() - before) / len(read_scores(runs.paths.scores))


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=50, help="of each target and language, in predictions")
    parser.add_argument("--keep", type=Path, help="the folder to make the study in, and to leave it in")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        if not arguments.reduced:
            study, folder = finished.large_study(arguments.seeds), arguments.keep or Path(name)
            phases = summarise(study, folder, arguments.examples)
            scores = len(read_scores(Runs(study, folder=folder).paths.scores))
            print(json.dumps({"benchmark": "report", "scores": scores, "phases": phases}, indent=2))
            return
        smaller = _per_score(Path(name) / "smaller", SMALLER)
        larger = _per_score(Path(name) / "larger", LARGER)
    seconds = {measuring.OURS: [larger], "a fourth of the seeds": [smaller]}
    measuring.print_result("report", seconds, ["pandas", "scipy"], unit="CPU milliseconds per score")


if __name__ == "__main__":
    main()
