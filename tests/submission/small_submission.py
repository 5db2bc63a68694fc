"""A study with one target of each kind, two examples or so per file, and predictions that fit it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.config.study import load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.scores.score_files import PREDICTIONS
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TASKS

CONFIG: dict[str, Any] = {
    "study": "small",
    "source": {"kind": "files", "root": "data"},
    "models": {"xlmr": {"path": "models/xlmr"}},
    "seeds": [1, 2],
    "arms": {"none": {}, "control": {"weights": "random"}, "mnli": {"tasks": ["mnli"]}},
    "targets": {
        "xnli": {"languages": ["de", "en"]},
        "udpos": {"languages": ["de"]},
        "xquad": {"languages": ["de"]},
        "bucc2018": {"languages": ["de"]},
        "tatoeba": {"languages": ["de"]},
    },
}

#: What `xnli/test-de.tsv` and so on consist of where every prediction is right.
RIGHT = {
    "xnli/test-de.tsv": "neutral\nentailment\n",
    "xnli/test-en.tsv": "contradiction\n",
    "udpos/test-de.tsv": "DET\nNOUN\n\nVERB\n",
    "xquad/test-de.json": '{"q1": "rote Brücke", "q2": "1871"}',
    "bucc2018/test-de.tsv": "de-2\ten-1\nde-1\ten-3\n",
    "tatoeba/test-de.tsv": "2\n0\n1\n",
}


def examples(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=task_type_class(TASKS[name]).schema)


def sentence(identifier: str, text: str, *matches: str) -> dict[str, Any]:
    side = "english" if identifier.startswith("en-") else "foreign"
    return {"id": identifier, "side": side, "text": text, "matches": list(matches)}


EXAMPLES: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("xnli", "de"): [
        {"id": "1", "premise": "a", "hypothesis": "b", "label": "neutral"},
        {"id": "2", "premise": "c", "hypothesis": "d", "label": "entailment"},
    ],
    ("xnli", "en"): [{"id": "1", "premise": "a", "hypothesis": "b", "label": "contradiction"}],
    ("udpos", "de"): [
        {"id": "1", "tokens": ["die", "Brücke"], "tags": ["DET", "NOUN"]},
        {"id": "2", "tokens": ["geht"], "tags": ["VERB"]},
    ],
    ("xquad", "de"): [
        {"id": "q1", "context": "eine rote Brücke", "question": "?", "answers": ["rote Brücke"], "answer_starts": [5]},
        {"id": "q2", "context": "im Jahr 1871", "question": "?", "answers": ["1871"], "answer_starts": [8]},
    ],
    ("bucc2018", "de"): [
        *(sentence(f"de-{n}", f"Satz {n}") for n in (1, 2, 3)),
        *(sentence("en-1", "one", "de-2"), sentence("en-2", "two"), sentence("en-3", "three", "de-1")),
    ],
    ("tatoeba", "de"): [
        *(sentence("de-1", "Zug"), sentence("de-2", "Zwei"), sentence("de-3", "Auto")),
        # in XTREME's order: ' car' without its blank comes first, 'Two' before 'train' would be alphabetical only
        *(sentence("en-1", "train", "de-1"), sentence("en-2", "two", "de-2"), sentence("en-3", " car", "de-3")),
    ],
}  # fmt: skip


def study_in(folder: Path, **changes: Any) -> Runs:
    """The study's runs and, below ``folder``, the test examples that it has been prepared with."""
    runs = Runs(load({**CONFIG, **changes}))
    for (name, language), rows in EXAMPLES.items():
        store(folder / runs.paths.examples(name, "test", language), examples(name, rows))
    return runs


def store(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def submit(folder: Path, **changes: str | None) -> Path:
    """A submission that is right but for ``changes``: a file's text by its path, None to leave it out."""
    for place, text in {**RIGHT, **changes}.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (folder / place).write_text(text, encoding="utf-8", newline="")
    return folder


def predict(folder: Path, runs: Runs, predictions: dict[tuple[str, str, str], dict[str, str]], job: Any) -> Path:
    """A job's file of predictions, given by (target, language, split) and example."""
    rows = [
        {"target": target, "language": language, "split": split, "example": example, "prediction": text, "gold": ""}
        for (target, language, split), texts in predictions.items()
        for example, text in texts.items()
    ]
    path = folder / runs.paths.part("predictions", *job)
    store(path, pa.Table.from_pylist(rows, schema=PREDICTIONS))
    return path


def jobs_of(target: str) -> str:
    return TASKS[target].trained_on or RETRIEVAL


def frame(rows: list[tuple[Any, ...]], *columns: str, **same: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).assign(**same)
