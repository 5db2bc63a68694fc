"""Figures as the page shows them: the title and the notes are text of the page instead of small print in the image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vl_convert

from xstilts.config.study import Study
from xstilts.report.figures import INDEX
from xstilts.report.page.content import PageFigure
from xstilts.scores.labels import seeds_note


def read_figures(folder: Path, study: Study) -> tuple[dict[str, PageFigure], dict[str, str]]:
    """Convert the figures of a folder for the page.

    Args:
        folder: What :func:`xstilts.report.figures.write_figures` has written to.
        study: The study that they are of.

    Returns:
        The page's figures by name; and by name, why the study cannot have others.
    """
    index = json.loads((folder / INDEX).read_bytes())
    figures = {}
    for entry in index["figures"]:
        numbers, spec = ((folder / name).read_text(encoding="utf-8") for name in entry["files"][:2])
        figures[entry["name"]] = page_figure(entry, spec, numbers, study)
    return figures, {absent["name"]: absent["reason"] for absent in index["absent"]}


def page_figure(entry: Mapping[str, Any], specification: str, numbers: str, study: Study) -> PageFigure:
    """Convert a figure for the page.

    The header of a figure's image consists of the study's warning, the sentence and the notes. The page shows the
    warning and the seeds once and the sentence with the title, so the header is removed from the image and only the
    notes are kept.

    Args:
        entry: What the index of the figures has about it.
        specification: Its Vega-Lite specification.
        numbers: Its numbers as CSV.
        study: The study that it is of.
    """
    spec = json.loads(specification)
    header = spec.pop("title", {})
    lines = " ".join(header.get("subtitle", [])) if isinstance(header, dict) else ""
    notes = lines.removeprefix(study.warning).strip().removeprefix(entry["sentence"]).strip()
    notes = notes.removesuffix(seeds_note(study)).strip()
    texts = {name: entry[name] for name in ("name", "title", "sentence", "alt")}
    return PageFigure(**texts, svg=vl_convert.vegalite_to_svg(spec), spec=spec, numbers=numbers, notes=notes)
