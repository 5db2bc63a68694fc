"""Render the report as one HTML file with its style and script."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from xstilts.atomic import write_text
from xstilts.config.study import Study
from xstilts.report.comparison import comparison_page, comparison_rows
from xstilts.report.page import background, explorer, methods, questions, results
from xstilts.report.page.answer import first_screen
from xstilts.report.page.content import PageContent, PageFigure
from xstilts.report.page.models import models_view
from xstilts.report.page.svg import embedded
from xstilts.report.page.training import training_view
from xstilts.report.page.view import lines_from_block
from xstilts.scores.gains import language_cells

#: The title of each section by name, in order; the names are anchors.
SECTIONS = {
    "results": "Gains",
    "models": "Models compared",
    "questions": "The five questions",
    "languages": "Which arm for which language and task?",
    "dev": "Has training worked?",
    "published": "Comparison with published scores",
    "missing": "Missing results",
    "run": "What was run",
    "methods": "Methods",
}
_TEMPLATES = (
    "page.html", "macros.html", "first_screen.html", "results.html", "questions.html", "languages.html", "checks.html",
    "background.html",
)  # fmt: skip
_PLACES = ("gains", "languages", "training", "missing")  # of figures, other than the questions


def write_page(content: PageContent, path: Path) -> None:
    """Write the report of a study as one self-contained HTML file.

    Raises:
        UserError: a figure is not an SVG image.
    """
    write_text(path, render(content))


def render(content: PageContent) -> str:
    """Return the report as HTML."""
    environment = Environment(
        loader=DictLoader({name: _resource(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"embed": _embed, "data_link": _data_link}
    script = _resource("printing.js") + _resource("explorer.js")
    view = _view(content)
    html = environment.get_template("page.html").render(
        content=content,
        study=content.study,
        sections={name: title for name, title in SECTIONS.items() if name != "models" or view["models_compared"]},
        style=Markup(_resource("style.css") + _resource("layout.css")),
        script=Markup(script),
        policy=_policy(script),
        **view,
    )
    return html.lstrip() + "\n"


def _view(content: PageContent) -> dict[str, Any]:
    """Return the template's variables, section by section."""
    study, scores = content.study, content.scores
    sections = questions.question_sections(content.answers, content.figures, study)
    placed = {place: questions.figures_at(place, content.figures) for place in _PLACES}
    shown = {
        figure.name
        for place in (*_PLACES, *(one.name for one in sections))
        for figure in questions.figures_at(place, content.figures)
    }
    by_target = language_cells(content.all_scores, study)
    published = comparison_page(comparison_rows(scores, study), study)
    return {
        "run": background.run_summary(scores, study),
        "arms": background.arms_table(study),
        "first": first_screen(scores, study, content.answers),
        "models_compared": models_view(scores, study),
        "main_tables": results.main_tables(content.all_scores, study) if len(scores) else [],
        "figures": placed,
        "other_figures": [figure for figure in content.figures.values() if figure.name not in shown],
        "questions": sections,
        "explorer": htmlsafe_json_dumps(
            explorer.explorer_data(scores, by_target, study), separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ),
        "language_tables": explorer.language_tables(by_target, study) if len(scores) else [],
        "languages_table": explorer.languages_table(study),
        "published": published,
        "published_tables": [lines_from_block(block) for block in published.blocks],
        "training": training_view(content.dev_scores, study, content.records),
        "missing_table": background.missing_table(content.missing, study),
        "flagged_table": background.flagged_table(content.flagged, study),
        "failed": [(failure, background.attempts_table(failure)) for failure in content.failures],
        "split_notes": background.split_notes(study),
        "software": background.software_table(content.records, content.commit),
        "times": background.times_table(content.records),
        "models": background.models_table(study),
        "config": _data_link(_config_text(study), "application/json"),
        "methods": methods.methods(study),
        "data": background.data_table(study, content.downloads),
    }


def _config_text(study: Study) -> str:
    config = study.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return json.dumps(config, indent=2, ensure_ascii=False)


def _embed(figure: PageFigure) -> Markup:
    return embedded(figure.svg, f"figure-{figure.name}", figure.alt)


def _data_link(text: str, kind: str = "text/csv") -> str:
    """Return a link that has a file in itself, so that saving it needs neither network nor script."""
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"


def _resource(name: str) -> str:
    return resources.files("xstilts.report.page").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return a content security policy: nothing is loaded, and no script runs but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
