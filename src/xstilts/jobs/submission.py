"""Submissions to XTREME: written from a study's predictions, checked and scored from anybody's."""

from __future__ import annotations

import logging
from pathlib import Path

from xstilts.atomic import write_text
from xstilts.config.study import BEST
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.state import refuse_damaged_outputs
from xstilts.scores.dev_scores import read_dev_scores
from xstilts.scores.flags import without_collapsed
from xstilts.scores.gains import benchmark_targets
from xstilts.scores.score_files import read_scores
from xstilts.submission.check import check as checked
from xstilts.submission.layout import SPLIT, folder_name
from xstilts.submission.write import write_arm, write_best

#: The file that says why a study has no submission.
NOTHING = "nothing_to_submit.txt"

logger = logging.getLogger(__name__)


def write(runs: Runs) -> None:
    """One folder per model and arm, and one with the best arm for each target."""
    study, root = runs.study, runs.paths.submission
    root.mkdir(parents=True, exist_ok=True)
    submitted = [target for target in benchmark_targets(study) if target in study.suite.submitted]
    if not any(SPLIT in study.splits_of(target) for target in submitted):
        reason = f"The study predicts no test split of {study.suite.title}'s tasks, so there is nothing to submit."
        logger.info(reason)
        write_text(root / NOTHING, f"{reason}\n")  # a storage in a cloud has no empty folders
        return
    for job in runs.jobs():
        refuse_damaged_outputs(job, runs.paths, [runs.paths.part("predictions", *job)])
    scores, dev_scores = read_scores(runs.paths.scores), read_dev_scores(runs.paths.dev_scores)
    scores, dev_scores = without_collapsed(scores, dev_scores, study)
    for model in study.models:
        for arm in study.arms:
            write_arm(root / folder_name(study, model, arm), runs, model, arm, scores, dev_scores)
        chosen = write_best(root / folder_name(study, model, BEST), runs, model, scores, dev_scores)
        for target, choice in chosen.items():
            logger.info("%s, %s: %s, seed %s, chosen on %s", model, target, choice.arm, choice.seed, choice.chosen_on)


def check(runs: Runs, folder: Path) -> None:
    """Print what was found of each file of a submission, and what of XTREME the study cannot check.

    Raises:
        UserError: something is wrong.
    """
    report = checked(folder, runs)
    print("\n".join([*report.lines, *(f"note: {note}" for note in report.notes)]))
    if report.problems:
        raise UserError(f"{folder}: {len(report.problems)} problems, listed above.")
    print(f"{folder}: in order; every test example of the study has one prediction.")
