"""Canonical examples as token ids."""

from __future__ import annotations

from xstilts.data import tokenizer
from xstilts.data.encoding import encode_task
from xstilts.graph.runs import Runs


def encode(runs: Runs, model: str, name: str, threads: int) -> None:
    """Every file of a task as token ids of one model's tokenizer."""
    tokenizer.use_threads(threads)
    data = [runs.paths.examples(name, *file) for file in runs.files(name)]
    loaded, task = tokenizer.load(runs.paths.tokenizer(model)), runs.study.task(name)
    prefix = runs.study.models[model].prefix_of(task.type)
    encode_task(task, runs.study.encoding_of(name), loaded, data, runs.paths.tokens(model, name), prefix)
