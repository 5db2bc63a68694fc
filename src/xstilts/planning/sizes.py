"""How many examples and tokens each file of a study has: counted where the file is there, otherwise assumed.

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
from functools import cache
from importlib import resources
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from xstilts.config.sources import SyntheticSource
from xstilts.graph.runs import Runs
from xstilts.task_types.span_windows import window_starts
from xstilts.tasks.registry import TEXT

Basis = Literal["tokens counted", "examples counted", "sizes assumed"]
_BASES: tuple[Basis, ...] = ("tokens counted", "examples counted", "sizes assumed")  # the best first

#: Inputs per example and tokens per input in XLM-R's pieces. Assumed, after a look at samples; of questions, together
#: with their whole context.
_TYPICAL: dict[str, tuple[int, int]] = {
    "anli": (1, 40), "mnli": (1, 40), "qqp": (1, 32), "squad_v1": (1, 175), "squad_v2": (1, 175),
    "hellaswag": (4, 90), "ccg": (1, 32), "cosmosqa": (4, 110), "commonsenseqa": (5, 22),
    "xnli": (1, 45), "pawsx": (1, 60), "udpos": (1, 26), "panx": (1, 16),
    "xquad": (1, 210), "mlqa": (1, 190), "tydiqa": (1, 150), "bucc2018": (1, 32), "tatoeba": (1, 14), "text": (1, 60),
}  # fmt: skip
_PASSAGES = 100_000  # of unlabelled text per language
_QUESTION = 19  # tokens of a question, special tokens included


@cache
def _releases() -> dict[tuple[str, str, str], int]:
    text = resources.files("xstilts.planning").joinpath("sizes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    counts = {(row["task"], row["split"], row["language"]): int(row["examples"]) for row in rows}
    return {(TEXT.name, "train", "*"): _PASSAGES, **counts}


def _released(task: str, split: str, language: str) -> tuple[int, int, int]:
    """Examples of a file of the full release, 0 where there is none; inputs per example; tokens per input."""
    examples = (_releases().get((task, split, code), 0) for code in (language, "*"))
    return next(filter(None, examples), 0), *_TYPICAL[task]


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
        _, per_row, tokens = _released(task, split, language)
        encoding, task_type = self._study.encoding_of(task), self._study.task(task).type
        rows, length = 1, float(min(tokens, encoding.max_length))
        if task_type == "span_qa":  # the question and special tokens in every window, tokens where windows overlap
            room, context = max(1, encoding.max_length - _QUESTION), tokens - _QUESTION
            rows = len(window_starts(context, room, encoding.doc_stride))
            length = _QUESTION + (context + (rows - 1) * max(0, room - encoding.doc_stride)) / rows
        elif task_type == "masked_lm":
            rows = math.ceil(tokens / encoding.max_length)
            length = tokens / rows
        inputs = examples * rows * per_row
        return DataSize(examples, examples * rows, inputs, inputs * length, basis)

    def _examples(self, task: str, split: str, language: str) -> tuple[int, Basis]:
        """How many examples a canonical file has or will have."""
        if listed := self._prepared.get(task, {}).get("files", {}).get(f"{split}.{language}"):
            return int(listed["examples"]), "examples counted"
        study, source, limits = self._study, self._study.source, self._study.examples
        sides = 2 if study.task(task).type == "retrieval" else 1
        if task == TEXT.name and isinstance(source, SyntheticSource):
            return source.documents // len(study.language_table()), "sizes assumed"
        if task == TEXT.name and self._runs.text_from_tasks():
            files = [(name, *file) for name in study.tasks() for file in self._runs.files(name) if file[1] == language]
            return sum(self._examples(*file)[0] for file in files), "sizes assumed"
        count = _released(task, split, language)[0]
        if isinstance(source, SyntheticSource):
            count = sides * (source.train_examples if split == "train" else source.eval_examples)
        limit = limits.train if split == "train" else limits.eval
        return min(count, sides * limit) if limit and task != TEXT.name else count, "sizes assumed"


def _elements(lists: pa.ChunkedArray) -> int:
    """The number of all lists' elements, which are not read."""
    return pc.sum(pc.list_value_length(lists)).as_py() or 0
