"""Answers survive being written and read."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.store import read_answers, write_answer
from xstilts.errors import DataError

ANSWER = Answer(
    question="q1",
    title="Distance",
    hypothesis="Gains shrink with distance.",
    verdict="supported",
    reason="The slope is negative.",
    primary=Estimate("slope", -1.5, -2.5, -0.5, "points per SD", 0.01, "25 languages"),
    p_adjusted=0.05,
    evidence=Evidence(0.01, True, 3, "genera", 1.5, {"no distance": 2.0}),
    exercise=True,
    secondary=pd.DataFrame({"name": ["a", "b"], "value": [1.0, math.nan]}),
    cannot=("cause",),
    notes=("a note",),
    data={"scatter": pd.DataFrame({"language": ["de"], "delta": [0.25]}), "empty": pd.DataFrame()},
)


def test_an_answer_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_answer(ANSWER, tmp_path)
    (found,) = read_answers(tmp_path)
    frames = ("secondary", "robustness", "data")
    for name in (item.name for item in fields(Answer) if item.name not in frames):
        assert getattr(found, name) == getattr(ANSWER, name), name
    pd.testing.assert_frame_equal(found.secondary, ANSWER.secondary)
    pd.testing.assert_frame_equal(found.data["scatter"], ANSWER.data["scatter"])
    assert found.robustness.empty and found.data["empty"].empty


def test_frames_are_csv_files_too(tmp_path: Path) -> None:
    write_answer(ANSWER, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["q1_scatter.csv", "q1_secondary.csv"]
    assert pd.read_csv(tmp_path / "q1_scatter.csv")["delta"].tolist() == [0.25]


def test_no_folder_no_answers(tmp_path: Path) -> None:
    assert read_answers(tmp_path / "answers") == []


@pytest.mark.parametrize("text", ["{", "{}", '{"question": "q1"}'])
def test_a_file_that_is_no_answer_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "q1.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"q1\.json: is not the answer"):
        read_answers(tmp_path)
