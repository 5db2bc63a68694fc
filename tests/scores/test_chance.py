"""The score of guessing, by task, and beside every table of scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_study import NO_DEV, MakeScores, study_config

from xstilts.config.study import load
from xstilts.report.tables import write_tables
from xstilts.scores.chance import chance
from xstilts.tasks.registry import TASKS


@pytest.mark.parametrize(
    ("task", "points"),
    [("xnli", 100 / 3), ("pawsx", 50), ("hellaswag", 25), ("commonsenseqa", 20), ("squad_v1", 0), ("panx", 0),
     ("udpos", 0), ("tatoeba", 0), ("bucc2018", 0)],
)  # fmt: skip
def test_guessing_is_one_in_the_number_of_options(task: str, points: float) -> None:
    assert chance(TASKS[task]) == pytest.approx(points)


def test_every_table_of_scores_has_chance_beside_it(make_scores: MakeScores, tmp_path: Path) -> None:
    study = load(study_config(targets={"xnli": {"languages": ["en", "de"]}, "pawsx": {"languages": ["en", "de"]}}))
    scores = make_scores(
        (arm, target, language, "accuracy", seed, 60.0)
        for arm in ("none", "mnli", "two_tasks")
        for target in ("xnli", "pawsx")
        for language in ("en", "de")
        for seed in (1, 2)
    )
    write_tables(scores, NO_DEV, study, tmp_path)
    rows = {
        name: [line for line in (tmp_path / f"{name}.md").read_text().splitlines() if line.startswith("| chance")]
        for name in ("main", "groups", "xnli", "languages", "dev")
    }
    values = {name: [cell.strip() for cell in lines[-1].strip("|").split("|")][1:] for name, lines in rows.items()}
    assert values["main"] == ["33.3", "50.0", "41.7"]
    assert values["groups"] == ["41.7", "41.7"]
    assert set(values["xnli"]) == {"33.3"} and set(values["languages"]) == {"41.7"}
    assert "33.3" in values["dev"]
    for name in ("main", "groups", "xnli", "languages", "dev"):
        assert pd.read_csv(tmp_path / f"{name}.csv")["chance"].notna().all()
