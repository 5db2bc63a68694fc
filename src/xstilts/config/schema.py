"""The JSON schema of a study file, made from the config's models, so that editors complete and check its keys.

It describes a file as pydantic reads it, with the two liberties that a study file has beyond that: a section may be
empty (``xnli:``), and the names of tasks are suggestions. Rules that concern several keys are not in it.
"""

from __future__ import annotations

import json
from typing import Any

from xstilts.config.study import Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Node = dict[str, Any]


def study_schema() -> Node:
    """The schema as a plain dict; each section below the study is an entry of ``$defs``, in order of its name."""
    schema = Study.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        _tidy(section)
    return {"$schema": DIALECT, **schema}


def as_text(schema: Node) -> str:
    """The schema as it is printed and stored."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _tidy(section: Node) -> None:
    for key in section.get("properties", {}).values():
        key.pop("title", None)  # the key in other letters
        if "$ref" in key:
            key.pop("default", None)  # the defaults of a section stand in the section
        if suggested := key.get("propertyNames", {}).get("examples"):
            key["properties"] = dict.fromkeys(suggested, key["additionalProperties"])
    if section.get("type") == "object" and not section.get("required"):
        section["type"] = ["object", "null"]
