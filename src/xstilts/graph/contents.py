"""What the files hold that a study reads and no job makes: data files, and encoders in local folders.

Their checksums are part of the study as it is planned, and of run specs. So a file counts as changed if its content has
changed, whatever its date says. Files of the Hub are not among them: their content follows from the commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from xstilts.atomic import sha256_of, write_json
from xstilts.config.study import Study, store
from xstilts.errors import UserError
from xstilts.graph.runs import Runs

_SHOWN = 16  # hexadecimal digits of a checksum in run specs
_MODEL_SUFFIXES = {".json", ".model", ".safetensors", ".spm", ".txt"}
_NOT_READ = "record.json"  # of the job of another study that has trained the encoder: hours and hardware

#: By path: what tells whether a file may have changed since its checksum was taken, and the checksum.
Known = dict[str, tuple[list[int], str]]


def planned(study: Study) -> Study:
    """Return a study with the checksums of the files that it reads and no job makes.

    Files that have not changed, by size, times and inode, since a run of the study took their checksums are not read.
    Nothing is written.
    """
    runs = Runs(study)
    known = _known(runs.paths.checksums)
    return study.model_copy(update={"contents": {str(path): _checksum(path, known) for path in _outside_files(runs)}})


def freeze(runs: Runs) -> None:
    """Write a planned study where its jobs read it and where people's commands do, and keep checksums for later plans.

    Called when a run starts, and holds Snakemake's lock: whatever only looks at a study writes nothing.
    """
    store(runs.study, runs.frozen)
    store(runs.study, runs.paths.study)
    known = _known(runs.paths.checksums)
    paths = [Path(path) for path in runs.study.contents if Path(path).is_file()]
    write_json(runs.paths.checksums, {str(path): (_stamp(path), _checksum(path, known)) for path in paths})


def of_task(runs: Runs, task: str) -> dict[str, str]:
    """Return the planned checksums of a task's data files, by their path below ``source.root``."""
    contents = runs.study.contents
    listed = [path for path in runs.data_files(task) if str(path) in contents]
    return {_below_root(runs, path): contents[str(path)][:_SHOWN] for path in listed}


def of_corpus(runs: Runs, text: str) -> dict[str, dict[str, str]]:
    """Return the planned checksums of a corpus's files, by language and path below ``source.root``."""
    listed = of_task(runs, text)
    return {
        code: {name: listed[name] for path in paths if (name := _below_root(runs, path)) in listed}
        for code, paths in runs.corpus_files(text).items()
    }


def of_model(runs: Runs, model: str) -> dict[str, str]:
    """Return the planned checksums of the files of an encoder in a local folder, by name."""
    return of_folder(runs, runs.ready_made(model))


def of_folder(runs: Runs, folder: Path) -> dict[str, str]:
    """Return the planned checksums of the files of a local model's folder, by name."""
    paths = ((Path(path), checksum) for path, checksum in runs.study.contents.items())
    return {path.name: checksum[:_SHOWN] for path, checksum in paths if path.parent == folder}


def refuse_changed(runs: Runs, paths: Iterable[Path]) -> None:
    """Refuse files that are no longer what they were when the study was planned.

    Args:
        runs: The jobs of the study.
        paths: The files that a job is about to read; those that a job makes are not looked at. The weights of an
            encoder stand for its folder.

    Raises:
        UserError: A file has another content.
    """
    read = set(paths)
    encoders = {path.parent for path in read if path.name.startswith("model.safetensors")}
    for name, checksum in runs.study.contents.items():
        path = Path(name)
        if (path in read or path.parent in encoders) and (not path.is_file() or sha256_of(path) != checksum):
            raise UserError(
                f"{path}: the file has changed since snakemake planned this job. Start snakemake again: it plans the "
                "study with the file as it is now."
            )


def _below_root(runs: Runs, path: Path) -> str:
    root = Path(str(getattr(runs.study.source, "root", "")))
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _outside_files(runs: Runs) -> list[Path]:
    """Return the existing files that the study reads and no job makes."""
    tasks = (*runs.read_from_files(), *(text for text in runs.texts() if text in runs.study.corpora))
    files = [path for task in tasks for path in runs.data_files(task) if path.is_file()]
    for folder in runs.local_models():
        listed = sorted(folder.glob("*"))
        read = (path for path in listed if path.suffix in _MODEL_SUFFIXES and path.name != _NOT_READ)
        files += [path for path in read if path.is_file()]
    return list(dict.fromkeys(files))


def _checksum(path: Path, known: Known) -> str:
    stamp, checksum = known.get(str(path), ([], ""))
    return checksum if stamp == _stamp(path) else sha256_of(path)


def _stamp(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


def _known(path: Path) -> Known:
    try:
        return {name: (stamp, checksum) for name, (stamp, checksum) in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
