"""The files of a study's corpora: whether there are any, and whether they look like text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xstilts.checks.findings import Finding
from xstilts.graph.runs import Runs

_LOOKED_AT = 4096  # bytes at the beginning of a file


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over what is wrong with the corpora that a study uses: one finding per language at most."""
    for text in runs.texts():
        for language, files in runs.corpus_files(text).items() if text in runs.study.corpora else ():
            key = runs.study.text_key(text, language)
            if not files:
                pattern = runs.study.text[text.partition("_")[2]].patterns[language]
                yield Finding(key, f"no file matches '{pattern}'. Relative patterns are looked for from {_root(runs)}.")
            elif not any(file.stat().st_size for file in files):
                yield Finding(key, f"all its files are empty, {files[0]} the first of them.")
            elif binary := next(filter(_is_binary, files), None):
                yield Finding(key, f"{binary} is no text: it has a zero byte. Correct the pattern.")


def _root(runs: Runs) -> Path:
    return Path.cwd() / str(getattr(runs.study.source, "root", ""))


def _is_binary(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"\0" in opened.read(_LOOKED_AT)
