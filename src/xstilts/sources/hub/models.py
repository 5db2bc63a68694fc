"""Downloads of models at a pinned commit: config, safetensors weights and tokenizer only.

Pickled weights and code are never downloaded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.atomic import replacing, sha256_of, write_json
from xstilts.errors import DataError, UserError
from xstilts.sources.hub.access import check_reachable, clone_folder, read_errors
from xstilts.sources.hub.origins import MIRROR

_CONFIG, _WEIGHTS, _TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
_SHARDED = f"{_WEIGHTS}.index.json"
_OPTIONAL = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "sentencepiece.bpe.model", "vocab.json",
    "vocab.txt", "merges.txt",
)  # fmt: skip
RECORD = "xstilts.json"


@dataclass(frozen=True)
class ModelFiles:
    """Which files of a repository make up a model, beside its config and its weights.

    Attributes:
        tokenizers: The sets of files that a tokenizer can consist of; one of them has to be there.
        purpose: What these are, for messages.
        optional: Files that are read where there are any.
    """

    tokenizers: tuple[tuple[str, ...], ...]
    purpose: str
    optional: tuple[str, ...]


ENCODER = ModelFiles(((_TOKENIZER,),), "its tokenizer in the form that tokenizers reads", _OPTIONAL)
#: M2M-100 and OPUS-MT have no tokenizer in that form; how to search for translations is in a file of its own.
TRANSLATOR = ModelFiles(
    ((_TOKENIZER,), ("sentencepiece.bpe.model", "vocab.json"), ("source.spm", "target.spm", "vocab.json")),
    "its tokenizer",
    (*_OPTIONAL, _TOKENIZER, "generation_config.json", "source.spm", "target.spm", "target_vocab.json"),
)


def fetch_model(
    repository: str, revision: str, folder: Path, mirror: str | None = None, kind: ModelFiles = ENCODER
) -> dict[str, Any]:
    """Download a model unless it is already there; several processes may fetch the same model.

    Args:
        repository: The repository, ``{namespace}/{name}``.
        revision: The commit.
        folder: The folder to write to.
        mirror: The folder of a mirror to read from; None for the Hub.
        kind: Which files make up the model.

    Returns:
        The record: repository, revision (``MIRROR`` if it was read from a mirror) and the sha256 of every file. It is
        also written to ``xstilts.json``, after all other files.

    Raises:
        UserError: if the repository cannot be reached, or lacks the config, a tokenizer or weights in one safetensors
            file.
        DataError: if the file of weights is not a safetensors file.
    """
    from huggingface_hub.utils import WeakFileLock

    identity = {"repository": repository, "revision": MIRROR if mirror else revision}
    folder.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(folder / f".{RECORD}.lock"):
        if record := _existing_record(folder, identity):
            return record
        (folder / RECORD).unlink(missing_ok=True)
        what = f"{repository} (model, revision {revision})"
        if mirror:
            names = _copy(clone_folder(mirror, repository), folder, what, kind)
        else:
            names = _download(repository, revision, folder, what, kind)
        _check_weights(folder / _WEIGHTS)
        record = {**identity, "sha256": {name: sha256_of(folder / name) for name in sorted(names)}}
        write_json(folder / RECORD, record)
        return record


def _select_files(files: Iterable[str], what: str, kind: ModelFiles) -> list[str]:
    """Return the files of a repository that make up the model."""
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
    for sets, purpose in ((((_CONFIG,),), "its shape"), (kind.tokenizers, kind.purpose)):
        if not any({*needed} <= {*names} for needed in sets):
            lacking = " or ".join(", ".join(needed) for needed in sets)
            raise UserError(
                f"{what} has no {lacking}, {purpose}; look for a revision or a copy of the model that has it."
            )
    wanted = dict.fromkeys((_CONFIG, *(name for needed in kind.tokenizers for name in needed), *kind.optional))
    return [*(name for name in wanted if name in names), _WEIGHTS]


def _download(repository: str, revision: str, folder: Path, what: str, kind: ModelFiles) -> list[str]:
    from huggingface_hub import HfApi, snapshot_download

    check_reachable(what)
    with read_errors(what, clone=None):
        names = _select_files(HfApi().list_repo_files(repository, revision=revision), what, kind)
        snapshot_download(repository, revision=revision, local_dir=folder, allow_patterns=names)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # metadata of the Hub's client
    return names


def _copy(clone: Path, folder: Path, what: str, kind: ModelFiles) -> list[str]:
    names = _select_files([file.name for file in clone.iterdir() if file.is_file()], what, kind)
    for name in names:
        with replacing(folder / name) as temporary:
            shutil.copyfile(clone / name, temporary)
    return names


def _check_weights(file: Path) -> None:
    """Check that the header can be read: in a clone without its large files, they are short text files."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return
    except SafetensorError as error:
        remedy = "Prefetch again; in a mirror, get the clone's large files first (git lfs pull)."
        raise DataError(file, f"holds no safetensors weights ({error}).", remedy=remedy) from error


def _existing_record(folder: Path, identity: dict[str, str]) -> dict[str, Any] | None:
    """Return the record of an existing model that is undamaged and of the right origin; else None."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
        checksums: dict[str, str] = record["sha256"]
        undamaged = all(sha256_of(folder / name) == checksum for name, checksum in checksums.items())
        return record if undamaged and identity.items() <= record.items() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # missing or damaged: fetch it again
        return None
