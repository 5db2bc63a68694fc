"""Translated training data of a task: one canonical file, and a manifest that says what became of each example."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import remove_leftovers, sha256_of, write_json
from xstilts.config.translation import translated_name
from xstilts.data import examples
from xstilts.data.examples import Provenance
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.task_types import canonical_schema, task_type_class
from xstilts.tasks.languages import ENGLISH
from xstilts.training.device import Device
from xstilts.translation import translator
from xstilts.translation.examples import Fields, Problem, Row, dropped
from xstilts.translation.finished import translations
from xstilts.translation.translator import Translated
from xstilts.wording import counted

logger = logging.getLogger(__name__)


def translate(runs: Runs, task: str, language: str, threads: int) -> None:
    """Translate the English training data of a task.

    Args:
        runs: The study's jobs and paths.
        task: Its name in the study.
        language: The language to translate into.
        threads: CPU threads.

    Raises:
        UserError: The model cannot be used, or no example comes out.
    """
    declared, english = runs.study.task(task), runs.paths.examples(task, "train", ENGLISH)
    fields = Fields.of(declared, task_type_class(declared))
    rows: list[Row] = examples.read(english).to_pylist()
    folder = runs.paths.machine_translations(f"{language}-{Specs(runs).translator(language)['id']}")
    texts = (text for row in rows for text in fields.texts(row))
    known = translations(texts, folder, _Translating(runs, language, threads))
    outcomes = [fields.translated(row, known) for row in rows]
    _write(runs, task, language, outcomes, examples.provenance_of(english))


class _Translating:
    """Translates texts with the study's model, which is loaded when there are some to translate."""

    def __init__(self, runs: Runs, language: str, threads: int) -> None:
        self._load = cache(lambda: _loaded(runs, language, threads))

    def __call__(self, texts: Sequence[str]) -> list[Translated]:
        return self._load().translate(texts)


def _loaded(runs: Runs, language: str, threads: int) -> translator.Translator:
    study = runs.study
    assert study.translation is not None
    device = Device.choose(study.compute, threads)
    known = study.language_table()[language]
    return translator.load(runs.translators()[language], known, study.translation, study.compute, device)


def _write(runs: Runs, task: str, language: str, outcomes: Sequence[Row | Problem], english: Provenance) -> None:
    """Write the examples that came out, then the manifest."""
    study, name = runs.study, translated_name(task, language)
    assert study.translation is not None
    made, lost = [row for row in outcomes if isinstance(row, dict)], dropped(outcomes)
    reasons = ", ".join(f"{problem} {count}" for problem, count in lost.items())
    if not made:
        raise UserError(
            f"{study.translation.key(language)}: of {counted(len(outcomes), 'example')} of {study.title_of(task)}, "
            f"none could be translated into '{language}' ({reasons}). Is this the right model for the language?"
        )
    if lost:
        logger.warning(
            "%s: %d of %d examples are left out (%s)", name, len(outcomes) - len(made), len(outcomes), reasons
        )
    path = runs.paths.examples(name, "train", language)
    remove_leftovers(path)
    source = f"machine translation by {study.translation.path(language)} of {english.source}"
    declared = study.task(name)
    provenance = Provenance(name, "train", language, source, english.licence, english.synthetic)
    table = pa.Table.from_pylist(made, schema=canonical_schema(declared))
    sealed = examples.write(path, declared, table, provenance, source)
    rows = pq.read_metadata(path).num_rows
    entry = {"examples": rows, "fingerprint": sealed.fingerprint, "sha256": sha256_of(path)}
    manifest: dict[str, Any] = {
        "task": name,
        "format": declared.type,
        "synthetic": english.synthetic,
        "files": {path.stem: entry},
        "translation": {
            "model": study.translation.path(language),
            "english": english.fingerprint,
            "examples": len(outcomes),
            "dropped": lost,
        },
    }
    write_json(runs.paths.data_manifest(name), manifest)
