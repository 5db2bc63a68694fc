"""The sections on training and on several models."""

from __future__ import annotations

from typing import Any

import pandas as pd
from small_study import MakeScores, ScoreRow, study_config, xquad

from xstilts.config.study import Study, load
from xstilts.report.page.models import models_view
from xstilts.report.page.training import TrainingView, training_view

ARMS: dict[str, Any] = {"none": {}, "mnli": {"tasks": ["mnli"]}}


def dev(rows: list[tuple[str, str, str, int, float]]) -> pd.DataFrame:
    """Dev scores from arm, stage, task, seed and accuracy."""
    columns = ["arm", "stage", "task", "seed", "score"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(study="small_one", model="xlmr", language="en", metric="accuracy", n=100, run="a")


def study_of() -> Study:
    return load(study_config(arms=ARMS, targets={"xnli": {"languages": ["en", "de"]}}))


def record(arm: str, seed: int, score: float, chance: float = 40.0) -> dict[str, Any]:
    learnt = {"xnli": {"score": score, "chance": chance, "constant": False, "margin": 5.0}}
    return {"place": f"records/xlmr/{arm}/xnli/seed{seed}.json", "training": {"learnt": learnt}}


def shown(rows: list[tuple[str, str, str, int, float]], records: list[dict[str, Any]]) -> TrainingView:
    view = training_view(dev(rows), study_of(), records)
    assert view is not None
    return view


def test_every_training_has_a_verdict_beside_chance() -> None:
    rows = [("mnli", "intermediate", "mnli", seed, 70.0) for seed in (1, 2)]
    rows += [("none", "target", "xnli", seed, 60.0) for seed in (1, 2)]
    rows += [("mnli", "target", "xnli", seed, 34.0) for seed in (1, 2)]
    view = shown(rows, [])
    intermediate, target = view.tables
    assert [[cell.text for cell in row] for row in intermediate.rows] == [["MNLI", "MNLI", "70.0 ✓", "33.3"]]
    assert [[cell.text for cell in row] for row in target.rows] == [
        ["none (baseline)", "60.0 ✓"], ["MNLI", "34.0 ✕"], ["chance", "33.3"],
    ]  # fmt: skip
    assert not view.all_learnt and target.rows[1][1].tone == "lacking" and target.rows[0][1].tone == ""
    assert view.summary == (
        "Not everywhere: 2 of 3 trainings (arm and task) end above chance. At chance in some seeds or all: XNLI after "
        "MNLI."
    )


def test_records_decide_where_there_are_any() -> None:
    rows = [("none", "target", "xnli", seed, 43.0) for seed in (1, 2)]
    table = shown(rows, [record("none", seed, 43.0) for seed in (1, 2)]).tables[0]
    assert (table.rows[0][1].text, table.rows[-1][1].text) == ("43.0 ✕", "40.0"), "chance is that of the dev data"
    assert shown(rows, [record("none", 1, 43.0), record("none", 2, 60.0)]).tables[0].rows[0][1].text == "43.0 ±"
    view = shown(rows, [record("none", seed, 60.0) for seed in (1, 2)])
    assert view.all_learnt and view.summary == "Yes: 1 of 1 training (arm and task) end above chance."


def test_no_dev_scores() -> None:
    assert training_view(dev([]), study_of(), []) is None


def test_models_are_compared_on_the_targets_that_all_have(make_scores: MakeScores) -> None:
    models = {"xlmr": {"path": "models/xlmr"}, "mbert": {"path": "models/mbert"}}
    languages = {"languages": ["en", "de"]}
    study = load(study_config(arms=ARMS, models=models, targets={"xnli": languages, "xquad": languages}))
    rows: list[ScoreRow] = [row for seed in (1, 2) for arm, de in (("none", 50.0), ("mnli", 52.0))
                            for row in xquad(arm, seed, (70, 70), (de, de))]  # fmt: skip
    rows += [(arm, "xnli", code, "accuracy", seed, 60.0) for arm in ARMS for code in ("en", "de") for seed in (1, 2)]
    first = make_scores(rows)
    second = first[first["target"] == "xquad"].assign(model="mbert")
    second.loc[second["arm"] == "mnli", "score"] -= 6.0
    found = models_view(pd.concat([first, second], ignore_index=True), study)
    assert found is not None
    text, table = found
    assert (
        text == "The two models agree on whether an arm helps in 0 of 1 arm; they differ most on MNLI, by 6.0 points."
    )
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["none (baseline), points", "50.0", "50.0"], ["MNLI", "+2.0 (+2.0 to +2.0)", "−4.0 (−4.0 to −4.0)"],
    ]  # fmt: skip
    assert "Averaged over XQuAD" in table.notes[0]


def test_one_model_is_compared_with_none(make_scores: MakeScores) -> None:
    study = load(study_config(arms=ARMS))
    assert models_view(make_scores(xquad("none", 1, (1, 1), (1, 1))), study) is None
