"""Files of scores and predictions, and collecting a study's scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import study_config

from xstilts.config.study import Study, load
from xstilts.errors import DataError, UserError
from xstilts.scores.score_files import PREDICTIONS, SCORES, collect, read_scores, write_predictions, write_scores


def as_table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, schema=SCORES, preserve_index=False)


@pytest.fixture
def parts(scores: pd.DataFrame, tmp_path: Path) -> list[Path]:
    """One file per run, as the jobs write them."""
    files = []
    for run, rows in scores.groupby("run"):
        files.append(tmp_path / "runs" / str(run) / "scores.parquet")
        write_scores(files[-1], as_table(rows))
    return files


@given(score=st.floats(0, 100, allow_nan=False))
def test_scores_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, score: float) -> None:
    row = ("s", "m", "none", "xnli", "de", "test", "accuracy", score, 5010, 1, "r", "collapsed")
    path = tmp_path_factory.mktemp("scores") / "scores.parquet"
    write_scores(path, pa.Table.from_pylist([dict(zip(SCORES.names, row, strict=True))], schema=SCORES))
    assert read_scores(path).to_numpy().tolist() == [list(row)]


def test_predictions_need_neither_gold_nor_score_but_everything_else(tmp_path: Path) -> None:
    row = dict.fromkeys(PREDICTIONS.names, "x") | {"gold": None, "score": None}
    path = tmp_path / "predictions.parquet"
    write_predictions(path, pa.Table.from_pylist([row], schema=PREDICTIONS))
    assert pq.ParquetFile(path).read().to_pylist() == [row]
    with pytest.raises(DataError, match="row 2: the column 'prediction' is empty"):
        write_predictions(path, pa.Table.from_pylist([row, row | {"prediction": None}], schema=PREDICTIONS))


def test_files_with_other_columns_are_refused(scores: pd.DataFrame, tmp_path: Path) -> None:
    table, path = as_table(scores), tmp_path / "scores.parquet"
    with pytest.raises(DataError, match=r"scores\.parquet: lacks the column\(s\) seed"):
        write_scores(path, table.drop_columns("seed"))
    with pytest.raises(DataError, match=r"unknown column.*loss"):
        write_scores(path, table.append_column("loss", table["score"]))
    with pytest.raises(DataError, match="n double"):
        write_scores(path, table.set_column(SCORES.get_field_index("n"), "n", table["n"].cast(pa.float64())))
    assert not path.exists()
    pq.write_table(table.drop_columns("seed"), path)
    with pytest.raises(DataError, match="seed"):
        read_scores(path)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 100.5, float("inf")])
def test_scores_are_points(scores: pd.DataFrame, tmp_path: Path, score: float) -> None:
    rows = scores.to_dict("records")
    rows[3]["score"] = score
    with pytest.raises(DataError, match=r"row 4: .* not a number of points"):
        write_scores(tmp_path / "scores.parquet", pa.Table.from_pylist(rows, schema=SCORES))


def test_what_is_not_parquet_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("arm,score\n")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_scores(tmp_path / "text.parquet")


def test_collecting_keeps_every_score_in_an_order_of_its_own(
    parts: list[Path], scores: pd.DataFrame, study: Study, tmp_path: Path
) -> None:
    collected, reversed_ = collect(parts, study), collect(parts[::-1], study)
    assert collected.schema.equals(SCORES) and collected.equals(reversed_)
    assert sorted(collected["score"].to_pylist()) == sorted(scores["score"])
    write_scores(tmp_path / "one.parquet", collected)
    write_scores(tmp_path / "two.parquet", reversed_)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_test_split_that_stands_in_for_a_missing_dev_split_is_collected(parts: list[Path]) -> None:
    assert collect(parts, load(study_config(splits=["dev"]))).num_rows > 0  # neither XQuAD nor Tatoeba has a dev split


def test_a_score_given_twice_is_refused_with_both_places(parts: list[Path], study: Study, tmp_path: Path) -> None:
    again = read_scores(parts[0]).tail(1).assign(run="another", score=1.0)
    write_scores(tmp_path / "again.parquet", as_table(again))
    last_row = len(read_scores(parts[0]))
    with pytest.raises(UserError) as caught:
        collect([*parts, tmp_path / "again.parquet"], study)
    message = str(caught.value)
    assert f"{parts[0]}, row {last_row}" in message and f"{tmp_path / 'again.parquet'}, row 1" in message
    assert "arm mnli, target tatoeba, language de, split test, metric accuracy, seed 1" in message


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("study", "other", "study 'other' is not in the study 'small_one'"),
        ("arm", "mnly", "arm 'mnly' is not in .* Did you mean 'mnli'"),
        ("target", "mlqa", "target 'mlqa'"),
        ("language", "fr", "language 'fr' is not in the study's tatoeba"),
        ("split", "dev", "split 'dev'"),
        ("seed", 7, "seed '7'"),
    ],
)
def test_scores_that_the_study_does_not_ask_for_are_refused(
    parts: list[Path], study: Study, column: str, value: Any, said: str
) -> None:
    write_scores(parts[0], as_table(read_scores(parts[0]).assign(**{column: value})))
    with pytest.raises(DataError, match=f"{parts[0]}, row 1: {said}"):
        collect(parts, study)


def test_scores_of_other_examples_are_refused(parts: list[Path], study: Study) -> None:
    write_scores(parts[0], as_table(read_scores(parts[0]).assign(n=99)))
    with pytest.raises(DataError, match=r"'de'.*cannot be compared"):
        collect(parts, study)


def test_nothing_to_collect(parts: list[Path], study: Study) -> None:
    with pytest.raises(UserError, match="no scores to collect"):
        collect([], study)


def test_files_without_rows_are_those_of_targets_without_labels(parts: list[Path], study: Study) -> None:
    kept = read_scores(parts[0])
    write_scores(parts[0], SCORES.empty_table())
    assert collect(parts, study).num_rows == collect(parts[1:], study).num_rows
    assert kept["run"].iloc[0] not in collect(parts, study)["run"].to_pylist()
    assert collect(parts[:1], study).equals(SCORES.empty_table())
