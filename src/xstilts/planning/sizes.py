"""How many examples and tokens each file of a study has: counted where the file is there, otherwise assumed.

What is assumed of a task's full release is in its declaration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from xstilts.config.sources import SyntheticSource
from xstilts.graph.runs import Runs
from xstilts.sources.corpora import PASSAGE
from xstilts.task_types.span_windows import window_starts
from xstilts.tasks.registry import TEXT

Basis = Literal["tokens counted", "examples counted", "sizes assumed"]
_BASES: tuple[Basis, ...] = ("tokens counted", "examples counted", "sizes assumed")  # the best first

_QUESTION = 19  # tokens of a question, special tokens included
_UNKNOWN = {
    "train": 100_000,
    "dev": 2_000,
    "test": 2_000,
    "pool": 100_000,
}  # examples of own tasks; passages of unlabelled text


def weakest(bases: Iterable[Basis]) -> Basis:
    """Return what a sum of numbers with these bases rests on."""
    return max(bases, key=_BASES.index)


@dataclass(frozen=True)
class DataSize:
    """How much data there is in an encoded file, in several, or in several passes over one."""

    examples: float = 0
    rows: float = 0  # what a batch counts: windows of a question, whole examples of a multiple choice
    inputs: float = 0  # what the encoder reads: of a multiple choice, each choice
    tokens: float = 0
    basis: Basis = "tokens counted"

    def __add__(self, other: DataSize) -> DataSize:
        """Return the size of both."""
        return DataSize(
            self.examples + other.examples,
            self.rows + other.rows,
            self.inputs + other.inputs,
            self.tokens + other.tokens,
            weakest([self.basis, other.basis]),
        )

    def times(self, factor: float) -> DataSize:
        """Return the size of so many passes."""
        return DataSize(
            self.examples * factor, self.rows * factor, self.inputs * factor, self.tokens * factor, self.basis
        )

    def first(self, examples: int | None) -> DataSize:
        """Return the size of that many examples of mean length; of all where None."""
        return self if examples is None or examples >= self.examples else self.times(examples / self.examples)


NO_DATA = DataSize()


class FileSizes:
    """The sizes of one study's files. Every file is looked at once."""

    def __init__(self, runs: Runs) -> None:
        self._runs, self._study = runs, runs.study
        self._prepared = runs.manifests()
        self._sizes: dict[tuple[str, str, str, str], DataSize] = {}

    def of(self, model: str, task: str, split: str, language: str) -> DataSize:
        """Return what a file holds once it is encoded for a model."""
        key = model, task, split, language
        if key not in self._sizes:
            self._sizes[key] = self._counted(*key) or self._assumed(task, split, language)
        return self._sizes[key]

    def of_task(self, model: str, task: str) -> DataSize:
        """Return what all files of a task hold once they are encoded for a model."""
        return sum((self.of(model, task, *file) for file in self._runs.files(task)), NO_DATA)

    def _counted(self, model: str, task: str, split: str, language: str) -> DataSize | None:
        """None if the file is not there, or was encoded with other settings than the study has now."""
        cuts = {"max_length", "doc_stride", "max_query_length", "long_sentences"}
        wanted = self._study.encoding_of(task).model_dump(include=cuts)
        try:
            manifest = json.loads(self._runs.paths.tokens_manifest(model, task).read_bytes())
            listed = manifest["files"][f"{split}.{language}"]
            if not wanted.items() <= manifest["encoding"].items():
                return None
            with pa.memory_map(str(self._runs.paths.encoded(model, task, split, language))) as source:
                table = ipc.open_file(source).read_all()
                inputs = _elements(table["lengths"]) if "lengths" in table.column_names else table.num_rows
                tokens = _elements(table["input_ids"])
        except (OSError, ValueError, KeyError):
            return None
        return DataSize(int(listed["examples"]), int(listed["rows"]), inputs, tokens, "tokens counted")

    def _assumed(self, task: str, split: str, language: str) -> DataSize:
        examples, basis = self._examples(task, split, language)
        declared, encoding = self._study.task(task), self._study.encoding_of(task)
        tokens, task_type = declared.tokens_per_input, declared.type
        rows, length = 1, float(min(tokens, encoding.max_length))
        if task_type == "span_qa":  # the question and special tokens in every window, tokens where windows overlap
            room, context = max(1, encoding.max_length - _QUESTION), tokens - _QUESTION
            rows = len(window_starts(context, room, encoding.doc_stride))
            length = _QUESTION + (context + (rows - 1) * max(0, room - encoding.doc_stride)) / rows
        elif task_type == "masked_lm":
            rows = math.ceil(tokens / encoding.max_length)
            length = tokens / rows
        inputs = examples * rows * declared.inputs_per_example
        return DataSize(examples, examples * rows, inputs, inputs * length, basis)

    def _examples(self, task: str, split: str, language: str) -> tuple[int, Basis]:
        """How many examples a canonical file has or will have."""
        if listed := self._prepared.get(task, {}).get("files", {}).get(f"{split}.{language}"):
            return int(listed["examples"]), "examples counted"
        study, source, limits = self._study, self._study.source, self._study.examples
        if task in study.corpora:
            size = sum(path.stat().st_size for path in self._runs.corpus_files(task)[language])
            return math.ceil(size / PASSAGE), "sizes assumed"
        sides = 2 if study.task(task).type == "retrieval" else 1
        if task == TEXT.name and isinstance(source, SyntheticSource):
            return source.documents // len(study.language_table()), "sizes assumed"
        if task == TEXT.name and self._runs.text_from_tasks():
            files = [(name, *file) for name in study.tasks() for file in self._runs.files(name) if file[1] == language]
            return sum(self._examples(*file)[0] for file in files), "sizes assumed"
        count = study.task(task).known_examples(split, language) or _UNKNOWN[split]
        if isinstance(source, SyntheticSource):
            count = sides * (source.train_examples if split == "train" else source.eval_examples)
        limit = limits.train if split == "train" else limits.eval
        return min(count, sides * limit) if limit and task != TEXT.name else count, "sizes assumed"


def _elements(lists: pa.ChunkedArray) -> int:
    """The number of all lists' elements, which are not read."""
    return pc.sum(pc.list_value_length(lists)).as_py() or 0
