"""The files of the workflow that come with the package: the Snakefile, its rules, and the published studies."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from xstilts.config.yaml_files import read_yaml
from xstilts.errors import UserError

SNAKEFILE = "Snakefile"


def workflow_folder() -> Path:
    """The folder with the Snakefile: the clone that the package is used from, else where pip has put the workflow.

    Raises:
        UserError: It is in neither place.
    """
    clone = Path(__file__).resolve().parents[3]
    if (clone / SNAKEFILE).is_file():
        return clone
    try:
        installed = [file for file in files("xstilts") or () if file.name == SNAKEFILE]
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if (found := Path(str(file.locate())).resolve()).is_file():
            return found.parent
    raise UserError(f"the workflow's {SNAKEFILE} is not there ({clone}). Install xstilts again, or work in a clone.")


def shipped_study(name: str) -> dict[str, Any]:
    """The config of a study in ``workflow/studies/``."""
    return dict(read_yaml(workflow_folder() / "workflow" / "studies" / f"{name}.yaml"))


def demo_text() -> str:
    """The text of ``config.yaml``, the demo's study."""
    return (workflow_folder() / "config.yaml").read_text(encoding="utf-8")
