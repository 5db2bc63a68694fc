"""The documentation as files: pages are in the navigation, links and named modules exist, forms are in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from workspace import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
TEXTS = [*(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
         *(DOCS / page for page in PAGES)]  # fmt: skip

#: Official scripts that the documentation names.
ELSEWHERE = {"evaluate.py", "mlqa_evaluation_v1.py"}


def read(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))


def prose(path: Path) -> str:
    """A Markdown file without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def pages_in(nav: Any) -> Iterator[str]:
    for entry in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(entry, str):
            yield entry
        else:
            yield from pages_in(entry)


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(pages_in(read("mkdocs.yml")["nav"])) == PAGES, "list each page of docs/ once under nav in mkdocs.yml"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_lead_to_files(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(path)))
    lost = [target for target in targets if "://" not in target and not target.startswith("#")
            and not (path.parent / target.partition("#")[0]).exists()]  # fmt: skip
    assert not lost, f"{path.name}: no file at {', '.join(lost)}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_modules_that_are_named_exist(path: Path) -> None:
    folders = [REPOSITORY, REPOSITORY / "src" / "xstilts", REPOSITORY / "scripts"]
    known = {module.name for folder in ("src", "scripts", "tests") for module in (REPOSITORY / folder).rglob("*.py")}
    for name in re.findall(r"`([\w./-]+\.py)`", prose(path)):
        found = any((folder / name).is_file() for folder in folders) if "/" in name else name in known | ELSEWHERE
        assert found, f"{path.name} names {name}, which is not there"


def test_hooks_before_a_commit_are_the_pinned_tools() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "hooks from elsewhere would be fetched, in versions of their own"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


def test_the_ci_does_what_its_script_does() -> None:
    steps = read(".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if line.startswith("make ")] == [
        "make setup",
        "make --jobs 2 --output-sync=target lint docs",
        "make test",
    ]


@pytest.mark.parametrize("path", sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*_*.yml")))
def test_forms_have_what_github_asks_for(path: Path) -> None:
    form = read(path.relative_to(REPOSITORY).as_posix())
    assert form["name"] and form["description"]
    names = [field["id"] for field in form["body"]]
    assert len(set(names)) == len(names)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_the_workflow_catalogue_is_told_how_to_run_it() -> None:
    usage = read(".snakemake-workflow-catalog.yml")["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert (REPOSITORY / "config" / "README.md").is_file()
