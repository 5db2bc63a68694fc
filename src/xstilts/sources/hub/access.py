"""Getting at the Hugging Face Hub, or at a mirror of it, and saying plainly what stands in the way.

A mirror is a folder with clones of repositories, ``{mirror}/{namespace}/{name}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xstilts.errors import UserError

_SECONDS = 10.0  # to reach the Hub at all; what fails later is retried by its client for half a minute
_OFFLINE = (
    "Prefetch on a machine with network and copy the folder 'hub' from there; or set HF_ENDPOINT to an endpoint that "
    "can be reached, or source.mirror to a folder with clones of the repositories. See docs/hub.md."
)
_CLONE = "Is it a complete clone, with its large files (git lfs pull)? See docs/hub.md."


def mirrored(mirror: str, repository: str) -> Path:
    """The folder of a repository's clone.

    Raises:
        UserError: there is none.
    """
    folder = Path(mirror) / repository
    if not folder.is_dir():
        raise UserError(f"source.mirror: there is no folder '{folder}' with a clone of {repository}. See docs/hub.md.")
    return folder.resolve()


@contextmanager
def reading(what: str, clone: Path | None) -> Iterator[None]:
    """Whatever goes wrong inside becomes one message about ``what``.

    ``clone`` is where it is read from, None: the Hub. The libraries' errors have no base class of their own.

    Raises:
        UserError: in place of any other exception.
    """
    from huggingface_hub import constants

    where, remedy = (f"its clone {clone}", _CLONE) if clone else (constants.ENDPOINT, _OFFLINE)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{what} cannot be read from {where}: {_in_short(error)} {remedy}") from error


def check_reachable(what: str) -> None:
    """One request to the Hub, so that a machine without network is told at once and not after many tries.

    Raises:
        UserError: there is no answer, or offline mode is on; ``what`` is then said to be out of reach.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    with reading(what, clone=None):
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)


def _in_short(error: BaseException) -> str:
    """Its kind, and the first line of what the error that it follows from says."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    first, *_ = str(cause).strip().splitlines() or [""]
    return f"{first.rstrip('.')} ({type(error).__name__})." if first else f"{type(error).__name__}."
