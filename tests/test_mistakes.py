"""Predictions beside their texts, mistakes, confusions, and the notebook of the documentation that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from finished_study import write_finished
from workspace import REPOSITORY

import xstilts
from xstilts.errors import DataError, UserError
from xstilts.graph.paths import Paths
from xstilts.results import StudyResults
from xstilts.scores.score_files import SCORES, read_scores, write_predictions, write_scores

NOTEBOOK = REPOSITORY / "docs" / "notebooks" / "errors.ipynb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_finished(tmp_path / "results" / "my_study")
    return tmp_path


@pytest.fixture
def results(folder: Path) -> StudyResults:
    return xstilts.load_results(folder / "results" / "my_study")


class TestText:
    @pytest.mark.parametrize(
        ("target", "example", "expected"),
        [
            ("xnli", "n2", {"premise": "It rained.", "hypothesis": "It was dry."}),
            ("udpos", "u1", {"tokens": ["They", "can", "fish"]}),
            ("xquad", "q1", {"context": "Ada came.", "question": "Who came?"}),
            ("tatoeba", "s1", {"text": "Good night."}),
        ],
    )
    def test_is_that_of_the_example(
        self, results: StudyResults, target: str, example: str, expected: dict[str, Any]
    ) -> None:
        plain = results.predictions(target, "de")
        found = results.predictions(target, "de", text=True)
        pd.testing.assert_frame_equal(found[plain.columns], plain)
        assert found.columns.tolist() == [*plain.columns, *found.columns[len(plain.columns) :]]
        for _, row in found[found["example"] == example].iterrows():
            assert {name: row[name] for name in expected} == expected

    def test_of_all_targets_has_the_columns_of_each(self, results: StudyResults) -> None:
        found = results.predictions(text=True)
        assert len(found) == len(results.predictions())
        assert found.loc[found["target"] == "xnli", "question"].isna().all()
        assert found.loc[found["target"] == "xquad", "question"].notna().all()

    def test_examples_that_are_gone_are_named(self, folder: Path, results: StudyResults) -> None:
        Paths(folder / "results" / "my_study").examples("xnli", "test", "de").unlink()
        with pytest.raises(DataError, match=r"xnli/test\.de\.parquet: no such file"):
            results.predictions("xnli", text=True)
        assert len(results.predictions("xnli")) == 8


class TestMistakes:
    def test_only_what_is_wrong_the_worst_first(self, results: StudyResults) -> None:
        found = results.mistakes("xnli")
        assert set(zip(found["arm"], found["example"], strict=True)) == {
            ("none", "n2"), ("none", "n3"), ("none", "n4"), ("mnli", "n4"),
        }  # fmt: skip
        assert found["premise"].notna().all()

    def test_questions_are_in_the_order_of_their_f1(self, results: StudyResults) -> None:
        found = results.mistakes("xquad", arm="none")
        assert found["example"].tolist() == ["q1", "q2"]
        assert found["f1"].tolist() == pytest.approx([0, 200 / 3])

    def test_words_with_another_tag_are_named(self, results: StudyResults) -> None:
        found = results.mistakes("udpos", "de")
        assert found["arm"].tolist() == ["none", "mnli"]
        assert found["differences"].tolist() == ["can: AUX → VERB; fish: VERB → NOUN", "fish: VERB → NOUN"]

    def test_without_scores_of_examples_answers_are_compared(self, folder: Path) -> None:
        path = Paths(folder / "results" / "my_study").part("predictions", "xlmr", "mnli", "retrieval", 1)
        table = pq.read_table(path)
        unscored = pa.array([None], pa.float64())
        write_predictions(path, table.set_column(table.column_names.index("score"), "score", unscored))
        found = xstilts.load_results(folder / "results" / "my_study").mistakes("tatoeba")
        assert found[["arm", "prediction", "text"]].values.tolist() == [["mnli", "s1", "Good night."]]

    def test_runs_that_have_not_learnt_are_left_out(self, folder: Path) -> None:
        paths = Paths(folder / "results" / "my_study")
        scores = read_scores(paths.scores)
        scores.loc[(scores["arm"] == "none") & (scores["target"] == "xnli"), "flag"] = "not learnt: guesses"
        write_scores(paths.scores, pa.Table.from_pandas(scores, schema=SCORES, preserve_index=False))
        found = xstilts.load_results(paths.root)
        assert set(found.mistakes("xnli")["arm"]) == {"mnli"}
        with pytest.raises(UserError, match=r"No run of 'none' on xnli has learnt its task: see results\.missing"):
            found.confusions("xnli", arm="none")


class TestConfusions:
    def test_labels(self, results: StudyResults) -> None:
        found = results.confusions("xnli")
        assert found.values.tolist() == [
            ["none", "neutral", "entailment", 2, 100.0],
            ["mnli", "neutral", "contradiction", 1, 50.0],
            ["none", "contradiction", "neutral", 1, 100.0],
        ]

    def test_words(self, results: StudyResults) -> None:
        found = results.confusions("udpos", arm="none").set_index(["gold", "prediction"])
        assert found["count"].to_dict() == {("AUX", "VERB"): 1, ("VERB", "NOUN"): 1}
        assert found.loc[("VERB", "NOUN"), "share"] == 50

    def test_table_is_in_the_order_of_the_task(self, results: StudyResults) -> None:
        table = results.confusion_table("xnli", "none")
        assert table.index.tolist() == table.columns.tolist() == ["entailment", "neutral", "contradiction"]
        assert table.to_numpy().tolist() == [[1, 0, 0], [2, 0, 0], [0, 1, 0]]

    def test_of_answers_there_are_none(self, results: StudyResults) -> None:
        with pytest.raises(UserError, match=r"XQuAD has no labels to confuse.*results\.mistakes\('xquad'\)"):
            results.confusions("xquad")

    def test_of_what_the_study_has_not(self, results: StudyResults) -> None:
        with pytest.raises(UserError, match="Did you mean 'xnli'"):
            results.confusions("xnil")


def test_the_notebook_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells), "clear all outputs"
    names: dict[str, Any] = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    assert set(names["hard"]["example"]) == {"n4"}
    assert names["lost"]["example"].tolist() == []
    assert names["worst"]["f1"].is_monotonic_increasing


def test_the_notebook_is_one() -> None:
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))
