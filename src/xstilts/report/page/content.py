"""The content of a report, and gathering it from a study's folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import xstilts
from xstilts.analysis.answers import Answer
from xstilts.atomic import read_object
from xstilts.config.study import Study
from xstilts.graph.failures import Failure, failures, unfinished
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.report.coverage import missing_scores
from xstilts.scores.dev_scores import DEV_SCORES, read_dev_scores
from xstilts.scores.flags import flagged_jobs, usable
from xstilts.scores.score_files import SCORES, checked_scores

#: Begins the reasons of missing scores that are there, but of runs that have not learnt.
LEFT_OUT = "left out: "


@dataclass(frozen=True)
class PageFigure:
    """A figure of the page.

    Attributes:
        name: Its name, which decides its place on the page; see :class:`PageContent`.
        title: Its title.
        sentence: What it shows.
        alt: The text alternative of the image.
        svg: The static image.
        spec: The Vega-Lite specification of the image.
        numbers: Its numbers as CSV.
        notes: How to read it.
    """

    name: str
    title: str
    sentence: str
    alt: str
    svg: str
    spec: dict[str, Any] | None
    numbers: str = ""
    notes: str = ""


def _empty(schema: Any) -> pd.DataFrame:
    return schema.empty_table().to_pandas()


@dataclass(frozen=True)
class PageContent:
    """The content of a report. The page says of each empty part that it is missing.

    Attributes:
        study: The study.
        scores: Rows of schema :data:`SCORES` without flagged ones.
        dev_scores: Rows of schema :data:`DEV_SCORES`, those of flagged jobs included.
        answers: The answers to the research questions.
        figures: By name. A name is a place, alone or followed by "_" or "-" and more: "gains", "languages", "missing"
            or "q1" … "q5". All other figures are folded after the gains.
        absent: By name, why the study cannot have a figure.
        missing: Rows with the columns :data:`xstilts.report.coverage.MISSING_SCORES`.
        flagged: The scores that are excluded everywhere because their runs have not learnt their training set.
        failures: The jobs that were started and have not finished.
        partial: How much of an unfinished study is done; empty for a finished one.
        left_out: By name, why a part of a partial report could not be made.
        records: The jobs' records, each with its ``place``: its path in the study's folder.
        downloads: The task, repository and revision of data downloaded from the Hub.
        commit: The commit of the source code; empty if unknown.
    """

    study: Study
    scores: pd.DataFrame = field(default_factory=lambda: _empty(SCORES))
    dev_scores: pd.DataFrame = field(default_factory=lambda: _empty(DEV_SCORES))
    answers: Sequence[Answer] = ()
    figures: Mapping[str, PageFigure] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)
    flagged: pd.DataFrame = field(default_factory=lambda: _empty(SCORES))
    failures: Sequence[Failure] = ()
    partial: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] = ()
    downloads: Sequence[Mapping[str, str]] = ()
    commit: str = ""

    @property
    def all_scores(self) -> pd.DataFrame:
        """The scores and the flagged ones."""
        return pd.concat([self.scores, self.flagged], ignore_index=True) if len(self.flagged) else self.scores


def gather_content(
    runs: Runs,
    answers: Sequence[Answer] = (),
    figures: Mapping[str, PageFigure] | None = None,
    absent: Mapping[str, str] | None = None,
) -> PageContent:
    """Gather the content of a report from a study's folder; missing files leave their parts empty.

    Args:
        runs: The study's jobs and paths.
        answers: The answers to the research questions.
        figures: The figures by name.
        absent: By name, why the study cannot have a figure.

    Raises:
        UserError: a file of scores or dev scores is invalid.
    """
    paths, study = runs.paths, runs.study
    all_scores = checked_scores(paths.scores, study) if paths.scores.is_file() else _empty(SCORES)
    dev_scores = read_dev_scores(paths.dev_scores) if paths.dev_scores.is_file() else _empty(DEV_SCORES)
    scores, flagged = usable(all_scores), flagged_jobs(all_scores, study)
    excluded = {job: f"{LEFT_OUT}{reason}" for job, reason in flagged.items()}
    return PageContent(
        study=study,
        scores=scores,
        dev_scores=dev_scores,
        answers=answers,
        figures=figures or {},
        absent=absent or {},
        missing=missing_scores(scores, study, {**unfinished(runs), **excluded}),
        flagged=all_scores[all_scores["flag"].notna()],
        failures=failures(runs),
        records=records_of(paths.root),
        downloads=_downloads(runs),
        commit=_commit(),
    )


def records_of(root: Path) -> list[dict[str, Any]]:
    """Read the records of all jobs in a study's folder, each with its path as ``place``; skip unreadable ones.

    The copy of an encoder's record is read where the encoder is not there.
    """
    found: dict[Job | str, dict[str, Any]] = {}
    for path in (*sorted(root.glob("encoders/**/record.json")), *sorted(root.glob("records/**/*.json"))):
        place = path.relative_to(root).as_posix()
        if record := read_object(path):
            found.setdefault(Job.of_record(place) or place, {**record, "place": place})
    return list(found.values())


def _downloads(runs: Runs) -> list[dict[str, str]]:
    """List every task, repository and revision that data was downloaded from, once."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for task in runs.study.tasks():
        files = read_object(runs.paths.prefetched(task)).get("files", {}) if runs.study.from_hub(task) else {}
        for origin in (origin for origins in files.values() for origin in origins):
            row = {"task": task, "repository": str(origin["repository"]), "revision": str(origin["revision"])}
            rows[row["task"], row["repository"], row["revision"]] = row
    return list(rows.values())


def _commit() -> str:
    """Return the commit of the package's source, with "-dirty" if files have changed since; empty if unknown."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    result = subprocess.run(command, cwd=Path(xstilts.__file__).parent, capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else ""
