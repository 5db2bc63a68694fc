"""A study from its YAML file, as the workflow reads it."""

from __future__ import annotations

from pathlib import Path

import yaml

from xstilts.config.available import without_missing
from xstilts.config.study import Study, load
from xstilts.errors import UserError


def read_config(path: Path) -> Study:
    """The study that ``snakemake --configfile`` would plan from that file.

    Raises:
        UserError: where the file is not there, no YAML, or no valid study.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such config file.")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a YAML file: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a study config; config.yaml is an example of one.")
    return without_missing(load(config))
