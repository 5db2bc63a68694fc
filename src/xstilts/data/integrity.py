"""Whether files that jobs have finished are still what they wrote: checksums stand in manifests and records."""

from __future__ import annotations

import json
from pathlib import Path

from xstilts.atomic import sha256_of
from xstilts.errors import DataError

MANIFEST = "manifest.json"


def refuse_damaged(path: Path, checksum: str | None, remedy: str) -> None:
    """Refuse a file whose content is not what was written.

    Args:
        path: The file.
        checksum: The SHA-256 of what was written; None if nothing is known of it.
        remedy: What has the file made again.

    Raises:
        DataError: The file is gone, or has another checksum.
    """
    if not path.is_file():
        raise DataError(path, "no such file.", remedy=remedy)
    if checksum is not None and sha256_of(path) != checksum:
        raise DataError(path, "the file is damaged: it does not hold what was written.", remedy=remedy)


def refuse_damaged_part(path: Path) -> None:
    """Refuse a damaged file of a folder whose manifest lists the checksum of each file, by its stem.

    Args:
        path: The file; a folder without a manifest is not complete yet, and its files are not checked.

    Raises:
        DataError: As :func:`refuse_damaged`.
    """
    manifest = path.parent / MANIFEST
    listed = json.loads(manifest.read_bytes())["files"] if manifest.is_file() else {}
    remedy = f"Delete the folder {path.parent} and start snakemake again, which makes it anew."
    refuse_damaged(path, listed.get(path.stem, {}).get("sha256"), remedy)
