"""The study that Snakemake plans, checked as far as is possible in no time: without torch, transformers or pyarrow."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xstilts.checks import corpora, limits, tracking, translation
from xstilts.checks.findings import refuse
from xstilts.config.available import as_available
from xstilts.config.study import load, load_file
from xstilts.config.yaml_files import read_yaml, refuse_repeated_keys
from xstilts.graph.contents import planned
from xstilts.graph.runs import Runs
from xstilts.wording import listed

logger = logging.getLogger(__name__)


def plan(config: Mapping[str, Any], configfiles: Iterable[Path | str], frozen: str = "") -> Runs:
    """Return the jobs of the study that Snakemake plans, or of the study that one of its jobs was planned with.

    Args:
        config: The config as Snakemake has merged it.
        configfiles: The files that it is from.
        frozen: The path of the frozen study, in the Snakemake of a cluster's job: whatever has become of the config
            since, the job goes by it. Empty in the Snakemake that plans.

    Raises:
        UserError: The config is not valid, or asks for what its models do not have.
    """
    if frozen:
        return Runs(load_file(Path(frozen)))
    paths = [Path(path) for path in configfiles]
    for path in paths:
        refuse_repeated_keys(path)
    runs = Runs(as_available(load(config)))
    subjects = limits, corpora, translation, tracking
    refuse([finding for subject in subjects for finding in subject.findings(runs)])
    _tell(runs, paths)
    return Runs(planned(runs.study))


def _tell(runs: Runs, configfiles: list[Path]) -> None:
    """Log what may be a mistake; a study can be planned before its data is there."""
    root = runs.data_root()
    if root is not None and not root.is_dir():
        logger.warning("source.root: there is no folder '%s' yet (looked from %s). See docs/data.md.", root, Path.cwd())
    of_files = _models_of(configfiles) if len(runs.study.models) > 1 else []
    if added := [model for model in runs.study.models if model not in of_files] if of_files else []:
        logger.warning(
            "models: --config has added %s to %s of %s, and replaced none: every arm and target is run for each model. "
            "To run one alone, name it in a study file.",
            *(listed([f"'{model}'" for model in names]) for names in (added, of_files)),
            listed([path.name for path in configfiles]),
        )


def _models_of(configfiles: Iterable[Path]) -> list[str]:
    """The names of the models in the files of a config, before values of the command line are merged with them."""
    configs = [read_yaml(path) for path in configfiles if path.is_file()]
    sections = [config.get("models") for config in configs if isinstance(config, dict)]
    return list(dict.fromkeys(str(name) for section in sections if isinstance(section, dict) for name in section))
