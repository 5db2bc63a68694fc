"""The generated files of docs/reference: up to date, complete, and a schema that says what the config's models say."""

from __future__ import annotations

import copy
import difflib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner
from workspace import REPOSITORY

from xstilts.cli.commands import app
from xstilts.cli.reference.config_page import config_page
from xstilts.cli.reference.files import FOLDER, generated
from xstilts.cli.reference.sections import Sections
from xstilts.config.schema import as_text, study_schema
from xstilts.config.study import load
from xstilts.errors import UserError

GENERATED = generated()
SCHEMA = study_schema()
STUDIES = [REPOSITORY / "config.yaml", *sorted((REPOSITORY / "workflow" / "studies").glob("*.yaml"))]
FIRST_LINE = "# yaml-language-server: $schema="


def config_of(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def complaints(config: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]


@pytest.mark.parametrize("name", GENERATED)
def test_is_up_to_date(name: str) -> None:
    path = REPOSITORY / FOLDER / name
    before = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    changes = difflib.unified_diff(before, GENERATED[name].splitlines(), "committed", "now", n=0, lineterm="")
    shown = list(changes)[:20]
    assert not shown, f"{FOLDER}/{name} is stale; run `make reference`:\n" + "\n".join(shown)


class TestSchema:
    def test_is_one(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_is_what_the_command_prints(self) -> None:
        assert CliRunner().invoke(app, ["schema"]).output == as_text(SCHEMA)

    @pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
    def test_accepts_every_study(self, path: Path) -> None:
        assert complaints(config_of(path)) == []

    @pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
    def test_is_named_in_the_first_line_of_every_study(self, path: Path) -> None:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith(FIRST_LINE), f"{path.name} should begin with {FIRST_LINE}…, for editors"
        named = path.parent / first.removeprefix(FIRST_LINE)
        assert named.resolve() == REPOSITORY / FOLDER / "study.schema.json"

    @pytest.mark.parametrize(
        "keys",
        [(), ("source",), ("models", "tiny"), ("models", "tiny", "architecture"), ("arms", "mnli"), ("training",),
         ("training", "target"), ("training", "target", "tasks", "xnli"), ("encoding",), ("retrieval",), ("compute",)],
        ids=".".join,
    )  # fmt: skip
    def test_rejects_an_unknown_key_as_the_config_does(self, keys: tuple[str, ...]) -> None:
        config = copy.deepcopy(config_of(REPOSITORY / "config.yaml"))
        section = config
        for key in keys:
            section = section[key]
        section["nonsense"] = 1
        assert len(complaints(config)) == 1
        with pytest.raises(UserError, match="nonsense: unknown key"):
            load(config)

    @pytest.mark.parametrize(
        ("changes", "part"),
        [
            ({"seeds": []}, "non-empty"),
            ({"seeds": ["one"]}, "is not of type 'integer'"),
            ({"splits": ["train"]}, "is not one of"),
            ({"training": {"target": {"learning_rate": 0}}}, "is not valid under any of the given schemas"),
            ({"retrieval": {"layer": -1}}, "minimum"),
            ({"targets": {}}, "non-empty"),
        ],
    )
    def test_rejects_wrong_values(self, changes: dict[str, Any], part: str) -> None:
        (message,) = complaints({**config_of(REPOSITORY / "config.yaml"), **changes})
        assert part in message

    def test_accepts_tasks_and_languages_of_the_study_s_own(self) -> None:
        own: dict[str, Any] = {
            "type": "classification",
            "files": {"train": "train.tsv", "dev": "dev.tsv", "test": "test-{language}.tsv"},
            "columns": {"premise": 0, "label": "label"},
            "labels": ["no", "yes"],
            "languages": ["en", "xyz"],
        }
        config = config_of(REPOSITORY / "workflow" / "studies" / "phang2020.yaml") | {
            "languages": {"xyz": {"name": "Xyzish", "coordinates": [10.5, -3]}},
            "tasks": {"mine": own},
            "arms": {"none": None, "mine": {"tasks": ["mine"]}},
            "targets": {"mine": None},
        }
        assert complaints(config) == []
        load(config)

    def test_suggests_names_of_tasks(self) -> None:
        assert "xnli" in SCHEMA["properties"]["targets"]["properties"]
        assert "mnli" in SCHEMA["$defs"]["Arm"]["properties"]["tasks"]["items"]["examples"]


def test_every_key_has_a_description() -> None:
    sections = Sections(SCHEMA)
    bare = [
        f"{section.title}: {key}"
        for section in sections
        for key, node in section.keys.items()
        if not sections.meaning_of(node)
    ]
    assert not bare, f"give these fields a description in src/xstilts/config: {', '.join(bare)}"


def test_every_key_is_on_the_page() -> None:
    for section in Sections(SCHEMA):
        for key in section.keys:
            assert f"| `{key}` |" in GENERATED["config.md"], f"{section.title}: {key}"


def test_the_page_copes_with_whatever_pydantic_has() -> None:
    schema: dict[str, Any] = {
        "properties": {
            "pair": {"type": "array", "prefixItems": [{"type": "integer"}], "description": "A tuple."},
            "files": {"type": "object", "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/File"}}},
            "anything": {"description": "Any | all"},
        },
        "required": ["pair"],
        "$defs": {"File": {"description": "A file.", "properties": {"path": {"type": "string"}}, "required": ["path"]}},
    }
    page = config_page(schema)
    assert "| `pair` | [integer] | required | A tuple. |" in page
    assert "| `files` | per name: list of [section](#filesname) |" in page
    assert "## `files.{name}[]`\n\nA file." in page
    assert "| `anything` | any value |  | Any \\| all |" in page


def test_every_command_is_on_its_page() -> None:
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.replace("_", "-")
        assert f"### `xstilts {name}`\n" in GENERATED["commands.md"]
    assert "| `--json` |" in GENERATED["commands.md"], "options have the names that are typed"


def test_the_schema_is_json() -> None:
    assert json.loads(GENERATED["study.schema.json"]) == SCHEMA
