"""A hash of the source code that a kind of job depends on, for its run spec.

Which files these are follows from the imports of the module that does the job: all that it imports, directly or not,
inside functions too, minus :data:`EXCLUDED`. Editing plots then retrains nothing, editing the training loop does.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import xstilts

#: By kind of job, the module that does it.
ENTRIES = {
    "generate": "xstilts.jobs.generate",
    "prefetch": "xstilts.jobs.prefetch",
    "prepare": "xstilts.jobs.prepare",
    "translate": "xstilts.jobs.translate",
    "translator": "xstilts.translation.translator",
    "tokenizer": "xstilts.jobs.tokenizer",
    "encode": "xstilts.jobs.encode",
    "training": "xstilts.jobs.training",
    "retrieval": "xstilts.jobs.retrieval",
    "similarity": "xstilts.jobs.similarity",
    "answer": "xstilts.jobs.analysis",
    "report": "xstilts.jobs.report",
    "submission": "xstilts.jobs.submission",
}
_SHOWN = ("answer", "report", "submission")
_MADE = tuple(kind for kind in ENTRIES if kind not in _SHOWN)


class Exclusion(NamedTuple):
    """Modules that cannot change the results of some kinds of jobs, although these import them.

    ``prefix`` is a module or a package with all that is in it.
    """

    prefix: str
    reason: str
    kinds: tuple[str, ...] = tuple(ENTRIES)


EXCLUDED = (
    Exclusion("xstilts.atomic", "how a file gets to its place, not what is in it"),
    Exclusion("xstilts.checks", "which studies are refused, not what comes of the others"),
    Exclusion("xstilts.config", "the settings that matter to a job are in its run spec"),
    Exclusion("xstilts.errors", "texts of messages"),
    Exclusion("xstilts.graph", "which jobs there are and where files lie; the run spec says what matters of it"),
    Exclusion("xstilts.report.model_card", "what people read about an encoder, not its weights", _MADE),
    Exclusion("xstilts.runtime", "locks, signals and GPUs of a process"),
    Exclusion("xstilts.wording", "texts of messages", _MADE),
    Exclusion("xstilts.tasks", "the facts of a task that matter to a job are in its run spec", _MADE),
    Exclusion("xstilts.training.checkpoints", "a run that resumes comes to the same results", _MADE),
    Exclusion("xstilts.training.progress", "what is printed while a job runs"),
    Exclusion("xstilts.training.session", "a run that resumes comes to the same results", _MADE),
)
#: Modules that are not excluded although a package of theirs is.
_KEPT = {("xstilts.tasks.synthetic_languages", "generate"), ("xstilts.tasks.planted_languages", "generate")}

_DATA_FILE = re.compile(r'"(\w+\.(?:csv|txt|html|css|js))"')


@cache
def code(kind: str) -> str:
    """A hash of the source files that a kind of job depends on: 12 hexadecimal digits."""
    package, digest = _package(), hashlib.sha256()
    for file in files_of(kind):
        digest.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def kind_of_code(digest: str) -> str | None:
    """The kind of job whose source files have this hash now; None if there is none."""
    return next((kind for kind in ENTRIES if code(kind) == digest), None)


def files_of(kind: str) -> list[Path]:
    """The source files, and the data files beside them, that a kind of job depends on; sorted."""
    files = {file for module in modules_of(kind) for file in (_file(module), *_data_files(module))}
    return sorted(files)


def modules_of(kind: str) -> set[str]:
    """The modules that a kind of job depends on."""
    pending, seen = [ENTRIES[kind]], set[str]()
    while pending:
        module = pending.pop()
        if module not in seen and not _is_excluded(module, kind):
            seen.add(module)
            pending += imports_of(module)
    return seen


@cache
def imports_of(module: str) -> tuple[str, ...]:
    """The package's modules that one of them imports, wherever in its code; those for type checkers alone are not."""
    return tuple(dict.fromkeys(_imported(ast.parse(_file(module).read_bytes()))))


def _imported(node: ast.AST) -> Iterator[str]:
    """The imports among the statements of a node; imports are no parts of expressions."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "xstilts":
        yield node.module
        inner = (f"{node.module}.{name.name}" for name in node.names)
        yield from (name for name in inner if _path(name) is not None)
    elif isinstance(node, ast.Import):
        yield from (name.name for name in node.names if name.name.split(".")[0] == "xstilts")
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, block, None) or ():
            if isinstance(statement, (ast.stmt, ast.excepthandler, ast.match_case)):
                yield from _imported(statement)


def _is_excluded(module: str, kind: str) -> bool:
    if module == "xstilts" or (module, kind) in _KEPT:
        return module == "xstilts"
    return any(
        kind in excluded.kinds and (module == excluded.prefix or module.startswith(f"{excluded.prefix}."))
        for excluded in EXCLUDED
    )


def _data_files(module: str) -> Iterator[Path]:
    """The data files beside a module that its code names."""
    files = (_file(module).with_name(name) for name in _DATA_FILE.findall(_file(module).read_text(encoding="utf-8")))
    return (file for file in files if file.is_file())


def _file(module: str) -> Path:
    path = _path(module)
    assert path is not None, f"{module} is no module of the package"
    return path


def _path(module: str) -> Path | None:
    """The file of a module or of a package's ``__init__``; None where there is no such module."""
    base = _package().joinpath(*module.split(".")[1:])
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _package() -> Path:
    return Path(xstilts.__file__).parent
