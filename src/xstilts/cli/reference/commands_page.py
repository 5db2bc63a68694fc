"""``docs/reference/commands.md``: every command and option, from the functions behind the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from typer.models import ArgumentInfo, CommandInfo
from typer.utils import get_params_from_function

from xstilts.cli.commands import app
from xstilts.cli.reference.markdown import NOTICE, one_line
from xstilts.report.markdown import table

_HEAD = f"""# Commands

{NOTICE}

The commands for people are run by hand. The others are called by the rules of the workflow; `snakemake -n
--printshellcmds` prints each call, which can also be run alone. `xstilts COMMAND --help` shows the same as this page.
"""
_RULES = "For the rules of the workflow"
_TYPES = {str: "text", int: "integer", float: "number", Path: "path"}


def commands_page() -> str:
    """The page as Markdown."""
    panels: dict[str, list[str]] = {}
    for command in app.registered_commands:
        panel = command.rich_help_panel if isinstance(command.rich_help_panel, str) else _RULES
        panels.setdefault(panel, []).append(_command(command))
    own = app.registered_callback
    assert own is not None and own.callback is not None
    parts = [_HEAD, f"## `xstilts`\n\n{_parameters(own.callback)}"]
    for panel in sorted(panels, key=lambda panel: panel == _RULES):
        parts += [f"## {panel}", *panels[panel]]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _command(command: CommandInfo) -> str:
    assert command.callback is not None
    name = command.name or command.callback.__name__.replace("_", "-")
    summary = one_line(inspect.getdoc(command.callback) or "")
    return f"### `xstilts {name}`\n\n{summary}\n\n{_parameters(command.callback)}"


def _parameters(function: Callable[..., Any]) -> str:
    rows = list(_rows(function))
    return table(("option", "value", "default", "meaning"), rows) if rows else "No options."


def _rows(function: Callable[..., Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, parameter in get_params_from_function(function).items():
        info = parameter.default
        if isinstance(info, ArgumentInfo):
            names = [name.upper()]
        else:
            names = [*(info.param_decls or [f"--{name.replace('_', '-')}"])]
        listed = ", ".join(f"`{each}`" for each in names)
        default = "" if info.default_factory else _default(info.default)
        if not info.hidden:
            yield listed, _value(parameter.annotation, info), default, one_line(info.help or "")


def _value(kind: Any, info: Any) -> str:
    """What follows an option; nothing for a switch."""
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    several = get_origin(kind) is list
    (kind,) = [part for part in get_args(kind) or (kind,) if part is not NoneType]
    if get_origin(kind) is list:
        several, (kind,) = True, get_args(kind)
    bound = f" ≥ {info.min}" if info.min is not None else ""
    return "" if kind is bool else _TYPES.get(kind, "text") + bound + (", repeatable" if several else "")


def _default(value: Any) -> str:
    if value is ...:
        return "required"
    return "" if value in (None, "", False) else f"`{value}`"
