"""A study from its YAML file, as the workflow reads it."""

from __future__ import annotations

from pathlib import Path

from xstilts.config.available import as_available
from xstilts.config.study import Study, load
from xstilts.config.yaml_files import read_yaml
from xstilts.errors import UserError


def read_config(path: Path) -> Study:
    """The study that ``snakemake --configfile`` would plan from that file.

    Raises:
        UserError: where the file is not there, no YAML, names a key twice, or is no valid study.
    """
    config = read_yaml(path)
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a study config; xstilts init NAME writes one.")
    return as_available(load(config))
