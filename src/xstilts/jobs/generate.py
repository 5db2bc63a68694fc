"""Synthetic languages and tasks, written as official releases are."""

from __future__ import annotations

from xstilts.atomic import write_json
from xstilts.config.sources import SyntheticSource
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.synthetic.generate import generate as write_all


def generate(runs: Runs) -> None:
    """Write the synthetic source's files, in the layout of the official releases."""
    source = runs.study.source
    if not isinstance(source, SyntheticSource):
        raise UserError("The study's source is a folder of files; there is nothing to generate.")
    write_all(runs.paths.raw, source, more=runs.rendered())
    write_json(runs.paths.generated, {"source": source.model_dump()})
