"""What a file holds, whatever its name says: looked at before any reader takes its lines for data."""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path

from xstilts.errors import DataError

HINT = "docs/data.md says where each release comes from and where its files go."
_LOOKED_AT = 1024  # bytes at the start of a file that say what it is

_UNPACK = "Unpack it and put the file that is in it in its place."
_FETCH = "Get the file itself: 'git lfs pull' in the repository that it was cloned from, or download it."
_SAVED = "A download has saved the page of a server in place of the file; download it again, and look into it."
_CONVERT = "Convert it to UTF-8, for instance with iconv, or take it anew."

#: How a file begins that is no text in UTF-8, what it is then, and what to do.
_KINDS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (
        re.compile(rb"version https://git-lfs\.github\.com/"),
        "a Git LFS pointer, not the file that it stands for",
        _FETCH,
    ),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)\b[^\t\n]*>", re.IGNORECASE), "an HTML page", _SAVED),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml\b[^\t\n]*\?>"), "an XML document", _SAVED),
    (re.compile(rb"\x1f\x8b"), "a gzip archive", _UNPACK),
    (re.compile(rb"PK\x03\x04"), "a zip archive", _UNPACK),
    (re.compile(rb"BZh[1-9]1AY&SY"), "a bzip2 archive", _UNPACK),
    (re.compile(rb"\xfd7zXZ\x00"), "an xz archive", _UNPACK),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "a Zstandard archive", _UNPACK),
    (re.compile(rb"PAR1"), "a Parquet file", "Take the text files of the release."),
    (re.compile(rb"%PDF-"), "a PDF document", "Take the text files of the release."),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "text in UTF-16, where UTF-8 is expected", _CONVERT),
)


def check_is_text(path: Path) -> None:
    """Refuse a file whose first bytes say that it is no text in UTF-8, or stands for another file.

    Raises:
        DataError: the file is a Git LFS pointer, a saved web page, an archive, or in UTF-16.
    """
    with path.open("rb") as handle:
        start = handle.read(_LOOKED_AT)
    for pattern, kind, remedy in _KINDS:
        if pattern.match(start):
            raise DataError(path, f"is {kind}.", remedy=f"{remedy} {HINT}")


def decoded(path: Path, row: int, raw: bytes) -> str:
    """One line of a file as text.

    Raises:
        DataError: the line is not UTF-8, or has a NUL byte, which no text has.
    """
    if b"\0" in raw:
        place = raw.index(b"\0") + 1
        problem = f"byte {place} is NUL, which no text has."
        raise DataError(path, problem, row, f"The file is damaged, or no text at all; take it anew. {HINT}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            path,
            f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8.",
            row,
            f"The file is in another encoding. {_CONVERT} {HINT}",
        ) from None


def digest(path: Path) -> str:
    """A hash of a file's text, the same with other line ends and with or without a byte order mark."""
    lines = hashlib.sha256()
    with path.open("rb") as handle:
        for row, raw in enumerate(handle):
            lines.update((raw.removeprefix(codecs.BOM_UTF8) if row == 0 else raw).rstrip(b"\r\n") + b"\n")
    return lines.hexdigest()
