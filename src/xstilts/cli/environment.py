"""The variables that libraries read when they are imported, and the folder that commands work in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

#: The folder that commands work in, if not the one they are started in: with a storage, where Snakemake's copies are.
FOLDER = "XSTILTS_FOLDER"


def fetches(arguments: Sequence[str]) -> bool:
    """Whether a command, given without the program's name, uses the network, or starts others that may."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    return command == "run" or command.startswith("prefetch")


def prepare_environment(online: bool) -> None:
    """Set what the user has not set; only where ``online`` may the Hub's libraries use the network."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # they fill logs
    if not online:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")


def enter_folder() -> None:
    """Work in the folder that :data:`FOLDER` names, if it does."""
    if FOLDER in os.environ:
        folder = Path(os.environ[FOLDER])
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
