"""Runs that have not learnt their training set are flagged, and excluded everywhere."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from small_study import NO_DEV

from xstilts.config.study import Study
from xstilts.graph.runs import Job
from xstilts.report.ledger_table import ledger_page, ledger_rows
from xstilts.report.tables import write_tables
from xstilts.report.typeset import markdown
from xstilts.scores.flags import (
    collapse_flags,
    flagged_jobs,
    usable,
    usable_dev,
    with_flags,
    without_collapsed,
)
from xstilts.scores.gains import language_cells, task_cells
from xstilts.scores.score_files import SCORES, collect, read_scores, write_scores

FLAG = "collapsed: 33.3 on English dev, at chance, where other seeds reach 78.2"
MNLI: Job = ("xlmr", "mnli", "squad_v1", 2)


def record(score: float, constant: bool = False, task: str = "xnli") -> dict[str, object]:
    learnt = {"score": score, "chance": 33.3, "constant": constant, "margin": 2.0}
    return {"training": {"steps": 9, "learnt": {task: learnt}}}


def flags_of(*scores: float, model: str = "xlmr") -> dict[int, str]:
    """By seed, from 1."""
    records = {(model, "mnli", "xnli", seed): record(score) for seed, score in enumerate(scores, 1)}
    return {job[3]: flag for job, flag in collapse_flags(records).items()}


class TestFlags:
    def test_a_run_at_chance_beside_one_that_has_learnt(self) -> None:
        assert flags_of(78.2, 33.3) == {2: FLAG}
        assert flags_of(78.2, 33.3, 80.04)[2].endswith("where other seeds reach 78.2 to 80.0")

    def test_where_no_seed_has_learnt_all_are_flagged_as_not_learnt(self) -> None:
        flags = flags_of(33.5, 34.0, 31.0)
        assert flags[1] == "not learnt: 33.5 on English dev, at chance, like all 3 seeds (chance is 33.3)"
        assert flags.keys() == {1, 2, 3} and flags[3].startswith("not learnt: 31.0")
        assert flags_of(33.5) == {1: "not learnt: 33.5 on English dev, at chance (chance is 33.3)"}

    def test_other_arms_models_and_training_sets_do_not_count(self) -> None:
        records = {
            ("xlmr", "mnli", "xnli", 1): record(33.3),
            ("xlmr", "qqp", "xnli", 2): record(78.2),
            ("other", "mnli", "xnli", 2): record(78.2),
            ("xlmr", "mnli", "pawsx", 2): {
                "training": {"learnt": {"pawsx": record(78.2)["training"]["learnt"]["xnli"]}}
            },
        }
        flags = collapse_flags(records)
        assert flags.keys() == {("xlmr", "mnli", "xnli", 1)} and flags["xlmr", "mnli", "xnli", 1].startswith(
            "not learnt"
        )

    def test_constant_predictions(self) -> None:
        records = {("m", "a", "xnli", 1): record(40, constant=True), ("m", "a", "xnli", 2): record(78.2)}
        assert "the same answer to every example" in collapse_flags(records)["m", "a", "xnli", 1]

    def test_jobs_that_train_nothing_and_old_records_have_none(self) -> None:
        assert collapse_flags({("m", "a", "retrieval", 1): {"training": None}, ("m", "a", "xnli", 1): {}}) == {}


@pytest.fixture
def flagged(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    return with_flags(scores, {MNLI: FLAG}, study)


def test_a_flag_is_on_all_that_the_job_has_scored_and_on_nothing_else(flagged: pd.DataFrame, study: Study) -> None:
    assert flagged_jobs(flagged, study) == {MNLI: FLAG}
    own = flagged[flagged["flag"].notna()]
    assert set(own["target"]) == {"xquad"} and set(own["seed"]) == {2} and len(own) == 4
    assert len(usable(flagged)) == len(flagged) - 4


def test_collecting_sets_flags_and_reading_again_keeps_them(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    part, path = tmp_path / "part.parquet", tmp_path / "scores.parquet"
    write_scores(part, pa.Table.from_pandas(scores, schema=SCORES, preserve_index=False))
    write_scores(path, collect([part], study, {MNLI: FLAG}))
    assert flagged_jobs(read_scores(path), study) == {MNLI: FLAG}
    assert flagged_jobs(collect([path], study).to_pandas(), study) == {MNLI: FLAG}
    assert flagged_jobs(collect([path], study, {}).to_pandas(), study) == {}


def test_means_are_over_the_seeds_that_are_left(flagged: pd.DataFrame, study: Study) -> None:
    cells = task_cells(usable(flagged), study).set_index(["arm", "target"])
    assert tuple(cells.loc[("mnli", "xquad"), ["score", "seeds", "gain_seeds"]]) == (67, 1, 1)
    assert cells.loc[("mnli", "tatoeba"), "seeds"] == 2


def test_dev_scores_of_flagged_jobs_go_too() -> None:
    row = {"study": "small_one", "model": "xlmr", "arm": "mnli", "language": "en", "metric": "f1", "n": 9, "run": "r"}
    rows = [
        {**row, "stage": stage, "task": task, "seed": seed, "score": 50.0}
        for stage, task in (("target", "squad_v1"), ("intermediate", "squad_v1"), ("intermediate", "mnli"))
        for seed in (1, 2)
    ]
    left = usable_dev(pd.DataFrame(rows)[NO_DEV.columns], {MNLI: FLAG})
    places = set(left[["stage", "task", "seed"]].itertuples(index=False, name=None))
    assert len(left) == 5 and ("target", "squad_v1", 2) not in places
    assert usable_dev(NO_DEV, {MNLI: FLAG}).empty


def test_the_ledger_and_the_tables_say_what_is_left_out(flagged: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    rows = ledger_rows(usable(flagged), NO_DEV, [], study, flagged[flagged["flag"].notna()])
    (row,) = rows[(rows["arm"] == "mnli") & (rows["job"] == "finetune")].to_dict("records")
    assert row["flagged"] == f"seed 2, XQuAD 60.4 ({FLAG})"
    assert (row["done"], row["scored"], row["evaluations"]) == (2, 1, 2)
    assert f"MNLI on SQuAD 1.1: seed 2, XQuAD 60.4 ({FLAG})" in markdown(ledger_page(rows, study))
    write_tables(flagged, NO_DEV, study, tmp_path)
    assert FLAG in (tmp_path / "ledger.csv").read_text() and FLAG in (tmp_path / "ledger.md").read_text()
    main = pd.read_csv(tmp_path / "main.csv").set_index(["arm", "target"])
    assert main.loc[("mnli", "xquad"), "score"] == 67 and main.loc[("mnli", "xquad"), "seeds"] == 1


UNLEARNT_FLAG = "not learnt: 33.5 on English dev, at chance, like all 2 seeds (chance is 33.3)"


def test_a_cell_that_no_seed_has_learnt_is_marked_and_in_no_mean(
    scores: pd.DataFrame, study: Study, tmp_path: Path
) -> None:
    jobs = {Job("xlmr", "mnli", "squad_v1", seed): UNLEARNT_FLAG for seed in (1, 2)}
    write_tables(with_flags(scores, jobs, study), NO_DEV, study, tmp_path)
    main = pd.read_csv(tmp_path / "main.csv").set_index(["arm", "target"])
    assert main.loc[("mnli", "xquad"), ["score", "gain"]].isna().all()
    assert main.loc[("mnli", "average"), ["score", "gain"]].isna().all()
    assert tuple(main.loc[("mnli", "xquad"), ["seeds", "flagged"]]) == (0, 2)
    assert main.loc[("mnli", "tatoeba"), "gain"] == 23.5
    text = (tmp_path / "main.md").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith("| MNLI"))
    assert [cell.strip(" *") for cell in row.strip("|").split("|")] == ["MNLI", "×", "+23.5", "–"]
    assert "×: no seed has learnt its training set" in text
    for name in ("xquad", "languages"):
        assert "×" in (tmp_path / f"{name}.md").read_text()
    assert "XQuAD 67.0 (not learnt: 33.5 on English dev" in (tmp_path / "ledger.md").read_text()


def test_a_language_that_was_never_scored_is_missing_and_not_unlearnt(scores: pd.DataFrame, study: Study) -> None:
    jobs = {Job("xlmr", "mnli", "squad_v1", seed): UNLEARNT_FLAG for seed in (1, 2)}
    unscored = sorted(study.languages("xquad"))[0]
    rest = scores[(scores["target"] != "xquad") | (scores["language"] != unscored)]
    cells = language_cells(with_flags(rest, jobs, study), study)["xquad"]
    of_arm = cells[cells["arm"] == "mnli"].set_index("language")["flagged"]
    assert of_arm[unscored] == 0 and of_arm[of_arm.index != unscored].eq(2).all()


def test_an_unlearnt_baseline_takes_the_gains_of_its_target_with_it(scores: pd.DataFrame, study: Study) -> None:
    jobs = {Job("xlmr", "none", "squad_v1", seed): UNLEARNT_FLAG for seed in (1, 2)}
    cells = task_cells(with_flags(scores, jobs, study), study).set_index(["arm", "target"])
    assert pd.isna(cells.loc[("none", "xquad"), "score"]) and cells.loc[("mnli", "xquad"), "score"] > 60
    assert pd.isna(cells.loc[("mnli", "xquad"), "gain"])


def test_submissions_leave_out_collapsed_runs_and_keep_those_of_arms_that_have_not_learnt(
    scores: pd.DataFrame, study: Study
) -> None:
    unlearnt = {Job("xlmr", "two_tasks", "squad_v1", seed): UNLEARNT_FLAG for seed in (1, 2)}
    every = with_flags(scores, {MNLI: FLAG, **unlearnt}, study)
    left, dev = without_collapsed(every, NO_DEV, study)
    assert len(every) - len(left) == 4 and dev.empty
    assert set(left.loc[left["arm"] == "two_tasks", "seed"]) == {1, 2}
    assert set(left.loc[(left["arm"] == "mnli") & (left["target"] == "xquad"), "seed"]) == {1}
