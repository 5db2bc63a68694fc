"""Charts share the parts that are never changed, where Altair would copy them.

Altair copies a chart with all that is in it whenever charts are put together, at each level again: a figure of many
panels spent much of its time on copies of encodings and axes. It asks a part for ``__deepcopy__`` first, as
:func:`copy.deepcopy` does. The parts below are read and replaced, but never changed in place, here and in Altair.
Charts themselves, which Altair renames and strips of their data, are still copied.
"""

from __future__ import annotations

from typing import Any

import altair as alt

_PARTS: tuple[type[alt.SchemaBase], ...] = (
    alt.FacetedEncoding,
    alt.Encoding,
    alt.MarkDef,
    alt.TitleParams,
    alt.Config,
    alt.Resolve,
)


def share_parts() -> None:
    """Let charts that are put together share their encodings, marks, titles and settings."""
    for part in _PARTS:
        part.__deepcopy__ = _itself  # type: ignore[attr-defined]


def _itself(part: Any, _: object = None) -> Any:
    return part
