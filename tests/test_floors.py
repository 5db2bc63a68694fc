"""The plan of the package: which package may import which, and how many modules stand at its root."""

from __future__ import annotations

from pathlib import Path

import xstilts
from xstilts.graph.fingerprints import imports_of

PACKAGE = Path(xstilts.__file__).parent
#: From the lowest floor to the highest; packages of one floor know nothing of each other.
FLOORS = (
    ("atomic", "errors", "secrets", "wording"),
    ("tasks",),
    ("config",),
    ("encoders",),
    ("task_types",),
    ("sources", "data", "synthetic", "cluster"),
    ("runtime",),
    ("training",),
    ("retrieval", "translation"),
    ("graph",),
    ("scores",),
    ("analysis", "submission"),
    ("planning", "status", "why", "report", "drafts", "comparing"),
    ("checks",),
    ("jobs", "results"),
    ("cli",),
)
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}


def edges() -> set[tuple[str, str]]:
    """(importing package, imported package) of all imports between packages."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(("xstilts", *(part for part in parts if part != "__init__")))
        if module != "xstilts":
            tops = (name.split(".")[1] for name in imports_of(module) if name != "xstilts")
            found |= {(parts[0], top) for top in tops if top != parts[0]}
    return found


def test_every_package_has_its_floor() -> None:
    names = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert names - {"__init__"} == set(FLOOR)


def test_nothing_imports_upwards_or_beside_itself() -> None:
    wrong = sorted(f"{one} imports {other}" for one, other in edges() if FLOOR[other] >= FLOOR[one])
    assert not wrong


def test_the_report_is_imported_by_jobs_and_commands_alone() -> None:
    assert {one for one, other in edges() if other == "report"} <= {"jobs", "cli"}


def test_the_root_has_six_modules_at_most() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 6
