"""Which study a command is about: ``--study`` takes a study's name, its file or a folder, or is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from xstilts.errors import UserError, did_you_mean
from xstilts.graph.location import results_of, storage_of
from xstilts.graph.paths import Paths

#: Where all studies of a folder have their results.
RESULTS = Path("results")
_YAML = (".yaml", ".yml")
_NAME = re.compile(r"^study:[ \t]*[\"']?([a-z0-9][a-z0-9_-]*)", re.MULTILINE)
_ARMS = re.compile(r"^arms:", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """Where a study is.

    Attributes:
        file: Its YAML file; None where the stored study was named, or is all there is.
        stored: The study as it ran last; None where it has not run.
    """

    file: Path | None = None
    stored: Path | None = None

    @property
    def described(self) -> Path:
        """What a run would begin with: the YAML file, or the stored study where that was named or is all there is."""
        chosen = self.file or self.stored
        assert chosen is not None
        return chosen

    @property
    def run(self) -> Path:
        """The study as it ran last, beside its results.

        Raises:
            UserError: It has not run, or its results are in a storage out of reach.
        """
        if self.stored is None:
            raise UserError(f"{self.file}: this study has not run yet, so that there is nothing to read. To run it: "
                            f"xstilts run {self.file}")  # fmt: skip
        return results_of(self.stored.parent) / self.stored.name

    @property
    def storage(self) -> str:
        """The storage that the study ran with last: its folder or address; empty without one."""
        return storage_of(self.stored.parent) if self.stored else ""


def find(given: str) -> Found:
    """The study that ``--study`` names.

    Args:
        given: A name, a study file, results/{study}/study.json or a folder; empty: the only study in this folder.

    Raises:
        UserError: There is none, or there are several.
    """
    path = Path(given)
    if not given:
        return _only(studies_in(Path()), Path())
    if path.is_dir():
        return _in_folder(path)
    if path.suffix in _YAML:
        return _of_file(path)
    if path.suffix == ".json" or len(path.parts) > 1:
        return Found(stored=path)
    known = studies_in(Path())
    if given not in known:
        raise UserError(
            f"--study: there is no study '{given}' in {Path.cwd()}. {did_you_mean(given, known)} It takes a study's "
            "name, its file or its folder."
        )
    return known[given]


def studies_in(folder: Path) -> dict[str, Found]:
    """The studies of a folder by name: YAML files in it, and what has run in its ``results/``."""
    known: dict[str, Found] = {}
    for path in sorted(path for suffix in _YAML for path in folder.glob(f"*{suffix}")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if (named := _NAME.search(text)) and _ARMS.search(text):
            if (other := known.get(named[1])) and other.file:
                raise UserError(f"{path} and {other.file} are both called '{named[1]}'; rename one, or give its path.")
            known[named[1]] = Found(path)
    for path in sorted((folder / RESULTS).glob(f"*/{Paths(Path()).study}")):
        known[path.parent.name] = replace(known.get(path.parent.name, Found()), stored=path)
    return dict(sorted(known.items()))


def _of_file(path: Path) -> Found:
    """A study by its YAML file: it may not be there, or be none, which whoever reads it says."""
    named = _NAME.search(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
    stored = Paths(RESULTS / named[1]).study if named else None
    return Found(path, stored if stored and stored.is_file() else None)


def _in_folder(folder: Path) -> Found:
    """The study whose results lie in a folder, or the only one that lies there."""
    stored = Paths(folder).study
    return Found(stored=stored) if stored.is_file() else _only(studies_in(folder), folder)


def _only(known: dict[str, Found], folder: Path) -> Found:
    if not known:
        raise UserError(
            f"there is no study in {folder.resolve()}: no YAML file of one, and no results. Write one with "
            "xstilts init NAME, or give --study: a name, a file or a folder."
        )
    if len(known) > 1:
        raise UserError(f"give --study, as there are several studies in {folder.resolve()}: {', '.join(known)}.")
    return next(iter(known.values()))
