"""Which modules belong to which kinds of jobs: derived from imports, and shown in a table that is kept up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import xstilts
from xstilts.graph import fingerprints
from xstilts.graph.fingerprints import ENTRIES, EXCLUDED, code, files_of, imports_of, modules_of

PACKAGE = Path(xstilts.__file__).parent
TABLE = Path(__file__).with_name("modules_of_jobs.txt")
#: What no result depends on: packages without code of their own, commands for people, what only plans or is excluded.
UNUSED = (
    *(
        "checks",
        "cli",
        "cluster",
        "comparing",
        "drafts",
        "encoders.config_file",
        "encoders.usual",
        "planning",
        "status",
        "why",
        "results",
        "analysis.mistakes",  # of notebooks
        "jobs.exchange",
        "jobs.paper",
        "report.interchange",
        "report.paper",
        "config",
        "graph",
        "runtime",
        "atomic",
        "errors",
        "secrets",
    ),
    *("jobs.partial", "jobs.execution", "submission.score", "tasks.geography", "training.checkpoints"),
    *("training.progress", "training.session", "jobs.export"),
    *("report.markdown", "report.model_card", "report.zero_shot"),
)


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def modules() -> dict[str, list[str]]:
    """By module, the kinds of jobs whose results may depend on it."""
    used = {kind: modules_of(kind) for kind in ENTRIES}
    names = sorted(module_of(file) for file in PACKAGE.rglob("*.py"))
    return {name: [kind for kind in ENTRIES if f"xstilts.{name}" in used[kind]] for name in names if name}


def test_every_module_belongs_to_the_kinds_of_jobs_in_the_table() -> None:
    """Where this fails after a change of imports: ``XSTILTS_WRITE=1 pytest tests/graph/test_fingerprints.py``."""
    text = "".join(f"{name}: {' '.join(kinds) or '-'}\n" for name, kinds in modules().items())
    if os.environ.get("XSTILTS_WRITE"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text, (
        f"{TABLE.name} is out of date; check what changes, and write it anew with: "
        "XSTILTS_WRITE=1 pytest tests/graph/test_fingerprints.py"
    )


def test_what_belongs_to_no_job_is_known() -> None:
    empty = {"jobs", "report", "report.plots", "retrieval", "sources.readers", "training"}
    idle = [name for name, kinds in modules().items() if not kinds and name not in empty]
    assert not [name for name in idle if not name.startswith(UNUSED)]


def test_every_data_file_of_the_package_belongs_to_a_job() -> None:
    data = {file for file in PACKAGE.rglob("*") if file.suffix in (".csv", ".html", ".css", ".js")}
    used = {file for kind in ENTRIES for file in files_of(kind)}
    assert data - used == set()


@pytest.mark.parametrize("module", ["sources.rows", "sources.readers.own", "task_types.span_windows"])
def test_what_the_reading_of_data_imports_changes_prepare(module: str) -> None:
    assert f"xstilts.{module}" in modules_of("prepare")


def test_exclusions_name_modules_that_exist_and_say_why() -> None:
    known = {f"xstilts.{name}" for name in modules()}
    assert all(excluded.prefix in known and excluded.reason for excluded in EXCLUDED)


def test_imports_inside_functions_count_and_those_for_type_checkers_do_not() -> None:
    assert "xstilts.task_types.tagging" in imports_of("xstilts.task_types")
    assert "xstilts.training.loop" not in imports_of("xstilts.jobs.results")


def test_a_newline_in_a_file_changes_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    shutil.copytree(PACKAGE, tmp_path / "xstilts", ignore=shutil.ignore_patterns("__pycache__"))
    before = {kind: code(kind) for kind in ("prepare", "encode")}
    monkeypatch.setattr(fingerprints, "_package", lambda: tmp_path / "xstilts")
    for cached in (code, imports_of):
        cached.cache_clear()
    assert {kind: code(kind) for kind in before} == before
    with (tmp_path / "xstilts" / "sources" / "rows.py").open("a", encoding="utf-8") as file:
        file.write("\n")
    code.cache_clear()
    after = {kind: code(kind) for kind in before}
    assert after["prepare"] != before["prepare"] and after["encode"] == before["encode"]
    monkeypatch.undo()
    for cached in (code, imports_of):
        cached.cache_clear()
