"""Intervals of gains and tests of cells against numbers worked by hand, loops, and the tables' own arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from at_random import complete
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import Row, predictions_of, scores_of, study_of
from statsmodels.stats.multitest import multipletests

from xstilts.analysis.effects import cell_tests, effects
from xstilts.analysis.gains import CELL, gains, missing_cells
from xstilts.config.study import Study
from xstilts.graph.paths import Paths
from xstilts.scores.gains import language_cells
from xstilts.scores.score_files import write_predictions


def row_of(frame: pd.DataFrame, **where: object) -> pd.Series:
    found = frame[np.logical_and.reduce([frame[column] == value for column, value in where.items()])]
    assert len(found) == 1
    return found.iloc[0]


class TestEffects:
    @settings(deadline=None, max_examples=10)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 0.97, 0.8]))
    def test_they_are_the_gains_of_the_tables(self, draw: int, kept: float) -> None:
        rng = np.random.default_rng(draw)
        study, scores = study_of(), scores_of(row for row in complete(draw) if rng.random() < kept)
        tables = pd.concat(language_cells(scores, study).values())
        both = effects(scores, study).merge(tables, on=CELL, suffixes=("", "_table"))
        assert len(both) == 3 * (3 + 3 + 2)
        np.testing.assert_allclose(both["gain"], both["gain_table"], rtol=0, atol=1e-9)
        assert (both["seeds"] == both["gain_seeds"]).all()

    def test_english_stands_apart_where_the_target_has_it(self) -> None:
        found = effects(scores_of(complete()), study_of())
        parts = {target: list(rows["language"].unique()) for target, rows in found.groupby("target")}
        assert parts == {
            "xnli": ["mean", "en", "zero-shot"],
            "udpos": ["mean", "en", "zero-shot"],
            "tatoeba": ["mean", "zero-shot"],
        }
        assert row_of(found, arm="mnli", target="xnli", language="zero-shot")["languages"] == 2

    def test_the_interval_is_that_of_drawing_seeds_and_languages_one_by_one(self) -> None:
        languages, seeds = ("ar", "bg", "de", "el", "es", "fr", "hi"), (1, 2, 3, 4)
        study = study_of(targets={"xnli": {"languages": list(languages)}}, seeds=list(seeds))
        matrix = np.random.default_rng(3).normal(2, 5, (len(seeds), len(languages)))
        rows: list[Row] = [
            (arm, "xnli", language, "accuracy", seed, 50 + matrix[i, j] * (arm == "mnli"))
            for i, seed in enumerate(seeds)
            for j, language in enumerate(languages)
            for arm in ("none", "mnli")
        ]
        found = row_of(effects(scores_of(rows), study), arm="mnli", language="zero-shot")
        rng, draws = np.random.default_rng(8), []
        for _ in range(4000):
            drawn = rng.integers(0, 4, 4), rng.integers(0, 7, 7)
            draws.append(np.mean([matrix[seed, language] for seed in drawn[0] for language in drawn[1]]))
        assert found["gain"] == pytest.approx(matrix.mean())
        assert [found["low"], found["high"]] == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist(), abs=0.4)

    def test_constant_gains_have_an_interval_without_width(self) -> None:
        rows = [(arm, *rest, 50.0 + 2 * (arm == "mnli")) for arm, *rest, _ in complete()]
        found = row_of(effects(scores_of(rows), study_of()), arm="mnli", target="xnli", language="mean")
        assert (found["gain"], found["low"], found["high"], found["note"]) == (2, 2, 2, "")

    def test_one_seed_or_one_language_is_said(self) -> None:
        rows = [row for row in complete() if row[4] == 1]
        found = effects(scores_of(rows), study_of(seeds=[1])).query("arm == 'mnli' and target == 'xnli'")
        assert list(found["note"]) == [
            "one seed: the interval is over languages alone",
            "one seed and one language: no interval",
            "one seed: the interval is over languages alone",
        ]
        assert list(found["low"].isna()) == [False, True, False]
        two = effects(scores_of(complete()), study_of())
        english = row_of(two, arm="mnli", target="xnli", language="en")
        assert english["note"] == "one language: the interval is over seeds alone" and english["low"] < english["high"]

    def test_a_seed_that_lacks_a_language_does_not_count(self) -> None:
        rows = [row for row in complete() if row[:3] != ("mnli", "xnli", "sw") or row[4] != 2]
        found = effects(scores_of(rows), study_of())
        of_mnli = row_of(found, arm="mnli", target="xnli", language="mean")
        assert (of_mnli["seeds"], of_mnli["languages"]) == (1, 3) and of_mnli["note"].startswith(
            "1 of 2 seeds; one seed"
        )
        assert row_of(found, arm="mnli", target="xnli", language="en")["seeds"] == 2

    def test_nothing_scored_gives_rows_that_say_so(self) -> None:
        found = effects(scores_of([]), study_of())
        assert len(found) == 3 * 8 and found["gain"].isna().all()
        assert set(found["note"]) == {"no seed has a gain in every language"}

    def test_a_study_of_the_baseline_alone_has_no_rows(self, tmp_path: Path) -> None:
        study, scores = study_of(arms={"none": {}}), scores_of(row for row in complete() if row[0] == "none")
        assert [len(frame(scores, study)) for frame in (gains, missing_cells, effects)] == [0, 0, 0]
        assert cell_tests([tmp_path / "xlmr/none/xnli/seed1.parquet"], study, scores).empty


class TestCellTests:
    """Predictions of XNLI in German, mostly; ten examples."""

    BASELINE = (100.0,) * 5 + (0.0,) * 5
    BETTER = (100.0,) * 9 + (0.0,)

    @pytest.fixture
    def paths(self, tmp_path: Path) -> Paths:
        return Paths(tmp_path)

    def write(self, paths: Paths, arm: str, *cells: pa.Table, seed: int = 1, evaluation: str = "xnli") -> None:
        write_predictions(paths.part("predictions", "xlmr", arm, evaluation, seed), pa.concat_tables(cells))

    def found(self, paths: Paths, study: Study | None = None) -> pd.DataFrame:
        return cell_tests(sorted(paths.root.rglob("*.parquet")), study or study_of(), scores_of(complete()))

    def test_the_same_examples_are_compared(self, paths: Paths) -> None:
        self.write(paths, "none", predictions_of("xnli", "de", self.BASELINE))
        shuffled = [9, 3, 1, 0, 2, 4, 5, 6, 7, 8]
        points = [self.BETTER[place] for place in shuffled]
        self.write(paths, "mnli", predictions_of("xnli", "de", points, list(map(str, shuffled))))
        found = row_of(self.found(paths), arm="mnli", target="xnli", language="de")
        # four examples differ, all of them the same way: 2 of 16 assignments of signs are as far from 0
        assert (found["difference"], found["p"], found["n"], found["seeds"]) == (40, 0.125, 10, 1)
        assert found["low"] == pytest.approx(40 - 2.262157 * 100 * np.sqrt(0.24 / 9))
        assert found["measure"] == "accuracy" and found["reason"] == ""

    def test_every_cell_of_the_study_has_a_row(self, paths: Paths) -> None:
        self.write(paths, "none", predictions_of("xnli", "de", self.BASELINE))
        self.write(paths, "mnli", predictions_of("xnli", "de", self.BETTER))
        found = self.found(paths)
        assert len(found) == 3 * 6 and found["p"].notna().sum() == 1
        assert set(found["reason"]) == {"", "no predictions of the arm and the baseline with the same seed"}
        assert found["gain"].notna().all()

    def test_an_example_counts_once_at_its_mean_over_the_seeds_of_both_arms(self, paths: Paths) -> None:
        self.write(paths, "none", predictions_of("xnli", "de", [0.0, 0, 0, 0]))
        self.write(paths, "none", predictions_of("xnli", "de", [0.0, 0, 100, 100]), seed=2)
        self.write(paths, "mnli", predictions_of("xnli", "de", [100.0, 100, 0, 0]))
        self.write(paths, "mnli", predictions_of("xnli", "de", [100.0, 0, 100, 0], list("0132")), seed=2)
        self.write(paths, "mnli", predictions_of("xnli", "de", [100.0] * 4), seed=3)
        found = row_of(self.found(paths, study_of(seeds=[1, 2, 3])), arm="mnli", target="xnli", language="de")
        # seed 1: 100 100 0 0; seed 2: 100 0 -100 0 by id; means: 100, 50, -50, 0
        assert (found["difference"], found["n"], found["seeds"]) == (25, 4, 2)
        assert found["p"] == 6 / 8  # of the eight sums ±100 ±50 ±50, two are 0

    def test_what_cannot_be_compared_has_a_reason(self, paths: Paths) -> None:
        cells = [predictions_of("xnli", language, self.BASELINE) for language in ("de", "en", "sw")]
        self.write(paths, "none", cells[0], cells[1])
        self.write(
            paths,
            "mnli",
            predictions_of("xnli", "de", self.BETTER, list("abcdefghij")),
            predictions_of("xnli", "en", [None] * 10, gold=[None] * 10),
            cells[2],
        )
        found = self.found(paths).query("arm == 'mnli' and target == 'xnli'").set_index("language")
        assert found["reason"].to_dict() == {
            "de": "the predictions are not for the same examples",
            "en": "the release has no gold answers",
            "sw": "no predictions of the baseline",
        }
        assert found[["difference", "p", "p_adjusted"]].isna().all(axis=None)

    def test_of_tagging_it_is_the_share_of_tags_and_of_mining_the_f1(self, paths: Paths) -> None:
        study = study_of(targets={"udpos": {"languages": ["de"]}, "bucc2018": {"languages": ["de"]}})
        nothing: list[float | None] = [None] * 4
        gold = ["a b", "c", "", ""]
        for arm, predictions in (("none", ["a", "c", "d", ""]), ("mnli", ["b a", "c", "", "e"])):
            mined = predictions_of("bucc2018", "de", nothing, predictions=predictions, gold=gold)
            self.write(paths, arm, mined, evaluation="retrieval")
            tagged = predictions_of("udpos", "de", [50.0 + 10 * (arm == "mnli"), 100.0])
            self.write(paths, arm, tagged, evaluation="udpos")
        found = self.found(paths, study).query("arm == 'mnli'").set_index("target")
        assert found.loc["udpos", "measure"] == "share of a sentence's tags"
        assert found.loc["udpos", "difference"] == 5
        assert found.loc["bucc2018", "measure"] == "F1"
        # pairs: 2 of 3 predicted and 3 gold are right, then 3 of 4 and 3
        assert found.loc["bucc2018", "difference"] == pytest.approx(600 / 7 - 400 / 6)

    def test_p_is_adjusted_over_the_study_and_controls_apart(self, paths: Paths) -> None:
        rng = np.random.default_rng(0)
        for arm in ("none", "mnli", "qqp", "random"):
            cells = [predictions_of("xnli", code, 100.0 * (rng.random(60) < 0.6)) for code in ("de", "en", "sw")]
            self.write(paths, arm, *cells)
        found = self.found(paths).dropna(subset="p")
        control = found["arm"] == "random"
        for family in (found[control], found[~control]):
            expected = multipletests(family["p"], method="fdr_bh")[1]
            np.testing.assert_allclose(family["p_adjusted"], expected)

    def test_a_split_that_the_study_does_not_score_is_left_out(self, paths: Paths) -> None:
        for arm, points in (("none", self.BASELINE), ("mnli", self.BETTER)):
            table = predictions_of("xnli", "de", points)
            dev = table.set_column(2, table.schema.field("split"), pa.array(["dev"] * len(table)))
            self.write(paths, arm, dev)
        assert self.found(paths)["p"].isna().all()


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    """Means of nothing and divisions by 0 are to be dealt with, not warned about."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
