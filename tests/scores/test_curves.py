"""From jobs' records to one table of learning curves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xstilts.errors import DataError
from xstilts.graph.jobs import Job
from xstilts.scores.curves import CURVES, curves_of, read_curves, write_curves

MIXED = {"curve": [{"step": 5, "loss": 2.0, "mnli": 30.0, "qqp": 60.0}], "best_step": 5}
TEXT = {"curve": [{"step": 7, "loss": 3.0, "masked_lm_loss": 2.5}, {"step": 9, "loss": 2.0}], "best_step": 9}


def test_stages_of_an_arm_are_numbered_and_tasks_have_rows_of_their_own() -> None:
    record = {"training": {**TEXT, "stages": [MIXED, TEXT]}}
    rows = curves_of({Job("tiny", "both", "intermediate", 1): record}).to_pylist()
    assert [(row["part"], row["step"], row["task"], row["score"]) for row in rows] == [
        (1, 5, "mnli", 30.0), (1, 5, "qqp", 60.0), (2, 7, None, None), (2, 9, None, None),
    ]  # fmt: skip
    assert [row["masked_lm_loss"] for row in rows] == [None, None, 2.5, None]
    assert [row["best"] for row in rows] == [True, True, False, True]


def test_every_kind_of_job() -> None:
    jobs = [Job.pretraining("tiny"), Job("tiny", "none", "xnli", 2), Job("tiny", "none", "retrieval", 2)]
    records = dict(
        zip(jobs, [{"training": TEXT}, {"training": {"curve": [{"step": 1, "loss": 1.0}]}}, {}], strict=True)
    )
    frame = curves_of(records).to_pandas()
    assert frame["stage"].tolist() == ["pretraining", "pretraining", "target"]
    assert frame[["arm", "what", "seed"]].values.tolist()[-1] == ["none", "xnli", 2]
    assert curves_of({}).schema == CURVES


def test_the_file_is_what_was_written(tmp_path: Path) -> None:
    table = curves_of({Job("tiny", "both", "intermediate", 1): {"training": MIXED}})
    write_curves(tmp_path / "curves.parquet", table)
    pd.testing.assert_frame_equal(read_curves(tmp_path / "curves.parquet"), table.to_pandas())
    with pytest.raises(DataError, match="no such file"):
        read_curves(tmp_path / "nowhere.parquet")
