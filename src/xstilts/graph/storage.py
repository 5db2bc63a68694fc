"""Where files are when the machines that run jobs share no disk: in a storage, from and to which Snakemake copies them.

Snakemake copies what rules declare. So with a storage rules declare whole folders, where otherwise one file stands for
its folder, and all that their commands read. What no rule declares, Snakefile and jobs exchange through this module,
which takes the storage's objects from Snakemake's internals.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.io import directory

from xstilts.errors import UserError
from xstilts.graph.location import note_storage
from xstilts.graph.runs import Runs
from xstilts.runtime import heads

logger = logging.getLogger(__name__)

#: Files that stand for the folder that they lie in, if no storage copies it.
_STAND_FOR_FOLDERS = {"manifest.json", "record.json", "tokenizer.json", "xstilts.json"}
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Storage:
    """The default storage of a run of Snakemake; false if there is none, and then all paths stay as they are.

    Attributes:
        provider: Snakemake's ``StorageProviderBase``; None without a storage.
        prefix: What precedes each path in the storage: a folder, or the address of a bucket.
    """

    provider: Any | None = None
    prefix: str = ""

    @classmethod
    def of_workflow(cls, workflow: Any) -> Storage:
        """Return the default storage of Snakemake's workflow, as its Snakefile sees it."""
        provider = workflow.storage_registry.default_storage_provider
        if provider is not None:
            _look_for_folders_again(provider.get_storage_object_cls())
        return cls(provider, workflow.storage_settings.default_storage_prefix)

    def __bool__(self) -> bool:
        return self.provider is not None

    @property
    def folder(self) -> Path:
        """The folder on this machine that the copies of the study's files lie below, in the same paths."""
        return self._local(Path("results")).parent

    # What rules declare

    def whole(self, **files: Path) -> dict[str, Any]:
        """Return the outputs of a rule that writes all files of one folder: the given files, or the folder."""
        return {"folder": directory(next(iter(files.values())).parent)} if self else files

    def apart(self, **files: Path) -> dict[str, Path]:
        """Return the outputs that a rule has outside its folder only where each has to be copied."""
        return files if self else {}

    def of(self, paths: Iterable[Path]) -> list[Path]:
        """Return the inputs of a rule: each file, or the folder that it stands for."""
        return list(dict.fromkeys(map(_folder_of, paths))) if self else list(paths)

    def beside(self, paths: Iterable[Path]) -> list[Path]:
        """Return the inputs that a rule has beside others only where each has to be copied."""
        return self.of(paths) if self else []

    # What no rule declares

    def exists(self, path: Path) -> bool:
        """Whether a file is in the storage, or without one on disk.

        Raises:
            UserError: The storage does not answer.
        """
        try:
            return bool(self._object(path).exists()) if self else path.exists()
        except Exception as error:  # each plugin has its own
            raise UserError(
                f"{self.prefix}: the storage does not answer ({type(error).__name__}: {error}). Check its address, "
                "your credentials and the network; docs/engines.md says how a storage is named."
            ) from error

    def has_all_data(self, runs: Runs) -> bool:
        """Whether all data has been read once; on disk also whether it has not been deleted since."""
        return self.exists(runs.paths.prepared) if self else runs.all_data_was_read()

    def put(self, path: Path) -> None:
        """Copy a file of the working folder to the storage, for the machines that run jobs; nothing without one."""
        if self:
            copy = self._local(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            self._object(path).store_object()

    def put_study(self, runs: Runs) -> None:
        """Put what a run has stored of its study into the storage, and record that the results are there."""
        note_storage(runs.paths, self.prefix if self else None)
        for path in (runs.frozen, runs.paths.study, runs.paths.storage) if self else ():
            self.put(path)

    def fetched(self, path: str) -> str:
        """Return where a file is that :meth:`put` has put into the storage, after copying it to this machine."""
        if not self:
            return path
        copy = self._local(Path(path))
        copy.parent.mkdir(parents=True, exist_ok=True)
        self._object(Path(path)).retrieve_object()
        return str(copy)

    def begin(self, runs: Runs, slurm_name: str, slurm_job: str) -> None:
        """Record, as :func:`xstilts.runtime.heads.begin`, that this Snakemake runs a study, in the storage too.

        Args:
            runs: The jobs of the study.
            slurm_name: The name of all jobs that it submits to SLURM.
            slurm_job: The job of SLURM that it is a part of.
        """
        if self and not runs.study.compute.checkpoints:
            logger.warning(
                "compute.checkpoints names no folder: checkpoints stay on the machine that a job runs on, and a job "
                "that is killed starts from its beginning (docs/engines.md)."
            )
        for replaced in heads.begin(runs.paths.heads, runs.study.study, slurm_name, slurm_job):
            self._remove(heads.file_of(runs.paths.heads, replaced.id))
        self.put(heads.file_of(runs.paths.heads, os.environ[heads.VARIABLE]))

    def leave(self, runs: Runs) -> None:
        """Record that this Snakemake has come to its end."""
        heads.leave(runs.paths.heads, os.environ[heads.VARIABLE])
        self._remove(heads.file_of(runs.paths.heads, os.environ[heads.VARIABLE]))

    def refuse(self, runs: Runs, remote: bool) -> None:
        """Refuse a job of a Snakemake that was replaced, and a study that reads files below the working folder.

        Args:
            runs: The jobs of the study.
            remote: Whether this is the Snakemake of one job, on another machine.

        Raises:
            UserError: The job's Snakemake is no longer recorded. Or there is a storage, so that jobs work in a folder
                of their own, and a file that the study reads has a relative path, or the storage does not answer.
        """
        if self:
            self.exists(runs.frozen)  # so that a storage out of reach is told of first, and in words
        if remote:
            heads.refuse_without_head(runs.paths.heads, os.environ, self.exists)
        read = (*runs.study.contents, *filter(None, [runs.study.mirror]))
        relative = [path for path in read if self and not Path(path).is_absolute()]
        if relative:
            raise UserError(
                f"{relative[0]}: with a storage, jobs work in a folder of their own. Write absolute paths in the "
                f"study, such as {Path(relative[0]).absolute()}: source.root and mirror, models.*.path, text.*.files."
            )

    def _remove(self, path: Path) -> None:
        if self and self.exists(path):
            self._object(path).remove()

    def _object(self, path: Path) -> Any:
        assert self.provider is not None
        return self.provider.object(f"{self.prefix.rstrip('/')}/{path.as_posix()}" if self.prefix else path.as_posix())

    def _local(self, path: Path) -> Path:
        return Path(self._object(path).local_path())


def _look_for_folders_again(objects: Any) -> None:
    """Have the objects of snakemake-storage-plugin-s3 0.3.6 look again for a folder that was not there.

    They remember for a whole run what they have found. A folder that a job leaves at its second try, after Snakemake
    has looked for what the first one has left, would count as missing.
    """
    if objects.__module__ != "snakemake_storage_plugin_s3":
        return
    remembering = objects.is_dir

    def is_dir(self: Any) -> bool:
        self._is_dir = self._is_dir or None  # None: not known
        return bool(remembering(self))

    objects.is_dir = is_dir


def _folder_of(path: Path) -> Path:
    """The folder that a file stands for, or the file itself."""
    stands = path.name in _STAND_FOR_FOLDERS or path.name.startswith(_WEIGHTS)
    return path.parent if stands else path
