"""The versions of Snakemake whose internals are read."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from workspace import REPOSITORY

from xstilts.errors import UserError
from xstilts.why import snakemake_api
from xstilts.why.snakemake_api import plan_reruns


@pytest.mark.parametrize("installed", ["8.30.0", "9.26.4", "10.0.0", "10.1.0a1", "11.2"])
def test_other_versions_are_refused(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake_api, "version", lambda package: installed)
    with pytest.raises(UserError, match=rf"versions from 9\.27 up to, but not including, 10\.0; Snakemake {installed}"):
        plan_reruns(None, [], [])


@pytest.mark.parametrize("installed", ["9.27.0", "9.27.1", "9.100", version("snakemake")])
def test_supported_versions_are_used(installed: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(snakemake_api, "version", lambda package: installed)
    with pytest.raises(UserError, match="no such config file"):
        plan_reruns(None, [tmp_path / "study.yaml"], [])


def test_the_package_requires_the_supported_versions() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (required,) = [each for text in project["dependencies"] if (each := Requirement(text)).name == "snakemake"]
    oldest, newer = (".".join(map(str, numbers)) for numbers in snakemake_api.SUPPORTED)
    assert {str(bound) for bound in required.specifier} == {f">={oldest}", f"<{newer}"}
