"""Models of the Hub at a pinned commit: config, safetensors weights and tokenizer, and nothing else.

Pickled weights and code are never downloaded, whatever else the repository holds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xstilts.atomic import replacing, sha256_of, write_json
from xstilts.errors import DataError, UserError
from xstilts.sources.hub.access import check_reachable, mirrored, reading
from xstilts.sources.hub.origins import MIRROR

_CONFIG, _WEIGHTS, _TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
_SHARDED = f"{_WEIGHTS}.index.json"
_OTHERS = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "sentencepiece.bpe.model", "vocab.json",
    "vocab.txt", "merges.txt",
)  # fmt: skip
RECORD = "xstilts.json"


def fetch_model(repository: str, revision: str, folder: Path, mirror: str | None = None) -> dict[str, Any]:
    """Download a model to ``folder`` unless it is there; returns its record, which is also written, last of all.

    The record, ``xstilts.json``, has the repository, revision (``MIRROR`` where it was read from one) and the sha256 of
    every file. Several processes may fetch the same model.

    Raises:
        UserError: the repository cannot be reached, or lacks weights in one safetensors file or ``tokenizer.json``.
        DataError: the file of weights holds none.
    """
    from huggingface_hub.utils import WeakFileLock

    identity = {"repository": repository, "revision": MIRROR if mirror else revision}
    folder.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(folder / f".{RECORD}.lock"):
        if record := _present(folder, identity):
            return record
        (folder / RECORD).unlink(missing_ok=True)
        what = f"{repository} (model, revision {revision})"
        if mirror:
            names = _copied(mirrored(mirror, repository), folder, what)
        else:
            names = _downloaded(repository, revision, folder, what)
        _check_weights(folder / _WEIGHTS)
        record = {**identity, "sha256": {name: sha256_of(folder / name) for name in sorted(names)}}
        write_json(folder / RECORD, record)
        return record


def _wanted(files: Iterable[str], what: str) -> list[str]:
    """Which of a repository's files make the model."""
    names = sorted(file for file in files if "/" not in file)
    if _WEIGHTS not in names and _SHARDED in names:
        raise UserError(f"{what} has its weights in several files; only models with one {_WEIGHTS} are read.")
    if _WEIGHTS not in names:
        pickled = [name for name in names if name.endswith((".bin", ".pt", ".h5", ".msgpack"))]
        only = f", only {', '.join(pickled)}" if pickled else ""
        raise UserError(
            f"{what} has no {_WEIGHTS}{only}. Other files of weights can hold code and are not read; look for a "
            "revision or a copy of the model that has it."
        )
    for name, why in ((_CONFIG, "its shape"), (_TOKENIZER, "its tokenizer in the form that tokenizers reads")):
        if name not in names:
            raise UserError(f"{what} has no {name}, {why}; look for a revision or a copy of the model that has it.")
    return [_CONFIG, _TOKENIZER, *(name for name in _OTHERS if name in names), _WEIGHTS]


def _downloaded(repository: str, revision: str, folder: Path, what: str) -> list[str]:
    from huggingface_hub import HfApi, snapshot_download

    check_reachable(what)
    with reading(what, clone=None):
        names = _wanted(HfApi().list_repo_files(repository, revision=revision), what)
        snapshot_download(repository, revision=revision, local_dir=folder, allow_patterns=names)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # notes of the Hub's client on what it has downloaded
    return names


def _copied(clone: Path, folder: Path, what: str) -> list[str]:
    names = _wanted([file.name for file in clone.iterdir() if file.is_file()], what)
    for name in names:
        with replacing(folder / name) as temporary:
            shutil.copyfile(clone / name, temporary)
    return names


def _check_weights(file: Path) -> None:
    """Whether the header can be read: a clone without its large files has a line of text in their place."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return
    except SafetensorError as error:
        remedy = "Prefetch again; in a mirror, get the clone's large files first (git lfs pull)."
        raise DataError(file, f"holds no safetensors weights ({error}).", remedy=remedy) from error


def _present(folder: Path, identity: dict[str, str]) -> dict[str, Any] | None:
    """The record of a model that is already there, whole and of the right origin."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
        sums: dict[str, str] = record["sha256"]
        whole = all(sha256_of(folder / name) == value for name, value in sums.items())
        return record if whole and identity.items() <= record.items() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # absent, or damaged: fetched anew
        return None
