"""Commands that hand a study's results on: to other tools, and to papers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xstilts.cli.app import StudyName, app, opened


class Form(StrEnum):
    """Whose files to write."""

    lm_eval = "lm-eval"
    mteb = "mteb"


@app.command(rich_help_panel="For people")
def export_results(
    study: StudyName,
    form: Annotated[Form, typer.Option("--format", help="Whose form: lm-evaluation-harness's or MTEB's.")],
    to: Annotated[Path, typer.Option("--to", help="The folder to write, which is empty or does not exist.")],
) -> None:
    """Write a study's scores as JSON in the form of another evaluation tool, per model, arm and seed."""
    from xstilts.jobs.exchange import export_results as work

    print(work(opened(study), form.value, to))


@app.command(rich_help_panel="For people")
def cite(study: StudyName) -> None:
    """Write a section on methods and its BibTeX, from the study's config and records, in results/{study}/paper/."""
    from xstilts.jobs.paper import write_paper

    print(write_paper(opened(study)))
