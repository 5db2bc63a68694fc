"""Jobs that neither train nor score: how many of each rule have left their files, and what SLURM has of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xstilts.graph.runs import Runs


@dataclass(frozen=True)
class RuleFiles:
    """The files of one rule's jobs.

    Attributes:
        rule: The rule.
        there: How many jobs have left theirs, whichever run made them.
        all: How many jobs the study has.
    """

    rule: str
    there: int
    all: int


def other_jobs(runs: Runs) -> list[RuleFiles]:
    """Look for the files of all jobs that neither train nor score, in the order in which they run."""
    counts: dict[str, list[bool]] = {}
    for rule, path in _results(runs):
        counts.setdefault(rule, []).append(path.exists())
    return [RuleFiles(rule, sum(found), len(found)) for rule, found in counts.items()]


def _results(runs: Runs) -> Iterator[tuple[str, Path]]:
    """By rule, the file or folder that shows that a job has ended."""
    study, paths = runs.study, runs.paths
    for data in dict.fromkeys((*study.tasks(), *runs.texts())):
        yield "prepare", paths.data_manifest(data)
    for data in study.translations:
        yield "translate", paths.data_manifest(data)
    for model in study.models:
        yield "tokenizer", paths.tokenizer_file(model)
    for model in study.models:
        for data in dict.fromkeys((*study.tasks(), *study.translations, *runs.texts(model))):
            yield "encode", paths.tokens_manifest(model, data)
    yield "similarity", paths.similarity
    yield "collect", paths.scores
    yield "tables", paths.tables
    yield "answer", paths.answers
    yield "figures", paths.figures
    yield "submission", paths.submission
    yield "report", paths.report
