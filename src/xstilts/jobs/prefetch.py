"""Downloads from the Hugging Face Hub: the only jobs that need the network."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from xstilts.atomic import write_json
from xstilts.config.factors import Snapshot
from xstilts.errors import UserError
from xstilts.graph.paths import DOWNLOADS, MODELS, TRANSLATORS
from xstilts.graph.runs import Runs
from xstilts.sources.hub.fetch import fetch
from xstilts.sources.hub.models import ENCODER, TRANSLATOR, ModelFiles, fetch_model
from xstilts.sources.hub.origins import Origin, origins

logger = logging.getLogger(__name__)


def data(runs: Runs, name: str) -> None:
    """Download what the study's files of a task are made from, and write the study's record of it.

    The record's ``files`` say, by ``{split}.{language}``, which downloads a file is made from: repository, revision,
    config, split, rows, sha256, note. Whether the Hub has all of it is asked before anything is downloaded.

    Raises:
        UserError: the Hub does not have it, or cannot be reached.
        DataError: a download is not what it should be.
    """
    if not runs.study.from_hub(name):
        raise UserError(f"The study reads {name} from files; there is nothing to download.")
    table = runs.study.language_table()
    needed = {f"{split}.{code}": origins(runs.study.task(name), split, table[code]) for split, code in runs.files(name)}
    fetched: dict[Origin, dict[str, Any]] = {}
    for origin in dict.fromkeys(origin for group in needed.values() for origin in group):
        fetched[origin] = record = fetch(origin, origin.file(DOWNLOADS, name), runs.study.mirror)
        _report(record)
    listed = {file: [fetched[origin] for origin in group] for file, group in needed.items()}
    write_json(runs.paths.prefetched(name), {"task": name, "files": listed})


def model(snapshot: str, mirror: str | None) -> None:
    """Download a ready-made encoder with its tokenizer; ``snapshot`` is namespace--name--commit.

    Raises:
        UserError: the Hub does not have it in safe files, or cannot be reached.
        DataError: a download is not what it should be.
    """
    _model(snapshot, MODELS, ENCODER, mirror)


def translator(snapshot: str, mirror: str | None) -> None:
    """Download a model for translation with its tokenizer; as :func:`model`."""
    _model(snapshot, TRANSLATORS, TRANSLATOR, mirror)


def _model(snapshot: str, folder: Path, kind: ModelFiles, mirror: str | None) -> None:
    chosen = Snapshot.of_folder(snapshot)
    if chosen is None:
        raise UserError(f"'{snapshot}' is no model of the Hub at a commit: these are namespace--name--commit.")
    record = fetch_model(*chosen, folder / snapshot, mirror, kind)
    logger.info("%s (model, revision %s): %s", chosen.repository, record["revision"], ", ".join(record["sha256"]))


def _report(record: dict[str, Any]) -> None:
    which = f"config {record['config'] or 'default'}, split {record['split']}, revision {record['revision']}"
    note = f" ({record['note']})" if record["note"] else ""
    logger.info("%s, %s: %s rows%s", record["repository"], which, record["rows"], note)
