"""What the project's files promise each other."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workspace import REPOSITORY, Workspace, tracked

from xstilts.config import study as studies
from xstilts.graph.runs import Runs

STUDIES = [REPOSITORY / "config.yaml", *sorted((REPOSITORY / "workflow" / "studies").glob("*.yaml"))]

#: Paths that exist on one machine only, and hosts that packages or models are fetched from.
LOCAL_PATH = re.compile(rb"(?<![\w.~)}>/-])/(home|root|tmp|work|mnt|Users|scratch|data|opt|srv)/\w")
REGISTRY = re.compile(rb"https?://[\w.-]+/simple\b|--(extra-)?index-url")


def pins() -> dict[str, str]:
    """By normalised name, the version of each requirement in the lock."""
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in found.items()}


def declared() -> dict[str, Requirement]:
    """By normalised name, what the package, its tests and its documentation require."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    return {canonicalize_name(Requirement(text).name): Requirement(text) for text in texts}


def test_every_requirement_is_pinned_to_a_version_that_it_allows():
    locked = pins()
    for name, requirement in declared().items():
        assert name in locked, f"{name} is not in requirements.lock"
        assert requirement.specifier.contains(locked[name]), f"{requirement} but {name}=={locked[name]}"


def test_the_rules_environment_has_the_locked_versions():
    environment = yaml.safe_load((REPOSITORY / "envs" / "xstilts.yaml").read_text(encoding="utf-8"))
    (packages,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    found = {canonicalize_name(name): version for name, version in (package.split("==") for package in packages)}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    locked = pins()
    assert found == {name: locked[name] for name in needed}, "envs/xstilts.yaml is not in step with requirements.lock"


def test_another_version_makes_another_environment_for_the_rules():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    script = (REPOSITORY / "envs" / "xstilts.post-deploy.sh").read_text(encoding="utf-8")
    assert f"XSTILTs {version}" in script, "write the version of pyproject.toml into envs/xstilts.post-deploy.sh"


@pytest.mark.parametrize(("pattern", "what"), [(LOCAL_PATH, "a local path"), (REGISTRY, "a registry's address")])
def test_no_file_holds_what_is_true_on_one_machine_only(pattern, what):
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            if path != Path(__file__).resolve() and pattern.search(line) and b"/path/to/" not in line:
                found.append(f"{path.relative_to(REPOSITORY)}:{number}: {line.decode(errors='replace').strip()}")
    assert not found, f"{what} in:\n" + "\n".join(found)


def test_the_workflow_is_wiring():
    """Long rule files are a sign of logic that belongs into the package."""
    assert len((REPOSITORY / "Snakefile").read_text(encoding="utf-8").splitlines()) <= 60
    rules = sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
    assert rules
    for path in rules:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 150, path


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_is_valid(path):
    runs = Runs(studies.load(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert list(runs.jobs())


def test_studies_have_names_of_their_own():
    names = [yaml.safe_load(path.read_text(encoding="utf-8"))["study"] for path in STUDIES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "workflow" / "profiles").iterdir()), ids=lambda path: path.name)
def test_every_profile_is_one_that_snakemake_takes(path, workspace: Workspace):
    workspace.snakemake("--dry-run", "--workflow-profile", str(path)).ok()
