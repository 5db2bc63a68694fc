"""The generated files: their names and what is to stand in them."""

from __future__ import annotations

from xstilts.cli.reference.commands_page import commands_page
from xstilts.cli.reference.config_page import config_page
from xstilts.config.schema import as_text, study_schema

FOLDER = "docs/reference"


def generated() -> dict[str, str]:
    """By name in ``docs/reference/``, the text of each generated file as it would be now."""
    schema = study_schema()
    return {
        "config.md": config_page(schema),
        "commands.md": commands_page(),
        "study.schema.json": as_text(schema),
    }
