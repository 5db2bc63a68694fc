"""Downloads from the Hugging Face Hub: the only jobs that need the network."""

from __future__ import annotations

from typing import Any

from xstilts.atomic import write_json
from xstilts.errors import UserError
from xstilts.paths import DOWNLOADS
from xstilts.runs import Runs
from xstilts.sources.hub.fetch import fetch
from xstilts.sources.hub.models import fetch_model
from xstilts.sources.hub.origins import Origin, origins
from xstilts.sources.settings import HubSource


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
    needed = {f"{split}.{code}": origins(name, split, table[code]) for split, code in runs.files(name)}
    fetched: dict[Origin, dict[str, Any]] = {}
    for origin in dict.fromkeys(origin for group in needed.values() for origin in group):
        fetched[origin] = record = fetch(origin, origin.file(DOWNLOADS, name), _mirror(runs))
        _report(record)
    listed = {file: [fetched[origin] for origin in group] for file, group in needed.items()}
    write_json(runs.paths.prefetched(name), {"task": name, "files": listed})


def model(runs: Runs, name: str) -> None:
    """Download a ready-made encoder of the study, with its tokenizer.

    Raises:
        UserError: the Hub does not have it in safe files, or cannot be reached.
        DataError: a download is not what it should be.
    """
    snapshot = runs.study.models[name].snapshot
    if snapshot is None:
        raise UserError(f"The model '{name}' does not come from the Hugging Face Hub; there is nothing to download.")
    record = fetch_model(snapshot.repository, snapshot.revision, runs.ready_made(name), _mirror(runs))
    print(f"{snapshot.repository} (model, revision {record['revision']}): {', '.join(record['sha256'])}", flush=True)


def _report(record: dict[str, Any]) -> None:
    which = f"config {record['config'] or 'default'}, split {record['split']}, revision {record['revision']}"
    note = f" ({record['note']})" if record["note"] else ""
    print(f"{record['repository']}, {which}: {record['rows']} rows{note}", flush=True)


def _mirror(runs: Runs) -> str | None:
    source = runs.study.source
    return source.mirror if isinstance(source, HubSource) else None
