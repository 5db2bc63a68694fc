"""A profile of Snakemake for a cluster, with the lines that its values stand in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from xstilts.config.yaml_files import read_yaml
from xstilts.errors import UserError


@dataclass(frozen=True)
class Profile:
    """A profile's file.

    Attributes:
        path: The file.
        values: What is in it.
    """

    path: Path
    values: dict[str, Any]

    def place(self, *keys: str) -> str:
        """Where a value stands, or would have to: the file with the line of the key, or of the section around it."""
        node, line = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), 1
        for key in keys:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = [(name, value) for name, value in pairs if name.value == key]
            if not found:
                break
            name, node = found[0]
            line = name.start_mark.line + 1
        return f"{_shown(self.path)}, line {line}"

    def account(self) -> str:
        """The account of all jobs that have none of their own; empty if there is none."""
        return str(self.values.get("default-resources", {}).get("slurm_account", ""))


def read_profile(folder: Path) -> Profile:
    """Read the profile in a folder.

    Raises:
        UserError: It is not there, or no profile.
    """
    path = folder / "profile.yaml"
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: holds no keys, so that it is no profile. workflow/profiles/slurm has one.")
    return Profile(path, values)


def _shown(path: Path) -> Path:
    """A path as from the working folder, where it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
