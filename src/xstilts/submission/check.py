"""What is wrong with a submission, file by file, against the study's test examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xstilts.config.study import Study
from xstilts.errors import nearest
from xstilts.graph.runs import Runs
from xstilts.submission import layout
from xstilts.submission.lines import Parsed
from xstilts.submission.read import parse, shown
from xstilts.task_types.retrieval import one_to_one
from xstilts.tasks.registry import TARGET_TASKS
from xstilts.tasks.task import Task


@dataclass
class Report:
    """``lines``: one for each file that is in order and one for each problem; ``problems``: the latter alone.

    ``notes`` say what of XTREME was not checked, because the study does not have it; they are no errors.
    """

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, problems: list[str]) -> None:
        self.lines += problems
        self.problems += problems


def check(folder: Path, runs: Runs) -> Report:
    """Everything that keeps ``evaluate.py`` from scoring a submission, or from scoring what was meant.

    Raises:
        UserError: there is no such folder, the study has no test split, or its data has not been prepared.
    """
    entries = layout.entries(folder)
    report = Report(notes=layout.gaps(runs.study))
    for entry in entries:
        if entry.name not in TARGET_TASKS:
            report.add([f"{entry.name}: XTREME has no task of this name. {nearest(entry.name, TARGET_TASKS)}"])
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


def _check_task(report: Report, folder: Path, runs: Runs, task: Task) -> None:
    _look_for_strangers(report, folder / task.name, runs.study, task)
    for language in runs.study.languages(task.name, layout.SPLIT):
        place = f"{task.name}/{layout.file_name(task, language)}"
        found = parse(folder / place, task, layout.canonical(runs, task, language))
        if found.problems:
            report.add([f"{place}: {problem}" for problem in shown(found.problems)])
        else:
            report.lines.append(f"{place}: {_summary(task, found)}")


def _look_for_strangers(report: Report, folder: Path, study: Study, task: Task) -> None:
    """Files that XTREME does not read are problems: one may be a misspelt name. Of those it does read, the study may
    lack the language; they are noted."""
    own = [layout.file_name(task, language) for language in study.languages(task.name, layout.SPLIT)]
    published = [layout.file_name(task, language) for language in task.languages]
    for entry in layout.entries(folder):
        place = f"{task.name}/{entry.name}"
        if entry.name not in (*own, *published):
            report.add([f"{place}: {task.title} has no such file. {nearest(entry.name, own)}"])
        elif entry.name not in own:
            report.notes.append(f"{place}: not checked, as the study has no test examples of it.")


def _summary(task: Task, found: Parsed) -> str:
    if task.type == "retrieval" and not one_to_one(task):
        return f"{sum(len(ids.split()) for _, ids in found.predictions)} pairs"
    return f"{len(found.predictions)} predictions"
