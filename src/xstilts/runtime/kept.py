"""Results of jobs that have ended well, kept on a cluster until the study's scores are collected.

Snakemake deletes the outputs of all jobs of a group when one of them fails, and those of a job whose Snakemake was
killed before it saw the job end. What is kept here is put back in place of being computed again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from xstilts.atomic import read_object, replacing, sha256_of, write_json

_LIST = "kept.json"


def keep(folder: Path, files: Sequence[Path], inputs: str) -> None:
    """Keep files: as hard links, which take no space, or where there are none as copies.

    Args:
        folder: The run's folder.
        files: The files, in an order that is the same for each attempt at the run.
        inputs: A checksum of what the run has read.
    """
    for number, file in enumerate(files):
        _link(file, folder / str(number))
    write_json(folder / _LIST, {"inputs": inputs, "checksums": [sha256_of(file) for file in files]})


def put_back(folder: Path, files: Sequence[Path], inputs: str) -> bool:
    """Put the files of a run back in their places, if all of them are kept, whole, and of the same inputs.

    Args:
        folder: The run's folder.
        files: The places, as :func:`keep` was given them.
        inputs: A checksum of what the run would read now.

    Returns:
        Whether it has.
    """
    listed = read_object(folder / _LIST)
    kept = [folder / str(number) for number in range(len(files))]
    if listed.get("inputs") != inputs or not all(path.is_file() for path in kept):
        return False
    if listed.get("checksums") != [sha256_of(path) for path in kept]:
        return False
    for path, file in zip(kept, files, strict=True):
        _link(path, file)
    return True


def _link(file: Path, place: Path) -> None:
    with replacing(place) as temporary:
        temporary.unlink()
        try:
            os.link(file, temporary)
        except OSError:  # the file system has no hard links
            shutil.copyfile(file, temporary)
