"""The run ledger."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from small_study import NO_DEV, study_config

from xstilts.config.study import Study, load
from xstilts.report.ledger_table import COLUMNS, ledger_page, ledger_rows
from xstilts.report.typeset import markdown
from xstilts.scores.score_files import SCORES

NO_SCORES: pd.DataFrame = SCORES.empty_table().to_pandas()


def record(place: str, seconds: Any = 1800.0, device: str = "CPU") -> dict[str, Any]:
    return {"place": place, "seconds": seconds, "hardware": {"device": device, "precision": "float32"}}


def row(rows: pd.DataFrame, arm: str, job: str) -> dict[str, Any]:
    (found,) = rows[(rows["arm"] == arm) & (rows["job"] == job)].to_dict("records")
    return dict(found)


def test_runs_with_scores_are_done_although_no_record_is_at_hand(scores: pd.DataFrame, study: Study) -> None:
    rows = ledger_rows(scores, NO_DEV, [], study)
    assert list(rows.columns) == COLUMNS
    tuned = row(rows, "two_tasks", "finetune")
    assert (tuned["what"], tuned["planned"], tuned["done"], tuned["missing"]) == ("squad_v1", 2, 2, 0)
    assert (tuned["evaluations"], tuned["scored"]) == (2, 1), "one seed lacks German"
    lost = row(rows, "random", "retrieval")
    assert (lost["done"], lost["missing"], lost["seeds"], lost["scored"]) == (0, 2, "", 0)
    assert rows["hours"].isna().all() and not rows["recorded"].any()
    assert "have no time on record" in markdown(ledger_page(rows, study))


def test_records_give_hours_seeds_and_devices(study: Study) -> None:
    records = [
        record("records/xlmr/mnli/squad_v1/seed1.json"),
        record("records/xlmr/mnli/squad_v1/seed2.json", 5400, "GPU"),
        record("encoders/xlmr/mnli/seed2/record.json", 36),
        record("records/xlmr/mnli/squad_v1/seed9.json"),  # no seed of the study
        record("records/elsewhere.json"),
    ]
    rows = ledger_rows(NO_SCORES, NO_DEV, records, study)
    tuned = row(rows, "mnli", "finetune")
    assert (tuned["done"], tuned["seeds"], tuned["hours"]) == (2, "1 2", 2.0)
    assert tuned["devices"] == "CPU float32; GPU float32"
    trained = row(rows, "mnli", "intermediate")
    assert (trained["planned"], trained["done"], trained["seeds"], trained["hours"]) == (2, 1, "2", 0.01)
    assert rows["done"].sum() == 3
    text = markdown(ledger_page(rows, study))
    assert "on CPU float32; GPU float32" in text and "2 h" in text and "failed or was not started" in text


def test_the_baseline_is_not_trained_and_pretraining_has_no_seed(study: Study) -> None:
    assert set(ledger_rows(NO_SCORES, NO_DEV, [], study)["job"]) == {"finetune", "retrieval", "intermediate"}
    shape = {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward_size": 8, "max_length": 128}
    own = load(
        study_config(models={"tiny": {"architecture": {**shape, "vocabulary_size": 300}}}, retrieval={"layer": 1})
    )
    rows = ledger_rows(NO_SCORES, NO_DEV, [record("encoders/tiny/pretrained/record.json", 60)], own)
    first = rows.iloc[0]
    assert (first["job"], first["arm"], first["planned"], first["done"], first["seeds"]) == ("pretrain", "", 1, 1, "")
    assert not ((rows["arm"] == "none") & (rows["job"] == "intermediate")).any()
    assert "before all arms" in markdown(ledger_page(rows, own))


@pytest.mark.parametrize("seconds", [None, "long", float("nan"), -1])
def test_a_record_without_a_time_is_a_done_run_without_hours(seconds: object, study: Study) -> None:
    broken = {"place": "records/xlmr/none/squad_v1/seed1.json", "seconds": seconds, "hardware": None}
    found = row(ledger_rows(NO_SCORES, NO_DEV, [broken, {}], study), "none", "finetune")
    assert (found["done"], found["recorded"], found["devices"]) == (1, 0, "") and pd.isna(found["hours"])


def test_the_last_row_sums_all_arms(scores: pd.DataFrame, study: Study) -> None:
    rows = ledger_rows(scores, NO_DEV, [], study)
    (block,) = ledger_page(rows, study).blocks
    last = block.rows[-1]
    assert last is not None and last[0] == "all"
    planned = [int(line[3]) for line in block.rows[:-1] if line is not None]
    assert int(last[3]) == sum(planned) == 22, "of 4 arms, 2 jobs and 2 seeds, and the 3 arms' own"
