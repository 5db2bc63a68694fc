"""The text of a study's data sets by language, read from the encoded files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.data.subsets import SubsetRule
from xstilts.graph.runs import Runs
from xstilts.task_types.base import EncodedRow
from xstilts.task_types.retrieval import ENGLISH as ENGLISH_SIDE
from xstilts.task_types.retrieval import FOREIGN, rows_of
from xstilts.tasks.languages import ENGLISH

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

#: Tasks whose test files have the same content in several languages, the preferred one first.
PARALLEL = ("tatoeba", "xnli")

_READ_ROWS = 20_000  # of one corpus, distributed over its files


@dataclass(frozen=True)
class CorpusPart:
    """Some rows of one encoded file, in one language.

    Attributes:
        path: The file.
        language: Of the rows.
        examples: Only rows of the examples with these indices; None: of all.
        rows: Of these, only rows with these indices; None: all.
    """

    path: Path
    language: str
    examples: Sequence[int] | None = None
    rows: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Tells the part from others: a hash of its rows after the file's path and the language."""
        chosen = [None if numbers is None else np.asarray(numbers).tobytes() for numbers in (self.examples, self.rows)]
        return f"{self.path} {self.language} {hashlib.sha256(repr(chosen).encode()).hexdigest()}"

    def read(self, most: int | None) -> list[EncodedRow]:
        """Read at most that many rows, evenly spaced because files are often sorted; all rows if None."""
        file = EncodedRows(self.path, only=None if self.examples is None else {self.path: self.examples})
        rows = np.arange(len(file)) if self.rows is None else self.rows
        if most is not None and len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
        return file[rows.tolist()]


def training_parts(runs: Runs, model: str, task: str) -> list[CorpusPart]:
    """Locate the text of an intermediate task: its English training data, also where it is a target as well."""
    return [CorpusPart(runs.paths.encoded(model, task, "train", ENGLISH), ENGLISH)]


def domain_parts(runs: Runs, model: str, arm: str) -> list[CorpusPart]:
    """Locate the text of an arm of one domain: the task's English training examples of it, however many it uses.

    Args:
        runs: The study's jobs and paths.
        model: Its name in the study.
        arm: One of :func:`xstilts.analysis.selection.domain_arms`.
    """
    (task,), choose = runs.study.arms[arm].all_tasks, runs.study.arms[arm].domain
    assert choose is not None
    table = examples.read(runs.paths.examples(task, "train", ENGLISH))
    indices = SubsetRule(f"arms.{arm}", choose=choose).eligible(runs.study.task(task), table)
    (whole,) = training_parts(runs, model, task)
    return [replace(whole, examples=indices.tolist())]


def parts_of(runs: Runs, model: str, task: str, language: str) -> list[CorpusPart]:
    """Locate a target's text in a language: its scored data.

    English of a target that is not scored in it is that of its own training data; of retrieval, the English side.

    Returns:
        The parts; none if the target has no text in the language.
    """
    split = _scored_split(runs, task)
    scored = runs.study.languages(task, split)
    if runs.study.task(task).type == "retrieval":
        side = ENGLISH_SIDE if language == ENGLISH else FOREIGN
        return [_side(runs, model, task, code, side) for code in scored if language in (code, ENGLISH)]
    if language in scored:
        return [CorpusPart(runs.paths.encoded(model, task, split, language), language)]
    if language == ENGLISH and runs.study.task(task).trained_on == task:
        return training_parts(runs, model, task)
    return []


def parallel_parts(
    runs: Runs, model: str, task: str, language: str
) -> tuple[list[CorpusPart], list[CorpusPart]] | None:
    """Locate the same sentences in English and in a language, in one of the tasks of :data:`PARALLEL`.

    Returns:
        The English parts and those in the language, with the same content in the same order; None if the study does not
        have both.
    """
    scored = runs.study.languages(task, _scored_split(runs, task)) if task in runs.study.targets else ()
    if runs.study.task(task).type == "retrieval":
        if language != ENGLISH and language not in scored:
            return None
        codes = [code for code in scored if language in (code, ENGLISH)]
        pairs = [_paired_sides(runs, model, task, code) for code in codes]
        return [english for english, _ in pairs], [pair[language != ENGLISH] for pair in pairs]
    if not {ENGLISH, language} <= set(scored):
        return None
    return parts_of(runs, model, task, ENGLISH), parts_of(runs, model, task, language)


def _scored_split(runs: Runs, target: str) -> str:
    splits = runs.study.splits_of(target)
    return "test" if "test" in splits else splits[0]


def _side(runs: Runs, model: str, task: str, language: str, side: str) -> CorpusPart:
    split = _scored_split(runs, task)
    table = examples.read(runs.paths.examples(task, split, language))
    spoken = ENGLISH if side == ENGLISH_SIDE else language
    return CorpusPart(runs.paths.encoded(model, task, split, language), spoken, rows=rows_of(table, side))


def _paired_sides(runs: Runs, model: str, task: str, language: str) -> tuple[CorpusPart, CorpusPart]:
    """Locate the English sentences of a file of retrieval that have a match, and their first matches."""
    split = _scored_split(runs, task)
    table = examples.read(runs.paths.examples(task, split, language)).select(["id", "side", "matches"]).to_pandas()
    place = pd.Series(table.index, index=table["id"])
    matched = table[(table["side"] == ENGLISH_SIDE) & (table["matches"].str.len() > 0)]
    path, first = runs.paths.encoded(model, task, split, language), place[[found[0] for found in matched["matches"]]]
    return (
        CorpusPart(path, ENGLISH, rows=matched.index.to_numpy()),
        CorpusPart(path, language, rows=first.to_numpy()),
    )


def texts_of(parts: Sequence[CorpusPart], tokenizer: PreTrainedTokenizerFast) -> list[np.ndarray]:
    """Read the token ids of every text in a corpus, without special tokens.

    Texts are separated by special tokens. Identical texts count once: a paragraph with five questions, or a premise
    with three hypotheses.
    """
    special = np.array(sorted(tokenizer.all_special_ids))
    ids_around = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id)
    around = [number for number in ids_around if number is not None]
    texts: dict[bytes, np.ndarray] = {}
    for part in parts:
        for row in part.read(max(1, _READ_ROWS // len(parts))):
            ids = row["input_ids"]
            ends = np.flatnonzero(np.isin(ids, around))
            for segment in np.split(ids, ends):
                text = segment[~np.isin(segment, special)]
                texts.setdefault(text.tobytes(), text)
    return [text for text in texts.values() if len(text)]


class Sequences(EncodedRows):
    """Some rows of a file as sequences to embed, held in memory; of a multiple-choice question, one choice in turn."""

    def __init__(self, part: CorpusPart, most: int | None) -> None:
        self._rows = [_one_sequence(row, turn) for turn, row in enumerate(part.read(most))]
        self.lengths = np.array([len(row["input_ids"]) for row in self._rows])
        self.language = part.language

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: Sequence[int]) -> list[EncodedRow]:
        return [self._rows[index] for index in indices]


def _one_sequence(row: EncodedRow, turn: int) -> EncodedRow:
    """A row's input; of the concatenated choices of multiple choice, number ``turn`` modulo their number."""
    inputs = {name: row[name] for name in ("input_ids", "token_type_ids") if name in row}
    if "lengths" not in row:
        return inputs
    ends = np.cumsum(row["lengths"])
    choice = turn % len(ends)
    place = slice(ends[choice] - row["lengths"][choice], ends[choice])
    return {name: values[place] for name, values in inputs.items()}
