"""Write what a paper on a study needs: a section on methods, and the references that it cites."""

from __future__ import annotations

from xstilts.atomic import write_text
from xstilts.graph.runs import Runs
from xstilts.report.page.content import records_of
from xstilts.report.paper import References, methods_section
from xstilts.wording import listed


def write_paper(runs: Runs) -> str:
    """Write ``methods.md`` and ``references.bib`` into the study's folder ``paper``.

    Returns:
        Where they are, and what has no reference, as sentences.
    """
    references, folder = References(runs.study), runs.paths.paper
    section = methods_section(runs.study, records_of(runs.paths.root), references)
    write_text(folder / "methods.md", section)
    write_text(folder / "references.bib", references.text())
    told = [f"{folder / 'methods.md'} cites {len(references.entries)} references of {folder / 'references.bib'}."]
    if references.lacking:
        told.append(f"No reference is known for {listed(references.lacking)}: add it by hand.")
    return " ".join(told)
