"""Dev scores: their files and their table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_study import NO_DEV, study_config

from xstilts.config.study import Study, load
from xstilts.errors import DataError, UserError
from xstilts.report.dev_table import dev_cells
from xstilts.report.tables import write_tables
from xstilts.scores.dev_scores import DEV_SCORES, collect_dev_scores, read_dev_scores, write_dev_scores
from xstilts.scores.score_files import SCORES


@pytest.fixture(scope="module")
def study() -> Study:
    return load(study_config(targets={"xquad": {"languages": ["de"]}, "bucc2018": {"languages": ["de", "fr"]}}))


def frame(*rows: tuple[str, str, str, str, str, int, float]) -> pd.DataFrame:
    """Rows (arm, stage, task, language, metric, seed, score)."""
    table = pd.DataFrame(rows, columns=["arm", "stage", "task", "language", "metric", "seed", "score"])
    return table.assign(study="small_one", model="xlmr", n=100, run="r")[DEV_SCORES.names]


@pytest.fixture(scope="module")
def dev_scores() -> pd.DataFrame:
    return frame(
        ("mnli", "intermediate", "mnli", "en", "accuracy", 1, 80.0),
        ("mnli", "intermediate", "mnli", "en", "accuracy", 2, 82.0),
        ("two_tasks", "intermediate", "mnli", "en", "accuracy", 1, 79.0),
        ("two_tasks", "intermediate", "qqp", "en", "accuracy", 1, 88.0),
        ("two_tasks", "intermediate", "qqp", "en", "f1", 1, 84.0),
        ("none", "target", "squad_v1", "en", "f1", 1, 90.0),
        ("none", "target", "squad_v1", "en", "exact_match", 1, 80.0),
        ("none", "target", "squad_v1", "en", "has_answer_f1", 1, 1.0),  # no primary metric
        ("none", "retrieval", "bucc2018", "de", "f1", 1, 70.0),
        ("none", "retrieval", "bucc2018", "fr", "f1", 1, 60.0),
    )


def stored(path: Path, rows: pd.DataFrame) -> Path:
    write_dev_scores(path, pa.Table.from_pandas(rows, schema=DEV_SCORES, preserve_index=False))
    return path


def test_collecting_keeps_every_score_whatever_the_order_of_the_files(
    dev_scores: pd.DataFrame, study: Study, tmp_path: Path
) -> None:
    parts = [stored(tmp_path / f"{arm}.parquet", rows) for arm, rows in dev_scores.groupby("arm")]
    parts.append(stored(tmp_path / "random.parquet", dev_scores.head(0)))
    collected = collect_dev_scores(parts, study)
    assert collected.equals(collect_dev_scores(parts[::-1], study)) and collected.schema.equals(DEV_SCORES)
    write_dev_scores(tmp_path / "all.parquet", collected)
    assert sorted(read_dev_scores(tmp_path / "all.parquet")["score"]) == sorted(dev_scores["score"])


def test_there_may_be_none(study: Study, tmp_path: Path) -> None:
    assert collect_dev_scores([], study).num_rows == 0
    assert collect_dev_scores([stored(tmp_path / "none.parquet", NO_DEV)], study).num_rows == 0


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("study", "other", "study 'other' is not in the study 'small_one'"),
        ("arm", "mnly", "arm 'mnly' .* Did you mean 'mnli'"),
        ("stage", "pretraining", "stage 'pretraining'"),
        ("task", "qqp", "task 'qqp' is not in the arm 'mnli' at the stage 'intermediate'"),
        ("language", "de", "language 'de' is not in the dev data of mnli"),
        ("seed", 3, "seed '3'"),
    ],
)
def test_scores_that_the_study_does_not_ask_for_are_refused(
    dev_scores: pd.DataFrame, study: Study, tmp_path: Path, column: str, value: Any, said: str
) -> None:
    part = stored(tmp_path / "part.parquet", dev_scores.head(1).assign(**{column: value}))
    with pytest.raises(DataError, match=f"part.parquet, row 1: {said}"):
        collect_dev_scores([part], study)


def test_scores_given_twice_and_of_other_examples_are_refused(
    dev_scores: pd.DataFrame, study: Study, tmp_path: Path
) -> None:
    one = stored(tmp_path / "one.parquet", dev_scores)
    again = stored(tmp_path / "two.parquet", dev_scores.head(1).assign(score=1.0))
    with pytest.raises(UserError, match="given more than once"):
        collect_dev_scores([one, again], study)
    other = stored(tmp_path / "two.parquet", dev_scores.iloc[[4]].assign(seed=2, n=50))
    with pytest.raises(DataError, match="scores 50 examples of qqp in 'en'"):
        collect_dev_scores([one, other], study)


def test_cells_are_the_headlines_of_what_was_trained(dev_scores: pd.DataFrame, study: Study) -> None:
    cells = dev_cells(dev_scores, study).set_index(["stage", "arm", "task"])
    assert tuple(cells.loc[("intermediate", "mnli", "mnli"), ["score", "seeds", "n"]]) == (81, 2, 100)
    assert cells.loc[("intermediate", "two_tasks", "qqp"), "score"] == 86
    assert cells.loc[("target", "none", "squad_v1"), "score"] == 85
    assert tuple(cells.loc[("retrieval", "none", "bucc2018"), ["score", "seeds", "n"]]) == (65, 1, 200)
    assert np.isnan(cells.loc[("target", "mnli", "squad_v1"), "score"])
    trained = [place[1:] for place in cells.index if place[0] == "intermediate"]
    assert trained == [("mnli", "mnli"), ("two_tasks", "mnli"), ("two_tasks", "qqp")]


def test_the_table_shows_that_training_has_worked(dev_scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    scores = SCORES.empty_table().to_pandas()
    write_tables(scores, dev_scores, study, tmp_path)
    text = (tmp_path / "dev.md").read_text()
    blocks = {block.splitlines()[0]: block for block in text.split("## ")[1:]}
    assert list(blocks) == [
        "xlmr, intermediate tasks after intermediate training",
        "xlmr, training sets after fine-tuning",
        "xlmr, retrieval tasks, dev data",
    ]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert ["MNLI", "81.0", ""] in lines and ["two_tasks", "79.0†", "86.0†"] in lines
    assert ["none (baseline)", "85.0†"] in lines and ["MNLI", "–"] in lines
    assert "2 seeds (1, 2)" in text and "Examples scored: MNLI 100, QQP 100, SQuAD 1.1 100, BUCC2018 200." in text
    table = pd.read_csv(tmp_path / "dev.csv")
    assert set(table["stage"]) == {"intermediate", "target", "retrieval"} and not table["synthetic"].any()


def test_a_study_without_dev_scores_has_the_table_all_the_same(study: Study, tmp_path: Path) -> None:
    scores = SCORES.empty_table().to_pandas()
    write_tables(scores, NO_DEV, study, tmp_path)
    assert "–: not scored." in (tmp_path / "dev.md").read_text()
    assert pd.read_csv(tmp_path / "dev.csv")["score"].isna().all()
