"""From a source to canonical examples: of labelled tasks, and of unlabelled text."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import sha256_of, write_json
from xstilts.config.settings import Limits
from xstilts.config.sources import SyntheticSource
from xstilts.data import examples
from xstilts.data.examples import Provenance
from xstilts.errors import UserError
from xstilts.graph.contents import refuse_changed
from xstilts.graph.paths import DOWNLOADS
from xstilts.graph.runs import Runs
from xstilts.sources import corpora, files
from xstilts.sources.doubts import TrainingData, doubts
from xstilts.sources.hub import read as hub
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT
from xstilts.tasks.task import Task
from xstilts.wording import counted

_STAGING = ".preparing."
_TOGETHER = 1000  # passages that are held in memory

logger = logging.getLogger(__name__)


def prepare(runs: Runs, name: str) -> None:
    """Canonical files of one task or corpus: all of them, or, where anything is wrong with one, none."""
    if name in runs.study.corpora:
        prepare_corpus(runs, name)
        return
    task, root = runs.study.task(name), None if runs.study.from_hub(name) else _root(runs)
    refuse_changed(runs, runs.data_files(name))
    training_data = _training_data(runs, task, root)
    listed: dict[str, Any] = {}
    with _staging(runs.paths.data(name)) as staging:
        for split, language in runs.files(name):
            table, source, shown = _read(runs, task, split, language, root, training_data)
            target = staging / runs.paths.examples(name, split, language).name
            sealed = examples.write(target, task, table, _provenance(runs, task, split, language, source), shown)
            listed[target.stem] = _entry(target, sealed)
            if task is not TEXT and not task_type_class(task).has_gold(table):
                logger.info("%s, %s, %s: without labels; predicted and submitted, not scored", name, split, language)
        if name in runs.study.own_tasks:
            _check_labels_occur(runs, task, staging)
        _publish(runs, task, staging, listed)


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yield a new folder in ``folder``, without what processes have left that were killed before they were done."""
    for leftover in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=_STAGING) as staging:
        yield Path(staging)


def _check_labels_occur(runs: Runs, task: Task, staging: Path) -> None:
    """Refuse a declared label that no example has; of the first examples of files alone, nobody can tell."""
    column = task_type_class(task).gold_column
    if task.type not in ("classification", "tagging") or runs.study.examples != Limits():
        return
    occurring: set[str] = set()
    for path in staging.iterdir():
        gold = examples.read(path).column(column).combine_chunks()
        occurring |= set((gold.flatten() if task.type == "tagging" else gold).unique().to_pylist())
    if unused := [label for label in task.labels if label not in occurring]:
        raise UserError(
            f"tasks.{task.name}.labels: no example of its files has the label {', '.join(map(repr, unused))}; "
            f"they have {', '.join(sorted(label for label in occurring if label))}."
        )


def _training_data(runs: Runs, task: Task, root: Path | None) -> TrainingData | None:
    """What a task's evaluation files must not be copies of; None where no person has put them there."""
    if root is None or isinstance(runs.study.source, SyntheticSource):
        return None
    training_set = runs.study.task(task.trained_on) if task.trained_on else task
    trains = training_set.has("train")
    return TrainingData(training_set.paths(root, "train", runs.study.language_table()[ENGLISH]) if trains else ())


def _read(
    runs: Runs, task: Task, split: str, code: str, root: Path | None, training_data: TrainingData | None
) -> tuple[pa.Table, str, str]:
    """The examples that the study uses of one file, where they come from, and what an error calls that place.

    Without a ``root``, they are the Hub's. What is doubtful about files that a person has put there is logged.
    """
    language = runs.study.language_table()[code]
    if root is None:
        table = hub.read(DOWNLOADS, task, split, language)
        source = shown = f"{DOWNLOADS}/datasets/{task.name}"
    else:
        table = files.read(root, task, split, language)
        paths = task.paths(root, split, language)
        source = ", ".join(str(path.relative_to(root) if path.is_relative_to(root) else path) for path in paths)
        shown = ", ".join(map(str, paths))
        if training_data:
            for doubt in (*doubts(task, split, language, table), *training_data.doubts(split, paths)):
                logger.warning("%s: %s", shown, doubt)
    limits = runs.study.examples
    count = limits.train if split == "train" else limits.eval
    if count is not None and task is not TEXT:
        table = task_type_class(task).limited(table, count)
    return table, source, shown


def prepare_corpus(runs: Runs, name: str) -> None:
    """Canonical files of a corpus, one per language, written passage by passage."""
    task, listed = runs.study.task(name), dict[str, Any]()
    refuse_changed(runs, runs.data_files(name))
    with _staging(runs.paths.data(name)) as staging:
        for language, paths in runs.corpus_files(name).items():
            target = staging / runs.paths.examples(name, "train", language).name
            source = f"{counted(len(paths), 'file')} of the study"
            provenance = Provenance(name, "train", language, source, task.licence, synthetic=False)
            sealed = examples.write_stream(target, task, _passages(paths), provenance)
            listed[target.stem] = _entry(target, sealed)
            if not listed[target.stem]["examples"]:
                raise UserError(f"{runs.study.text_key(name, language)}: there is no text in {source}.")
        _publish(runs, task, staging, listed)


def _passages(paths: Sequence[Path]) -> Iterator[pa.Table]:
    """Yield the passages of files in tables of a few thousand."""
    numbered = enumerate(corpora.passages(paths))
    while batch := list(islice(numbered, _TOGETHER)):
        yield pa.table({"id": [str(number) for number, _ in batch], "text": [text for _, text in batch]})


def prepare_text(runs: Runs) -> None:
    """Unlabelled text of every language: files of the source, or the sentences of the study's own tasks."""
    if not runs.text_from_tasks():
        prepare(runs, TEXT.name)
        return
    listed: dict[str, Any] = {}
    with _staging(runs.paths.data(TEXT.name)) as staging:
        for split, language in runs.files(TEXT.name):
            texts = [text for text in dict.fromkeys(_texts(runs, language)) if text.strip()]
            if not texts:
                raise UserError(f"No task of the study has text in '{language}' to pretrain on.")
            table = pa.table({"id": [str(i) for i in range(len(texts))], "text": texts})
            target = staging / runs.paths.examples(TEXT.name, split, language).name
            source = "the sentences of the study's tasks"
            sealed = examples.write(target, TEXT, table, _provenance(runs, TEXT, split, language, source), source)
            listed[target.stem] = _entry(target, sealed)
        _publish(runs, TEXT, staging, listed)


def _root(runs: Runs) -> Path:
    source = runs.study.source
    if isinstance(source, SyntheticSource):
        return runs.paths.raw
    root = Path(source.root)
    if not root.is_dir():
        raise UserError(f"source.root: there is no folder '{root}' (looked from {Path.cwd()}). See docs/data.md.")
    return root


def _entry(path: Path, sealed: Provenance) -> dict[str, Any]:
    """Return what the manifest says of a file."""
    rows = pq.read_metadata(path).num_rows
    return {
        "examples": rows,
        "fingerprint": sealed.fingerprint,
        "sha256": sha256_of(path),
        "source": sealed.source,
    }


def _provenance(runs: Runs, task: Task, split: str, language: str, source: str) -> Provenance:
    synthetic = isinstance(runs.study.source, SyntheticSource)
    licence = "Apache-2.0 (generated)" if synthetic else task.licence
    return Provenance(task.name, split, language, source, licence, synthetic)


def _publish(runs: Runs, task: Task, staging: Path, listed: dict[str, Any]) -> None:
    """Move finished files to their place, then write the manifest that says they are complete."""
    for file in sorted(staging.iterdir()):
        file.replace(runs.paths.data(task.name) / file.name)
    synthetic = isinstance(runs.study.source, SyntheticSource) and task.name not in runs.study.corpora
    manifest = {"task": task.name, "format": task.type, "synthetic": synthetic, "files": listed}
    write_json(runs.paths.data_manifest(task.name), manifest)


def _texts(runs: Runs, language: str) -> Iterator[str]:
    for name in runs.study.tasks():
        for split, code in runs.files(name):
            table = examples.read(runs.paths.examples(name, split, code))
            yield from task_type_class(runs.study.task(name)).texts(table, language, code)
