"""How many examples and tokens each file of a study has: counted where the file is there, otherwise what is known.

``sizes.csv`` has the examples of the full releases, as the official files and the Hub's pages of the pinned revisions
count them; '*' stands for all languages not named. Of UDPOS's dev files only English is certain. Retrieval files count
the sentences of both sides.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.ipc as ipc

from xstilts.config.settings import Encoding
from xstilts.config.sources import SyntheticSource
from xstilts.graph.runs import Runs
from xstilts.task_types.span_windows import window_starts
from xstilts.tasks.registry import TEXT

#: What a number of examples and tokens rests on, from the best to the worst.
Basis = Literal["tokens counted", "examples counted", "sizes assumed"]

#: Inputs per example and tokens per input in XLM-R's pieces. Assumed, after a look at samples; of questions, together
#: with their whole context.
_TYPICAL: dict[str, tuple[int, int]] = {
    "anli": (1, 40), "mnli": (1, 40), "qqp": (1, 32), "squad_v1": (1, 175), "squad_v2": (1, 175),
    "hellaswag": (4, 90), "ccg": (1, 32), "cosmosqa": (4, 110), "commonsenseqa": (5, 22),
    "xnli": (1, 45), "pawsx": (1, 60), "udpos": (1, 26), "panx": (1, 16),
    "xquad": (1, 210), "mlqa": (1, 190), "tydiqa": (1, 150), "bucc2018": (1, 32), "tatoeba": (1, 14), "text": (1, 60),
}  # fmt: skip
_QUESTION = 15  # tokens of the above
_SPECIAL = 4  # of a pair
_PASSAGES = 100_000  # of unlabelled text per language, where nothing says how many there are


@dataclass(frozen=True)
class Rows:
    """What is in one file once it is encoded.

    ``rows`` are what a batch counts: windows of a question, whole examples of a multiple choice. ``inputs`` are what
    the encoder reads: of a multiple choice, each choice.
    """

    examples: int
    rows: int
    inputs: int
    tokens: float
    basis: Basis

    @property
    def length(self) -> float:
        """Mean tokens of an input."""
        return self.tokens / self.inputs if self.inputs else 0.0

    def first(self, examples: int | None) -> Rows:
        """That many of the examples, as far as the mean can tell; all where None."""
        if examples is None or examples >= self.examples:
            return self
        share = examples / self.examples
        rows, inputs = round(self.rows * share), round(self.inputs * share)
        return Rows(examples, rows, inputs, self.tokens * share, self.basis)


class Sizes:
    """The sizes of one study's files. Every file is looked at once."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[tuple[str, str, str, str], Rows] = {}
        self._listed: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, model: str, task: str, split: str, language: str) -> Rows:
        """What a file holds for a model."""
        key = model, task, split, language
        if key not in self._known:
            self._known[key] = self._counted(*key) or self._expected(task, split, language)
        return self._known[key]

    def examples(self, task: str, split: str, language: str) -> tuple[int, Basis]:
        """How many examples a canonical file has or will have."""
        listed = self._prepared(task).get(f"{split}.{language}")
        if listed:
            return int(listed["examples"]), "examples counted"
        if task == TEXT.name:
            return self._passages(language), "sizes assumed"
        found = self._released(task, split, language)
        limits = self._runs.study.examples
        limit = limits.train if split == "train" else limits.eval
        sides = 2 if self._runs.study.task(task).type == "retrieval" else 1
        return (found if limit is None else min(found, sides * limit)), "sizes assumed"

    def _counted(self, model: str, task: str, split: str, language: str) -> Rows | None:
        """What the encoded file holds; None where it is not there, or is of other settings than the study has now."""
        listed = self._encoded(model, task).get(f"{split}.{language}")
        path = self._runs.paths.encoded(model, task, split, language)
        if not listed or not path.is_file():
            return None
        inputs, tokens = _inputs_and_tokens(path)
        return Rows(int(listed["examples"]), int(listed["rows"]), inputs, tokens, "tokens counted")

    def _expected(self, task: str, split: str, language: str) -> Rows:
        examples, basis = self.examples(task, split, language)
        per_example, tokens = _TYPICAL[task]
        encoding = self._runs.study.encoding_of(task)
        if self._runs.study.task(task).type == "span_qa":
            windows, length = _windows(tokens, encoding)
            return Rows(examples, examples * windows, examples * windows, examples * windows * length, basis)
        if self._runs.study.task(task).type == "masked_lm":
            rows = examples * math.ceil(tokens / encoding.max_length)
            return Rows(examples, rows, rows, examples * tokens, basis)
        inputs = examples * per_example
        return Rows(examples, examples, inputs, inputs * min(tokens, encoding.max_length), basis)

    def _released(self, task: str, split: str, language: str) -> int:
        """Examples of a file of the source, before any limit."""
        source = self._runs.study.source
        if isinstance(source, SyntheticSource):
            sides = 2 if self._runs.study.task(task).type == "retrieval" else 1
            return sides * (source.train_examples if split == "train" else source.eval_examples)
        known = releases()
        return known.get((task, split, language)) or known[task, split, "*"]

    def _passages(self, language: str) -> int:
        """Passages of unlabelled text in a language."""
        study = self._runs.study
        if isinstance(study.source, SyntheticSource):
            return study.source.documents // len(study.language_table())
        if self._runs.text_from_tasks():
            files = [(task, *file) for task in study.tasks() for file in self._runs.files(task) if file[1] == language]
            return sum(self.examples(*file)[0] for file in files)
        return _PASSAGES

    @cached_property
    def _manifests(self) -> dict[str, dict[str, Any]]:
        return self._runs.manifests()

    def _prepared(self, task: str) -> dict[str, Any]:
        return dict(self._manifests.get(task, {}).get("files", {}))

    def _encoded(self, model: str, task: str) -> dict[str, Any]:
        if (model, task) not in self._listed:
            manifest = self._runs.paths.tokens_manifest(model, task)
            self._listed[model, task] = _encoded_files(manifest, self._runs.study.encoding_of(task))
        return self._listed[model, task]


def _encoded_files(manifest: Path, encoding: Encoding) -> dict[str, Any]:
    """The files that a manifest lists; none where it is not there, or inputs would now be cut elsewhere."""
    try:
        values = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return {}
    of_length = {"max_length", "doc_stride", "max_query_length", "long_sentences"}
    same = all(values["encoding"][name] == value for name, value in encoding.model_dump(include=of_length).items())
    return dict(values["files"]) if same else {}


@cache
def releases() -> dict[tuple[str, str, str], int]:
    """Examples of the full releases by (task, split, language)."""
    text = resources.files("xstilts.planning").joinpath("sizes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {(row["task"], row["split"], row["language"]): int(row["examples"]) for row in rows}


def worst(bases: Iterable[Basis]) -> Basis:
    """What a sum of several numbers rests on."""
    order: tuple[Basis, ...] = ("tokens counted", "examples counted", "sizes assumed")
    return max(bases, key=order.index, default=order[0])


def _windows(tokens: int, encoding: Encoding) -> tuple[int, float]:
    """Windows per question, and the mean tokens of one."""
    question = min(_QUESTION, encoding.max_query_length)
    context, room = tokens - question - _SPECIAL, encoding.max_length - question - _SPECIAL
    starts = window_starts(context, room, encoding.doc_stride)
    inside = sum(min(start + room, context) - start for start in starts)
    return len(starts), inside / len(starts) + question + _SPECIAL


def _inputs_and_tokens(path: Path) -> tuple[int, int]:
    """Of an encoded file, read off the ends of its lists: no token is looked at."""
    inputs = tokens = 0
    with pa.memory_map(str(path)) as source:
        reader = ipc.open_file(source)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            tokens += _elements(batch.column("input_ids"))
            choices = "lengths" in batch.schema.names
            inputs += _elements(batch.column("lengths")) if choices else batch.num_rows
    return inputs, tokens


def _elements(lists: pa.ListArray) -> int:
    return int(lists.offsets[-1].as_py() - lists.offsets[0].as_py()) if len(lists) else 0
