"""The sections of a study file with their keys, read off its JSON schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}


@dataclass
class Section:
    """A section of the file.

    Attributes:
        schema: Its JSON schema; references in it are not resolved.
        places: Where it can stand, as Markdown: paths of keys such as ```arms.{name}.training```.
    """

    schema: Node
    places: list[str] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, Node]:
        """The schema of each key, in the order of their declaration."""
        return dict(self.schema.get("properties", {}))

    @property
    def required(self) -> list[str]:
        """The keys that must be given."""
        return list(self.schema.get("required", ()))

    @property
    def is_override(self) -> bool:
        """Whether no key has a default, so that one that is left out keeps the value of a more general section."""
        return bool(self.keys) and not self.required and not any("default" in key for key in self.keys.values())

    @property
    def title(self) -> str:
        """The first place, which is its heading."""
        return self.places[0]

    @property
    def anchor(self) -> str:
        """The id that Markdown gives to the heading."""
        return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", self.title.lower()))


class Sections:
    """All sections of a study file, in the order in which its keys lead to them."""

    def __init__(self, schema: Node) -> None:
        self._definitions: dict[str, Node] = schema.get("$defs", {})
        self._by_name: dict[str, Section] = {}
        self._root = Section(schema, ["The file"])
        self._find_below(self._root, "")

    def __iter__(self) -> Iterator[Section]:
        return iter((self._root, *self._by_name.values()))

    def type_of(self, node: Node) -> str:
        """What the value of a key has to be, as Markdown with links to sections."""
        if "$ref" in node:
            return f"[section](#{self._by_name[_name(node)].anchor})"
        if tag := node.get("discriminator", {}).get("propertyName"):
            kinds = [self._by_name[_name(option)] for option in node["oneOf"]]
            return " or ".join(f"[`{kind.keys[tag]['const']}`](#{kind.anchor})" for kind in kinds)
        if options := node.get("anyOf", node.get("oneOf")):
            return " or ".join(map(self.type_of, options))
        if "enum" in node or "const" in node:
            return " or ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
        match node.get("type"):
            case "array" if "prefixItems" in node:
                return f"[{', '.join(map(self.type_of, node['prefixItems']))}]"
            case "array":
                return f"list of {self.type_of(node.get('items', {}))}"
            case "object":
                return f"per {_key_name(node)}: {self.type_of(node.get('additionalProperties') or {})}"
        bounds = ", ".join(f"{sign} {node[bound]}" for bound, sign in _BOUNDS.items() if bound in node)
        suggested = f"such as `{node['examples'][0]}`" if node.get("examples") else ""
        return " ".join(filter(None, (_TYPES.get(str(node.get("type")), "any value"), bounds, suggested)))

    def meaning_of(self, node: Node) -> str:
        """The description of a key; of one that only holds a section, that of the section will do."""
        described = node.get("description") or ("$ref" in node and self._by_name[_name(node)].schema.get("description"))
        return str(described or "")

    def shares_all_keys_of(self, section: Section) -> Section | None:
        """Another section whose keys are all among this one's, and mean the same there."""
        for other in self:
            if other.keys and len(other.keys) < len(section.keys) and other.keys.items() <= section.keys.items():
                return other
        return None

    def overridden_by(self, section: Section) -> Section | None:
        """The general section whose keys this one overrides; None where it overrides none."""
        for other in self if section.is_override else ():
            if not other.is_override and section.keys.keys() <= other.keys.keys():
                return other
        return None

    def _find_below(self, section: Section, path: str) -> None:
        for key, node in section.keys.items():
            self._find(f"{path}.{key}".lstrip("."), node)

    def _find(self, path: str, node: Node, kind: str = "") -> None:
        if "$ref" in node:
            name = _name(node)
            known = name in self._by_name
            section = self._by_name.setdefault(name, Section(self._definitions[name]))
            section.places.append(f"`{path}`{kind}")
            if not known:
                self._find_below(section, path)
        tag = node.get("discriminator", {}).get("propertyName")
        for option in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            value = self._definitions[_name(option)]["properties"][tag]["const"] if tag else ""
            self._find(path, option, f" with `{tag}: {value}`" if tag else "")
        if isinstance(node.get("additionalProperties"), dict):
            self._find(f"{path}.{{{_key_name(node)}}}", node["additionalProperties"])
        if isinstance(node.get("items"), dict):
            self._find(f"{path}[]", node["items"])


def _name(reference: Node) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _key_name(mapping: Node) -> str:
    """What the keys of a mapping are: names that the study chooses, names of tasks, or the given ones."""
    names = mapping.get("propertyNames", {})
    if "enum" in names:
        return " or ".join(names["enum"])
    return "task" if "examples" in names else "name"
