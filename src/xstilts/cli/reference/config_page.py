"""``docs/reference/config.md``: every key of a study file, from its JSON schema."""

from __future__ import annotations

from typing import Any

from xstilts.cli.reference.markdown import NOTICE, one_line
from xstilts.cli.reference.sections import Node, Section, Sections
from xstilts.report.markdown import table

_HEAD = f"""# Keys of a study file

{NOTICE}

A study file is YAML: `snakemake --configfile my_study.yaml`. It replaces the default study, `config.yaml`, and
`snakemake --config key=value` overrides single values of either. Unknown keys are errors. A section may be left empty.
Below, `{{name}}` is a name that the study chooses and `{{task}}` the name of a task. Rules that concern several keys (a
model has either a path or an architecture) are checked when Snakemake reads the file.

An editor with a YAML language server completes and checks the keys of a file whose first line is

```yaml
# yaml-language-server: $schema=docs/reference/study.schema.json
```

The path is relative to the file; `xstilts schema` prints the same schema.
"""


def config_page(schema: Node) -> str:
    """The page as Markdown."""
    sections = Sections(schema)
    return "\n".join([_HEAD, *(_section(section, sections) for section in sections)])


def _section(section: Section, sections: Sections) -> str:
    keys, paragraphs = section.keys, [f"## {section.title}"]
    if description := one_line(section.schema.get("description", "")):
        paragraphs.append(description)
    if len(section.places) > 1:
        paragraphs.append(f"Also at {', '.join(section.places[1:])}.")
    if general := sections.overridden_by(section):
        paragraphs.append(f"Any of the keys of {_link(general)}. A key that is left out keeps the more general value.")
        keys = {}
    elif shared := sections.shares_all_keys_of(section):
        paragraphs.append(f"The keys of {_link(shared)}, and:")
        keys = {name: key for name, key in keys.items() if name not in shared.keys}
    rows = [
        (f"`{name}`", sections.type_of(key), _default(name, key, section), one_line(sections.meaning_of(key)))
        for name, key in keys.items()
    ]
    if rows:
        paragraphs.append(table(("key", "value", "default", "meaning"), rows))
    return "\n\n".join(paragraphs) + "\n"


def _link(section: Section) -> str:
    return f"[{section.title}](#{section.anchor})"


def _default(name: str, key: Node, section: Section) -> str:
    if name in section.required:
        return "required"
    return f"`{_as_yaml(key['default'])}`" if "default" in key else ""


def _as_yaml(value: Any) -> str:
    """A value as a study file would have it; YAML reads 1e-05 as text, so that it becomes 1.0e-5."""
    match value:
        case None:
            return "null"
        case "":
            return '""'
        case bool():
            return str(value).lower()
        case float() if "e" in (text := repr(value)):
            mantissa, exponent = text.split("e")
            return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent)}"
        case list():
            return f"[{', '.join(map(_as_yaml, value))}]"
    return str(value)
