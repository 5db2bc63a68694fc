"""Where the results of a study are that has run: in its folder, or in the storage of Snakemake's that it ran with."""

from __future__ import annotations

from pathlib import Path

from xstilts.atomic import read_object, write_json
from xstilts.errors import UserError
from xstilts.graph.paths import Paths
from xstilts.secrets import redacted


def note_storage(paths: Paths, prefix: str | None) -> None:
    """Record where the results of the run that starts will be.

    Args:
        paths: The study's paths.
        prefix: What precedes each path in the storage, a folder or an address; None without a storage.
    """
    if prefix is None:
        paths.storage.unlink(missing_ok=True)
    else:
        write_json(paths.storage, {"prefix": redacted(prefix) if "://" in prefix else str(Path(prefix).resolve())})


def storage_of(root: Path) -> str:
    """Return the storage that has the files of a study: its folder or address; empty without one.

    Args:
        root: The study's folder, in which the file of its last run lies.
    """
    return str(read_object(Paths(root).storage).get("prefix", ""))


def results_of(root: Path) -> Path:
    """Return the folder with the results of a study: its own, or the one in a storage.

    Args:
        root: The study's folder, in which the file of its last run lies.

    Raises:
        UserError: They are in a storage that is no folder of this machine, and have not been copied to the folder.
    """
    prefix, own = storage_of(root), Paths(root)
    if not prefix:
        return root
    there = Path(prefix, root.resolve().parent.name, root.resolve().name)
    if Paths(there).study.is_file():
        return there
    if own.scores.exists() or own.prepared.exists():
        return root
    raise UserError(
        f"{root}: the results of this study are in the storage {prefix}, and this command sees only what lies on a "
        f"disk. Copy {there.parent.name}/{there.name} from there into this folder (docs/engines.md), and try again."
    )
