"""Access to the Hugging Face Hub or to a mirror of it, with one clear message if it fails.

A mirror is a folder with clones of repositories, ``{mirror}/{namespace}/{name}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xstilts.errors import UserError

_TIMEOUT = 10.0  # seconds for the first request; the Hub's client retries later requests for half a minute
_OFFLINE = (
    "Prefetch on a machine with network and copy the folder 'hub' from there; or set HF_ENDPOINT to an endpoint that "
    "can be reached, or source.mirror to a folder with clones of the repositories. See docs/hub.md."
)
_CLONE = "Is it a complete clone, with its large files (git lfs pull)? See docs/hub.md."


def clone_folder(mirror: str, repository: str) -> Path:
    """Return the folder of a repository's clone.

    Args:
        mirror: The folder of the mirror.
        repository: The repository, ``{namespace}/{name}``.

    Raises:
        UserError: if the mirror has no clone of the repository.
    """
    folder = Path(mirror) / repository
    if not folder.is_dir():
        raise UserError(f"source.mirror: there is no folder '{folder}' with a clone of {repository}. See docs/hub.md.")
    return folder.resolve()


@contextmanager
def read_errors(what: str, clone: Path | None) -> Iterator[None]:
    """Turn every exception inside the ``with`` block into a UserError.

    All exceptions are caught because those of the libraries have no common base class.

    Args:
        what: What is read, for the message.
        clone: The clone that it is read from; None for the Hub.

    Raises:
        UserError: instead of any other exception.
    """
    from huggingface_hub import constants

    where, remedy = (f"its clone {clone}", _CLONE) if clone else (constants.ENDPOINT, _OFFLINE)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{what} cannot be read from {where}: {_summary(error)} {remedy}") from error


def check_reachable(what: str) -> None:
    """Send one request to the Hub, so that a machine without network fails at once and not after many retries.

    Args:
        what: What is going to be read, for the message.

    Raises:
        UserError: if the Hub does not answer, or offline mode is on.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    with read_errors(what, clone=None):
        get_session().head(constants.ENDPOINT, timeout=_TIMEOUT)


def _summary(error: BaseException) -> str:
    """Return the first line of the message of the original cause, and the type of the error."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    first, *_ = str(cause).strip().splitlines() or [""]
    return f"{first.rstrip('.')} ({type(error).__name__})." if first else f"{type(error).__name__}."
