"""A study as YAML that people read: comments, a blank line before each section, short sections in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

_WIDTH = 118  # characters of a section in one line
_INDENT = 2
_SMALL = 0.01  # below, numbers are written with an exponent
_BARE = re.compile(r"[A-Za-z_][\w./@{}-]*(:[\w./@-]+)*")
#: What YAML 1.1 reads as something else than text.
_TAKEN = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null)")


def as_yaml(config: Mapping[str, Any], heads: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """The text of a config.

    Args:
        config: The config, of mappings, lists, texts, numbers, switches and None.
        heads: By section, the comment above it.
        notes: By path of a key, the comment behind it.
    """
    parts = []
    for key, value in config.items():
        head = "".join(f"# {line}\n" for line in heads.get(key, "").splitlines())
        parts.append(head + "\n".join(_lines(key, value, 0, key, notes)) + "\n")
    return "\n".join(parts)


def _lines(key: str, value: Any, depth: int, path: str, notes: Mapping[str, str]) -> Iterator[str]:
    margin, note = " " * (depth * _INDENT), f" # {notes[path]}" if path in notes else ""
    noted = any(other.startswith(f"{path}.") for other in notes)
    whole = f"{margin}{key}: {flow(value)}" if value is not None else f"{margin}{key}:"
    nested = isinstance(value, dict) and value and (depth == 0 or noted or len(whole) > _WIDTH or _is_deep(value))
    if not nested:
        yield whole + note
        return
    yield f"{margin}{key}:{note}"
    for name, part in value.items():
        yield from _lines(flow(name), part, depth + 1, f"{path}.{name}", notes)


def _is_deep(value: Mapping[str, Any]) -> bool:
    """Whether sections lie below sections, which are easier to read in lines of their own."""
    return sum(isinstance(part, dict) or part is None for part in value.values()) > 1


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and not _TAKEN.fullmatch(value) and not set("{}") & set(value)
        return value if bare else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)  # numbers, switches and null


def _number(value: float) -> str:
    """A number that YAML reads as one: 1.0e-5, not 1e-05."""
    text = repr(value) if not 0 < abs(value) < _SMALL else f"{Decimal(repr(value)):e}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{int(exponent):+d}"
