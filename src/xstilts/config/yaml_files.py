"""YAML files of studies: what is wrong with their text, of which the loaded values no longer tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from xstilts.errors import UserError


def read_yaml(path: Path) -> Any:
    """The value of a YAML file.

    Raises:
        UserError: The file is not there or no YAML, or a section in it has a key twice.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such config file.")
    refuse_repeated_keys(path)
    with _errors_of(path):
        return yaml.safe_load(path.read_text(encoding="utf-8"))


def refuse_repeated_keys(path: Path | str) -> None:
    """Refuse a file in which a key stands twice in one section: readers of YAML and JSON take the last without a word.

    What can be read but once, such as a pipe, is left alone.

    Raises:
        UserError: Some key does, with the lines of both; or the file is no YAML.
    """
    if not Path(path).is_file():
        return
    with _errors_of(path):
        text = Path(path).read_text(encoding="utf-8").expandtabs(1)  # JSON may be indented with tabs
        repeated = list(_repeated(yaml.compose(text, Loader=yaml.SafeLoader), ""))
    if repeated:
        listed = "\n".join(f"  - {key}: in line {first} and in line {second}" for key, first, second in repeated)
        raise UserError(
            f"{path}: a section has a key twice, of which only the last would count; leave one out:\n{listed}"
        )


@contextmanager
def _errors_of(path: Path | str) -> Iterator[None]:
    try:
        yield
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a number without end
        raise UserError(f"{path}: not a YAML file: {error}") from None


def _repeated(node: yaml.Node | None, path: str) -> Iterator[tuple[str, int, int]]:
    """(path of a key, line of its first use, line of a later one), for each key that stands in a section again."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        where = f"{path}.{key.value}" if path else str(key.value)
        line, name = key.start_mark.line + 1, (key.tag, str(key.value))
        if name in lines:
            yield where, lines[name], line
        lines.setdefault(name, line)
        yield from _repeated(value, where)
