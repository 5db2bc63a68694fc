"""A study's scores in the JSON that other evaluation tools write, one set of files per model, arm and seed."""

from __future__ import annotations

from typing import Any, Literal

from xstilts.config.study import Study
from xstilts.report.interchange import lm_eval, mteb
from xstilts.report.interchange.scored import ScoredRun

Form = Literal["lm-eval", "mteb"]


def files_of(form: Form, run: ScoredRun, study: Study) -> dict[str, dict[str, Any]]:
    """Return what the files of one run hold, by their path below the folder that is written."""
    return (lm_eval if form == "lm-eval" else mteb).files(run, study)
