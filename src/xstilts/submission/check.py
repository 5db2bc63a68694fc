"""Problems of a submission, file by file, checked against the study's test examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xstilts.config.study import Study
from xstilts.errors import did_you_mean
from xstilts.graph.runs import Runs
from xstilts.submission import layout
from xstilts.submission.parsed import Parsed
from xstilts.submission.read import parse, shown
from xstilts.tasks.task import Task


@dataclass
class CheckReport:
    """The result of a check.

    Attributes:
        lines: One for each file without problems and one for each problem.
        problems: The problems alone.
        notes: What of XTREME was not checked, because the study does not have it, and files that are valid and look
            like mistakes; these are not errors.
    """

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, problems: list[str]) -> None:
        """Add problems to both lists."""
        self.lines += problems
        self.problems += problems


def check(folder: Path, runs: Runs) -> CheckReport:
    """Find everything that keeps ``evaluate.py`` from scoring a submission, or from scoring what was meant.

    Raises:
        UserError: There is no such folder, the study has no test split, or its data has not been prepared.
    """
    entries = layout.entries(folder)
    report = CheckReport(notes=layout.gaps(runs.study))
    for entry in entries:
        if entry.name not in (known := runs.study.suite.submitted):
            title = runs.study.suite.title
            report.add([f"{entry.name}: {title} has no task of this name. {did_you_mean(entry.name, known)}"])
        elif entry.name not in layout.submitted(runs.study):
            report.notes.append(f"{entry.name}: not checked, as the study has no test examples of it.")
    for name in layout.submitted(runs.study):
        if (folder / name).is_dir():
            _check_task(report, folder, runs, runs.study.task(name))
        else:
            files = [
                layout.file_name(runs.study.task(name), language)
                for language in runs.study.languages(name, layout.SPLIT)
            ]
            report.add([f"{name}: no such folder; expected with {', '.join(files)} in it"])
    return report


def _check_task(report: CheckReport, folder: Path, runs: Runs, task: Task) -> None:
    _check_file_names(report, folder / task.name, runs.study, task)
    for language in runs.study.languages(task.name, layout.SPLIT):
        place = f"{task.name}/{layout.file_name(task, language)}"
        parsed = parse(folder / place, task, layout.canonical(runs, task, language))
        if parsed.problems:
            report.add([f"{place}: {problem}" for problem in shown(parsed.problems)])
        else:
            report.lines.append(f"{place}: {_summary(task, parsed)}")
            if task.submission == "pairs" and not any(ids for _, ids in parsed.predictions):
                report.notes.append(f"{place}: has no pairs, so that its F1 is 0; was the file written whole?")


def _check_file_names(report: CheckReport, folder: Path, study: Study, task: Task) -> None:
    """Report files that XTREME does not read, since they may be misspelt; note those of languages not in the study."""
    of_study = [layout.file_name(task, language) for language in study.languages(task.name, layout.SPLIT)]
    of_xtreme = [layout.file_name(task, language) for language in task.languages]
    for entry in layout.entries(folder):
        place = f"{task.name}/{entry.name}"
        if entry.name not in (*of_study, *of_xtreme):
            report.add([f"{place}: {task.title} has no such file. {did_you_mean(entry.name, of_study)}"])
        elif entry.name not in of_study:
            report.notes.append(f"{place}: not checked, as the study has no test examples of it.")


def _summary(task: Task, parsed: Parsed) -> str:
    if task.submission == "pairs":
        return f"{sum(len(ids.split()) for _, ids in parsed.predictions)} pairs"
    return f"{len(parsed.predictions)} predictions"
