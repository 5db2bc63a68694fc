"""Render the report as one HTML file with its style and script."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from xstilts.atomic import write_text
from xstilts.config.study import Study
from xstilts.report.comparison import comparison_page, comparison_rows
from xstilts.report.dev_table import dev_cells, dev_page
from xstilts.report.page import background, explorer, methods, questions, results
from xstilts.report.page.content import PageContent, PageFigure
from xstilts.report.page.svg import embedded
from xstilts.report.page.view import lines_from_block, table_from_block
from xstilts.scores.flags import flagged_jobs

#: The title of each section by name, in order; the names are anchors.
SECTIONS = {
    "run": "What was run",
    "results": "Gains",
    "questions": "The five questions",
    "languages": "Language by language",
    "published": "Comparison with published scores",
    "dev": "Did training work?",
    "missing": "Missing results",
    "provenance": "Provenance",
    "methods": "Methods",
    "data": "Data and licences",
}
_PLACES = ("gains", "languages", "missing")  # of figures, other than the questions


def write_page(content: PageContent, path: Path) -> None:
    """Write the report of a study as one self-contained HTML file.

    Raises:
        UserError: a figure is not an SVG image.
    """
    write_text(path, render(content))


def render(content: PageContent) -> str:
    """Return the report as HTML."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals["embed"] = _embed
    script = _resource("explorer.js")
    html = environment.from_string(_resource("template.html")).render(
        content=content,
        study=content.study,
        sections=SECTIONS,
        style=Markup(_resource("style.css")),
        script=Markup(script),
        policy=_policy(script),
        **_view(content),
    )
    return html.lstrip() + "\n"


def _view(content: PageContent) -> dict[str, Any]:
    """Return the template's variables, section by section."""
    study, scores = content.study, content.scores
    sections = questions.question_sections(content.answers, content.figures)
    placed = {place: questions.figures_at(place, content.figures) for place in _PLACES}
    shown = {figure.name for section in sections for figure in section.figures}
    shown |= {figure.name for figures in placed.values() for figure in figures}
    published = comparison_page(comparison_rows(scores, study), study)
    flagged = flagged_jobs(content.flagged, study)
    of_dev = dev_page(dev_cells(content.dev_scores, study, flagged), study)
    return {
        "run": background.run_summary(scores, study),
        "arms": background.arms_table(study),
        "evaluations": background.evaluations_table(scores, study),
        "gains_summary": results.gains_summary(scores, study) if len(scores) else "",
        "main_tables": results.main_tables(content.all_scores, study) if len(scores) else [],
        "figures": placed,
        "other_figures": [figure for figure in content.figures.values() if figure.name not in shown],
        "summary": questions.summary_table(content.answers),
        "questions": sections,
        "explorer": htmlsafe_json_dumps(
            explorer.explorer_data(scores, study), separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ),
        "language_tables": explorer.language_tables(content.all_scores, study) if len(scores) else [],
        "languages_table": explorer.languages_table(study),
        "published": published,
        "published_tables": [lines_from_block(block) for block in published.blocks],
        "dev": of_dev,
        "dev_tables": [table_from_block(block) for block in of_dev.blocks] if len(content.dev_scores) else [],
        "missing_table": background.missing_table(content.missing, study),
        "flagged_table": background.flagged_table(content.flagged, study),
        "failed": [(failure, background.attempts_table(failure)) for failure in content.failures],
        "split_notes": background.split_notes(study),
        "software": background.software_table(content.records, content.commit),
        "times": background.times_table(content.records),
        "models": background.models_table(study),
        "config": _config_text(study),
        "methods": methods.methods(study),
        "data": background.data_table(study, content.downloads),
    }


def _config_text(study: Study) -> str:
    config = study.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return json.dumps(config, indent=2, ensure_ascii=False)


def _embed(figure: PageFigure) -> Markup:
    return embedded(figure.svg, f"figure-{figure.name}", figure.alt)


def _resource(name: str) -> str:
    return resources.files("xstilts.report.page").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return a content security policy: nothing is loaded, and no script runs but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
