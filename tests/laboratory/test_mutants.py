"""The mutants fit the code, and the script that checks them tells killed from survived."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from mutants import ROOT, Mutant, check, check_all, mutated, read_mutants

MUTANTS = read_mutants()
SUM = Mutant("sum", "src/sums.py", "a + b", "a - b", ("tests/test_sums.py",), "Sums are sums.")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a module and a test of it."""
    for name, text in {
        "src/sums.py": "def add(a, b):\n    return a + b  # plus\n",
        "tests/test_sums.py": "from sums import add\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    }.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tree"


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_every_mutant_is_applicable(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    if mutant.file.endswith(".py"):
        ast.parse(text.replace(mutant.old, mutant.new))
    assert mutant.new != mutant.old and mutant.why
    assert mutant.tests and all((ROOT / test.split("::")[0]).is_file() for test in mutant.tests)


def test_names_are_unique() -> None:
    assert len(MUTANTS) >= 60
    assert not [name for name, count in Counter(mutant.name for mutant in MUTANTS).items() if count > 1]


def test_a_mutant_that_makes_a_test_fail_is_killed(tree: Path) -> None:
    before = (tree / SUM.file).read_text(encoding="utf-8")
    assert check(SUM, tree).outcome == "killed"
    assert (tree / SUM.file).read_text(encoding="utf-8") == before


def test_a_mutant_that_no_test_notices_survives(tree: Path) -> None:
    checked = check(replace(SUM, old="plus", new="minus"), tree)
    assert checked.outcome == "survived"
    assert "Sums are sums. Not tested by: tests/test_sums.py" in str(checked)


@pytest.mark.parametrize(
    ("mutant", "detail"),
    [
        (replace(SUM, old="a * b"), "occurs 0 times in src/sums.py"),
        (replace(SUM, old="a"), "times in src/sums.py"),
        (replace(SUM, file="src/none.py"), "occurs 0 times in src/none.py"),
        (replace(SUM, old="return", new="("), "exit code 2"),
        (replace(SUM, tests=("tests/none.py",)), "exit code 4"),
    ],
)
def test_a_mutant_that_cannot_be_checked_is_an_error(tree: Path, mutant: Mutant, detail: str) -> None:
    checked = check(mutant, tree)
    assert checked.outcome == "error" and detail in checked.detail


def test_mutants_are_checked_on_copies(tree: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    checked = list(check_all([SUM, replace(SUM, name="same", old="plus", new="minus")], tree, jobs=2))
    assert {one.mutant.name: one.outcome for one in checked} == {"sum": "killed", "same": "survived"}
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_tests_that_fail_without_a_mutant_are_no_evidence(tree: Path) -> None:
    with mutated(SUM, tree), pytest.raises(SystemExit, match="These tests fail without a mutant"):
        list(check_all([replace(SUM, old="plus", new="minus")], tree, jobs=1))
