"""Scored and missing cells with reasons, and gathering a report's content from a study's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from small_study import study_config

from xstilts.config.study import Study, load
from xstilts.graph.failures import unfinished
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.report.coverage import condensed_rows, evaluation_counts, missing_scores
from xstilts.report.page import gather_content
from xstilts.report.page.page import render
from xstilts.scores.score_files import SCORES, write_scores


@pytest.fixture
def runs(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)
    return Runs(study)


def test_progress_counts_evaluations(scores: pd.DataFrame, study: Study) -> None:
    counts = evaluation_counts(scores, study).set_index(["arm", "target"])[["planned", "done", "partly"]]
    assert tuple(counts.loc[("mnli", "xquad")]) == (2, 2, 0)
    assert tuple(counts.loc[("two_tasks", "xquad")]) == (2, 1, 1)
    assert tuple(counts.loc[("random", "tatoeba")]) == (2, 0, 0)


def test_a_missing_metric_is_a_missing_cell(scores: pd.DataFrame, study: Study) -> None:
    german = (
        (scores["arm"] == "mnli") & (scores["language"] == "de") & (scores["metric"] == "f1") & (scores["seed"] == 1)
    )
    missing = missing_scores(scores[~german], study, {})
    assert ("mnli", "xquad", 1, ("de",)) in set(
        missing[["arm", "target", "seed", "languages"]].itertuples(index=False, name=None)
    )


def test_reasons_tell_unfinished_jobs_from_removed_labels(scores: pd.DataFrame, study: Study) -> None:
    unscored = scores[(scores["target"] != "xquad") | (scores["language"] != "de")]
    jobs = {("xlmr", "random", "retrieval", seed): "its job has not run" for seed in study.seeds}
    missing = missing_scores(unscored, study, jobs)
    reasons = {(arm, target): reason for arm, target, reason in missing[["arm", "target", "reason"]].to_numpy()}
    assert reasons["random", "tatoeba"] == "its job has not run"
    assert "labels are removed" in reasons["mnli", "xquad"], "no arm at all has German"


def test_a_language_without_a_file_is_told_apart(scores: pd.DataFrame) -> None:
    targets = {"xquad": {"languages": ["en", "de"], "absent": {"test": ["de"]}}, "tatoeba": {"languages": ["de"]}}
    study = load(study_config(targets=targets))
    missing = missing_scores(scores[scores["language"] == "en"], study, {})
    german = missing[missing["target"] == "xquad"]
    assert set(german["reason"]) == {"the data has no file for it"} and set(german["languages"]) == {("de",)}


def test_rows_that_differ_in_one_thing_become_one(scores: pd.DataFrame, study: Study) -> None:
    rows = condensed_rows(missing_scores(scores[:0], study, {}), study)
    assert [tuple(row.values())[:-1] for row in rows] == [
        ("xlmr", "all 4 arms", "all 2 targets", "test", "all 2 seeds", "all")
    ]
    rows = condensed_rows(missing_scores(scores, study, {}), study)
    assert [tuple(row.values())[:-1] for row in rows] == [
        ("xlmr", "two_tasks", "XQuAD", "test", "2", "de"),
        ("xlmr", "random (control)", "Tatoeba", "test", "all 2 seeds", "all"),
    ]
    assert condensed_rows(missing_scores(scores, study, {})[:0], study) == []


def test_flagged_scores_are_missing_and_listed(runs: Runs, scores: pd.DataFrame) -> None:
    flag = "collapsed: 33.3 on English dev, at chance, where other seeds reach 78.2"
    collapsed = (scores["arm"] == "mnli") & (scores["seed"] == 2) & (scores["target"] == "xquad")
    table = pa.Table.from_pandas(scores.assign(flag=scores["flag"].where(~collapsed, flag)), SCORES, False)
    write_scores(runs.paths.scores, table)
    for job in runs.jobs():
        write_scores(runs.paths.part("scores", *job), SCORES.empty_table())
    content = gather_content(runs)
    assert len(content.scores) == len(scores) - 4 and len(content.flagged) == 4
    (row,) = content.missing[content.missing["arm"] == "mnli"].to_dict("records")
    assert (row["target"], row["seed"], row["reason"]) == ("xquad", 2, f"left out: {flag}")
    text = render(content)
    assert "Scores of runs that have not learnt their training set" in text
    assert text.count("where other seeds reach 78.2") == 1


def test_an_empty_folder_gives_an_empty_report(runs: Runs) -> None:
    content = gather_content(runs)
    assert content.scores.empty and not content.records and not content.downloads
    assert set(content.missing["arm"]) == set(runs.study.arms)
    assert set(unfinished(runs)) == set(runs.jobs()) and not content.failures


def test_records_of_jobs_and_encoders_are_gathered(runs: Runs) -> None:
    files = [
        runs.paths.part("records", "xlmr", "none", "squad_v1", 1, "json"),
        runs.paths.encoder("xlmr", "mnli", 2) / "record.json",
    ]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"seconds": 2}))
    (files[0].parent / "seed2.json").write_text("{half a rec")
    for job in (Job("xlmr", "mnli", INTERMEDIATE, 2), Job.pretraining("xlmr")):
        copy = job.record_apart(runs.paths)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps({"seconds": 2}))
    assert [record["place"] for record in gather_content(runs).records] == [
        "encoders/xlmr/mnli/seed2/record.json",
        "records/xlmr/none/squad_v1/seed1.json",
        "records/xlmr/pretraining.json",
    ], "the copy of an encoder's record counts where the encoder is not there"


def test_downloads_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = Runs(load(study_config(source={"kind": "hub"}, targets={"xnli": {"languages": ["en", "de"]}})))
    record = runs.paths.prefetched("xnli")
    record.parent.mkdir(parents=True)
    origin = {"repository": "facebook/xnli", "revision": "0" * 40, "rows": 3}
    record.write_text(json.dumps({"task": "xnli", "files": {"test.en": [origin], "test.de": [origin, origin]}}))
    assert gather_content(runs).downloads == [{"task": "xnli", "repository": "facebook/xnli", "revision": "0" * 40}]
