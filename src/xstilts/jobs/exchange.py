"""Write a study's scores in the form of another evaluation tool."""

from __future__ import annotations

import json
from pathlib import Path

from xstilts.atomic import making_folder
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.unfinished import refuse_unfinished
from xstilts.report.interchange import Form, files_of
from xstilts.report.interchange.scored import scored_runs
from xstilts.scores.flags import flagged_jobs, usable
from xstilts.scores.score_files import checked_scores
from xstilts.wording import counted


def export_results(runs: Runs, form: Form, folder: Path) -> str:
    """Write the files of all runs into a new folder, or none of them.

    Args:
        runs: The study's jobs and paths.
        form: Whose form.
        folder: The folder, which is empty or does not exist.

    Returns:
        What was written, as a sentence.

    Raises:
        UserError: The folder is not empty, or the study's scores have not been collected.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: there is something already. Give --to a folder that is empty or does not exist.")
    refuse_unfinished(runs, runs.paths.scores)
    scores = checked_scores(runs.paths.scores, runs.study)
    written, exported = 0, list(scored_runs(runs, usable(scores)))
    with making_folder(folder.resolve()) as temporary:
        for run in exported:
            for name, content in files_of(form, run, runs.study).items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
                written += 1
    left_out = len(flagged_jobs(scores, runs.study))
    who = "it has not learnt its" if left_out == 1 else "they have not learnt their"
    note = f"; left out, because {who} task: {counted(left_out, 'job')}" if left_out else ""
    return f"{folder}: {counted(written, 'file')} of {counted(len(exported), 'run')} in the form of {form}{note}."
