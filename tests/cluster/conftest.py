"""The cluster, and a study that has run on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_release
from slurm import NoCluster, Slurm
from submitted import SEEDS, STEPS, Submitted


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """SLURM on this machine. Where it cannot be had the tests skip; in CI they fail."""
    slurm = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        slurm.start()
    except NoCluster as reason:
        reason.skip()
    try:
        yield slurm
    finally:
        slurm.stop()


@pytest.fixture
def study(tmp_path: Path) -> Submitted:
    """A study that has not run."""
    tiny_release.write(tmp_path / "data")
    study = Submitted(tmp_path)
    study.write()
    return study


@pytest.fixture(scope="session")
def undisturbed(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    """A study that SLURM ran from the first file to the report. Not to be changed: take ``again``."""
    folder = tmp_path_factory.mktemp("undisturbed")
    tiny_release.write(folder / "data")
    study = Submitted(folder)
    study.config["seeds"] = SEEDS
    study.config["arms"] = {"none": {}}
    study.config["targets"] = {"xnli": {"languages": ["de", "en"]}}
    study.config["training"]["target"]["max_steps"] = STEPS
    study.submit().ok()
    return study


@pytest.fixture(scope="module")
def again(undisturbed: Submitted, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    """The same study, finished, in a folder of its own."""
    folder = tmp_path_factory.mktemp("again") / "study"
    shutil.copytree(undisturbed.folder, folder, ignore=shutil.ignore_patterns("slurm_logs"))
    study = Submitted(folder)
    study.config = undisturbed.config
    return study
