"""The text that a job trains on by masked language modelling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xstilts.config.text import TextUse
from xstilts.data.encoding import EncodedRows, EncodedTask
from xstilts.graph.runs import Runs
from xstilts.task_types import task_type_of
from xstilts.training.selection import Weights
from xstilts.training.text import TextData

#: Of each language's passages, every so many is held out, but no more than that number.
_EVERY, _MOST = 20, 200


def text_data(runs: Runs, model: str, use: TextUse, share: float, head: Weights | None) -> TextData:
    """Open a text that is encoded for a model, without and with its held-out part.

    Args:
        runs: The study's jobs and paths.
        model: Its name in the study.
        use: The text, its languages, and how they are drawn.
        share: The share of the steps that are on it.
        head: The language-model head to start from; None: a new one.
    """
    encoded = EncodedTask.read(runs.paths.tokens_manifest(model, use.task))
    task_type = task_type_of(runs.study.task(use.task), encoded.encoding)
    files = {code: runs.paths.encoded(model, use.task, split, code) for split, code in runs.files(use.task)}
    wanted = {code: path for code, path in files.items() if use.languages is None or code in use.languages}
    held = {code: held_out(encoded.files[f"train.{code}"]["examples"]) for code in wanted}
    return TextData(
        task_type,
        {code: EncodedRows(path, without=held[code]) for code, path in wanted.items()},
        _held_out_rows(wanted, held),
        use.sampling.exponent,
        share,
        head,
    )


def held_out(passages: int) -> list[int]:
    """The passages of a file that are not trained on: few, and spread evenly; none of a file with hardly any."""
    every = max(_EVERY, -(-passages // _MOST))
    return list(range(every - 1, passages, every))


def _held_out_rows(files: Mapping[str, Path], held: Mapping[str, list[int]]) -> dict[str, EncodedRows]:
    return {code: EncodedRows(path, only={path: held[code]}) for code, path in files.items() if held[code]}
