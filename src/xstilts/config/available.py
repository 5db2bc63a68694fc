"""What is there of a study: the languages that its source has files for, and those that are translated instead."""

from __future__ import annotations

from pathlib import Path

from xstilts.config.sources import FilesSource
from xstilts.config.study import Study
from xstilts.config.training_data import lacks_training_data
from xstilts.tasks.languages import ENGLISH


def as_available(study: Study) -> Study:
    """The study with what depends on the files that there are filled in: ``absent`` of targets, and ``translated``."""
    return _with_translations(_without_missing(study))


def _with_translations(study: Study) -> Study:
    """The study with ``translated`` filled in: training data in other languages that its source does not have."""
    if study.translation is None:
        return study.model_copy(update={"translated": {}}) if study.translated else study
    lacking = {
        task: [code for code in study.languages_trained(task) if code != ENGLISH and _lacks(study, task, code)]
        for task in study.tasks()
    }
    return study.model_copy(update={"translated": {task: codes for task, codes in lacking.items() if codes}})


def _lacks(study: Study, task: str, code: str) -> bool:
    """Whether a task has no training data in a language; files count only if all of them are there."""
    if lacks_training_data(study, task, code):
        return True
    if not isinstance(study.source, FilesSource) or study.from_hub(task):
        return False
    paths = study.task(task).paths(Path(study.source.root), "train", study.language_table()[code])
    return not all(path.is_file() for path in paths)


def _without_missing(study: Study) -> Study:
    """The study with ``absent`` filled in for each target, if its source says to skip what is missing.

    A split without a file in any language stays as it is: that is no gap but a mistake, and ``prepare`` says which.
    """
    if not isinstance(study.source, FilesSource) or study.source.missing == "error":
        return study
    read = [target for target in study.targets if not study.from_hub(target)]
    targets = {target: study.targets[target].model_copy(update={"absent": _absent(study, target)}) for target in read}
    return study.model_copy(update={"targets": {**study.targets, **targets}})


def _absent(study: Study, target: str) -> dict[str, list[str]]:
    task = study.task(target)
    splits = dict.fromkeys([*study.splits_of(target), *(["dev"] * task.tuned_on_dev)])
    lacking = {split: _without_files(study, target, split) for split in splits}
    if task.tuned_on_dev:  # without a threshold there is nothing to score
        lacking = dict.fromkeys(splits, sorted({code for codes in lacking.values() for code in codes}))
    return {
        split: codes for split, codes in lacking.items() if codes and set(study.languages(target, split)) - {*codes}
    }


def _without_files(study: Study, target: str, split: str) -> list[str]:
    assert isinstance(study.source, FilesSource)
    table, root = study.language_table(), Path(study.source.root)
    return [
        code
        for code in study.languages(target, split)
        if not any(path.is_file() for path in study.task(target).paths(root, split, table[code]))
    ]
