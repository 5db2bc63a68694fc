"""Examples of questions in several scripts, their encoded rows, and outputs with one clear answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from xstilts.task_types.span_qa import SpanQA
from xstilts.tasks.registry import TASKS

SQUAD, SQUAD_V2, MLQA = TASKS["squad_v1"], TASKS["squad_v2"], TASKS["mlqa"]
WORDS = [
    "The",
    "weaver",
    "sold",
    "forty",
    "Gesellschaft,",
    "橋在一八七一年",
    "الجسر",
    "नदी",
    "½",
    "x\u200by",
    "(\u00e9)",
    "e\u0301",
]
contexts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", "  ", "\n"])), min_size=1, max_size=40)


def table(*questions: tuple[str, str, list[tuple[str, int]] | None]) -> pa.Table:
    rows = [
        {
            "id": str(row),
            "context": context,
            "question": question,
            "answers": None if answers is None else [text for text, _ in answers],
            "answer_starts": None if answers is None else [start for _, start in answers],
        }
        for row, (context, question, answers) in enumerate(questions)
    ]
    return pa.Table.from_pylist(rows, SpanQA.schema)


def as_rows(encoded: pa.Table) -> list[dict]:
    return [
        {name: np.array(value, np.int64) if isinstance(value, list) else value for name, value in row.items()}
        for row in encoded.to_pylist()
    ]


def pointing_at(row: dict, start: int, end: int) -> np.ndarray:
    """Build outputs with high logits for tokens ``start`` and ``end`` of the input; 0, 0 means no answer."""
    logits = np.zeros((1 + len(row["char_starts"]), 2), np.float32)
    places = [0 if token == 0 else 1 + token - row["context_start"] for token in (start, end)]
    logits[places, [0, 1]] = 10
    return logits
