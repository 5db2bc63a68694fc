"""What a report shows, and how it is gathered from a study's folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import xstilts
from xstilts.analysis.answers import Answer
from xstilts.config.study import Study
from xstilts.graph.failures import Failure, failures, unfinished
from xstilts.graph.runs import Runs
from xstilts.report.page.ledger import missing_cells
from xstilts.scores.dev_scores import DEV_SCORES, read_dev_scores
from xstilts.scores.flags import flagged_jobs, usable, usable_dev
from xstilts.scores.score_files import SCORES, checked_scores


@dataclass(frozen=True)
class Figure:
    """A drawn figure. ``sentence`` says what it shows, ``alt`` what there is to see for those who do not see it;
    ``svg`` is the static image, ``spec`` the Vega-Lite specification that it was drawn from, ``csv`` the file with its
    numbers, below the study's folder; ``notes`` say how to read it."""

    name: str
    title: str
    sentence: str
    alt: str
    svg: str
    spec: dict[str, Any] | None
    csv: str
    notes: str = ""


def _nothing(schema: Any) -> pd.DataFrame:
    return schema.empty_table().to_pandas()


@dataclass(frozen=True)
class PageContent:
    """All that a report shows; what is empty is reported as missing.

    ``scores`` and ``dev_scores`` have the columns of :data:`SCORES` and :data:`DEV_SCORES`. The keys of ``figures`` say
    where they stand: "gains", "languages", "missing" and "q1" … "q5" are places, alone or before "_" or "-" and more;
    all others come folded after the gains. ``undrawn`` says of figures that the study cannot have why. ``missing`` has
    the columns of :data:`xstilts.report.page.ledger.MISSING_CELLS`. ``records`` are those of the jobs, each with its
    ``place``, the path in the study's folder. ``downloads`` say what of the Hub the data came from: task, repository,
    revision. ``commit`` is that of the source code, empty where it is not known.

    ``flagged`` are scores that are left out of everything because their runs have collapsed; ``failures`` are jobs that
    were tried in vain. ``partial`` says of a study that has not come to its end how far it is, and ``left_out`` what
    could not be made of it and why.
    """

    study: Study
    scores: pd.DataFrame = field(default_factory=lambda: _nothing(SCORES))
    dev_scores: pd.DataFrame = field(default_factory=lambda: _nothing(DEV_SCORES))
    answers: Sequence[Answer] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    undrawn: Mapping[str, str] = field(default_factory=dict)
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)
    flagged: pd.DataFrame = field(default_factory=lambda: _nothing(SCORES))
    failures: Sequence[Failure] = ()
    partial: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] = ()
    downloads: Sequence[Mapping[str, str]] = ()
    commit: str = ""


def content_of(
    runs: Runs,
    answers: Sequence[Answer] = (),
    figures: Mapping[str, Figure] | None = None,
    undrawn: Mapping[str, str] | None = None,
) -> PageContent:
    """Gather from a study's folder whatever is there.

    Raises:
        UserError: a file of scores or dev scores is not what it should be.
    """
    every = checked_scores(runs.paths.scores, runs.study) if runs.paths.scores.is_file() else _nothing(SCORES)
    dev = read_dev_scores(runs.paths.dev_scores) if runs.paths.dev_scores.is_file() else _nothing(DEV_SCORES)
    scores, flagged = usable(every), flagged_jobs(every, runs.study)
    left_out = {job: f"left out: {reason}" for job, reason in flagged.items()}
    return PageContent(
        study=runs.study,
        scores=scores,
        dev_scores=usable_dev(dev, flagged),
        answers=answers,
        figures=figures or {},
        undrawn=undrawn or {},
        missing=missing_cells(scores, runs.study, {**unfinished(runs), **left_out}),
        flagged=every[every["flag"].notna()],
        failures=failures(runs),
        records=records_of(runs.paths.root),
        downloads=_downloads(runs),
        commit=_commit(),
    )


def records_of(root: Path) -> list[dict[str, Any]]:
    """The records of all jobs; one that cannot be read is left out, which its job's absence from the counts shows."""
    files = [*sorted(root.glob("encoders/**/record.json")), *sorted(root.glob("records/**/*.json"))]
    found = ((path, _json(path)) for path in files)
    return [{**record, "place": path.relative_to(root).as_posix()} for path, record in found if record]


def _downloads(runs: Runs) -> list[dict[str, str]]:
    """Every repository and revision that a task's files were made from, once."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for task in runs.study.tasks():
        files = _json(runs.paths.prefetched(task)).get("files", {}) if runs.study.from_hub(task) else {}
        for origin in (origin for origins in files.values() for origin in origins):
            row = {"task": task, "repository": str(origin["repository"]), "revision": str(origin["revision"])}
            found[row["task"], row["repository"], row["revision"]] = row
    return list(found.values())


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _commit() -> str:
    """The commit that the package's source is at, with "-dirty" where files have changed since; maybe empty."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(command, cwd=Path(xstilts.__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
