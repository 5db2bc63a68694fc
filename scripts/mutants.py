"""Check that the tests notice deliberate bugs: apply one mutant at a time to a copy of the tree, and run its tests.

    python scripts/mutants.py
    python scripts/mutants.py --list
    python scripts/mutants.py --only gain-sign holm-is-bonferroni
    python scripts/mutants.py --jobs 4

A mutant replaces a text that occurs once in one file; scripts/mutations/*.toml lists them. A mutant is killed if one of
its test files fails, and has survived if they pass. The exit code is 1 if any has survived or could not be checked.
First, the same test files must pass without a mutant.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
MUTATIONS = ROOT / "scripts" / "mutations"

_COPIED = ("src", "tests", "scripts", "docs", "workflow", "profiles", "envs")  # and files of the root
_SECONDS = 600  # of one run of tests; a mutant may loop forever
_PASSED, _FAILED = 0, 1  # pytest's exit codes; others mean that it could not run the tests

Outcome = Literal["killed", "survived", "error"]


class NotApplicable(Exception):
    """A mutant's old text does not occur exactly once in its file."""


@dataclass(frozen=True)
class Mutant:
    """A deliberate bug.

    Attributes:
        name: Unique.
        file: Path of the file to change, from the root of the tree.
        old: The text to replace; it occurs once in the file.
        new: Its replacement.
        tests: Test files, or tests in them, at least one of which must fail.
        why: What the code must do, in one sentence.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class CheckedMutant:
    """A mutant and what its tests said; ``detail`` explains errors."""

    mutant: Mutant
    outcome: Outcome
    seconds: float
    detail: str = ""

    def __str__(self) -> str:
        line = f"{self.outcome:<8}  {self.mutant.name} ({self.seconds:.0f} s)"
        if self.outcome == "survived":
            line += f"\n          {self.mutant.why} Not tested by: {' '.join(self.mutant.tests)}"
        return line + (f"\n          {self.detail}" if self.detail else "")


def read_mutants(folder: Path = MUTATIONS) -> list[Mutant]:
    """Read the mutants of all TOML files in a folder: a table per mutant."""
    return [
        Mutant(**{"name": name, **table, "tests": tuple(table["tests"])})
        for path in sorted(folder.glob("*.toml"))
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items()
    ]


def copy_of(root: Path, tree: Path) -> Path:
    """Copy what tests need of a tree; returns the copy."""
    tree.mkdir()
    for path in root.iterdir():
        if path.is_file():
            shutil.copy2(path, tree)
        elif path.name in _COPIED:
            shutil.copytree(path, tree / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


@contextmanager
def mutated(mutant: Mutant, tree: Path) -> Iterator[None]:
    """Apply a mutant to a tree inside the block.

    Raises:
        NotApplicable: The old text does not occur exactly once.
    """
    path = tree / mutant.file
    original = path.read_text(encoding="utf-8") if path.is_file() else ""
    count = original.count(mutant.old)
    if count != 1:
        raise NotApplicable(f"the old text occurs {count} times in {mutant.file}")
    path.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(original, encoding="utf-8")


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run test files of a tree until one test fails.

    Returns:
        pytest's exit code, that of a failure also where time ran out; and its output.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(tree / "scripts")]),
        "PYTHONDONTWRITEBYTECODE": "1",  # bytecode is matched by time and size, which a mutant may not change
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    try:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return _FAILED, f"no end after {_SECONDS} s"
    return done.returncode, done.stdout + done.stderr


def check(mutant: Mutant, tree: Path) -> CheckedMutant:
    """Run a mutant's tests with the mutant applied."""
    started = time.monotonic()
    try:
        with mutated(mutant, tree):
            code, output = run_tests(tree, mutant.tests)
    except NotApplicable as error:
        return CheckedMutant(mutant, "error", 0.0, f"not applicable: {error}")
    seconds = time.monotonic() - started
    if code in (_PASSED, _FAILED):
        return CheckedMutant(mutant, "survived" if code == _PASSED else "killed", seconds)
    last_line = output.strip().rsplit("\n", 1)[-1]
    return CheckedMutant(mutant, "error", seconds, f"pytest ended with exit code {code}: {last_line}")


def check_all(mutants: Sequence[Mutant], root: Path, jobs: int) -> Iterator[CheckedMutant]:
    """Check mutants on ``jobs`` copies of a tree at a time, in the order in which they are done.

    Raises:
        SystemExit: The tests fail without a mutant.
    """
    with tempfile.TemporaryDirectory(prefix="mutants.") as folder:
        trees: queue.Queue[Path] = queue.Queue()
        for number in range(jobs):
            trees.put(copy_of(root, Path(folder) / str(number)))
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, output = run_tests(trees.queue[0], tests)
        if code != _PASSED:
            sys.exit(f"{output}\nThese tests fail without a mutant.")

        def check_on_free_tree(mutant: Mutant) -> CheckedMutant:
            tree = trees.get()
            try:
                return check(mutant, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(jobs) as pool:
            for future in as_completed([pool.submit(check_on_free_tree, mutant) for mutant in mutants]):
                yield future.result()


def main() -> None:
    """Check the mutants that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="check these mutants only")
    parser.add_argument("--list", action="store_true", help="list the mutants and exit")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="mutants that are checked at a time")
    given = parser.parse_args()
    mutants = read_mutants()
    if unknown := set(given.only or ()) - {mutant.name for mutant in mutants}:
        parser.error(f"there is no mutant {', '.join(sorted(unknown))}; --list shows all")
    chosen = [mutant for mutant in mutants if given.only is None or mutant.name in given.only]
    if given.list:
        print("\n".join(f"{mutant.name}: {mutant.why} ({mutant.file})" for mutant in chosen))
        return
    counts = dict.fromkeys(("killed", "survived", "error"), 0)
    for checked in check_all(chosen, ROOT, given.jobs):
        counts[checked.outcome] += 1
        print(checked, flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    sys.exit(int(counts["killed"] < len(chosen)))


if __name__ == "__main__":
    main()
