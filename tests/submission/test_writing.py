"""Submissions of one arm and of the best arms, from files of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from small_submission import RIGHT, jobs_of, predict, study_in

from xstilts.errors import DataError, UserError
from xstilts.graph.runs import Runs
from xstilts.jobs.submission import NOTHING
from xstilts.jobs.submission import write as write_submissions
from xstilts.submission.check import check
from xstilts.submission.layout import folder_name
from xstilts.submission.write import write, write_arm, write_best

Texts = dict[tuple[str, str, str], dict[str, str]]

#: As in RIGHT, by target, language, split and example.
PREDICTIONS: Texts = {
    ("xnli", "de", "test"): {"2": "entailment", "1": "neutral"},
    ("xnli", "de", "dev"): {"7": "neutral"},
    ("xnli", "en", "test"): {"1": "contradiction"},
    ("udpos", "de", "test"): {"1": "DET NOUN", "2": "VERB"},
    ("xquad", "de", "test"): {"q1": "rote Brücke", "q2": "1871"},
    ("bucc2018", "de", "test"): {"en-1": "de-2", "en-2": "", "en-3": "de-1"},
    ("tatoeba", "de", "test"): {"en-1": "de-1", "en-2": "de-2", "en-3": "de-3"},
}
WRONG: Texts = {**PREDICTIONS, ("xnli", "de", "test"): {"1": "contradiction", "2": "contradiction"}}


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def predict_all(folder: Path, runs: Runs, arm: str, seed: int, predictions: Texts) -> None:
    for job in {jobs_of(target) for target in runs.study.targets}:
        own = {place: texts for place, texts in predictions.items() if jobs_of(place[0]) == job}
        predict(folder, runs, own, ("xlmr", arm, job, seed))


@pytest.fixture
def one_file(tmp_path: Path, runs: Runs) -> dict[str, Path]:
    path = predict(tmp_path, runs, PREDICTIONS, ("xlmr", "none", "everything", 1))
    return dict.fromkeys(runs.study.targets, path)


@pytest.fixture
def dev_scores() -> pd.DataFrame:
    """mnli with seed 2 is best at XNLI and retrieval, the baseline with seed 1 elsewhere, but for the control."""
    rows = []
    for task, stage, metrics in (
        ("xnli", "target", ["accuracy"]),
        ("udpos", "target", ["f1"]),
        ("squad_v1", "target", ["exact_match", "f1"]),
        ("bucc2018", "retrieval", ["f1"]),
    ):
        language = "de" if stage == "retrieval" else "en"
        winner = ("mnli", 2) if task in ("xnli", "bucc2018") else ("none", 1)
        for arm, seed in [(arm, seed) for arm in ("none", "control", "mnli") for seed in (1, 2)]:
            score = 100.0 if arm == "control" else 50.0 + 10 * ((arm, seed) == winner)
            rows += [("xlmr", arm, stage, task, language, metric, score, seed) for metric in metrics]
    return pd.DataFrame(rows, columns=["model", "arm", "stage", "task", "language", "metric", "score", "seed"])


NO_SCORES = pd.DataFrame(columns=["model", "arm", "target", "language", "split", "metric", "score", "seed"])


def test_a_submission_is_a_folder_per_task_and_a_file_per_language(tmp_path, runs, one_file) -> None:
    write(tmp_path / "sent", runs, one_file)
    found = contents(tmp_path / "sent")
    assert json.loads(found.pop("xquad/test-de.json")) == json.loads(RIGHT["xquad/test-de.json"])
    assert found == {place: text for place, text in RIGHT.items() if not place.endswith(".json")}
    assert check(tmp_path / "sent", runs).problems == []


def test_an_older_submission_is_replaced_whole_and_nothing_else_is_left(tmp_path, runs, one_file) -> None:
    sent = tmp_path / "submission" / "none"
    (sent / "panx").mkdir(parents=True)
    (sent / "panx" / "test-de.tsv").write_text("old")
    write(sent, runs, one_file)
    assert set(contents(sent)) == set(RIGHT)
    assert list(sent.parent.iterdir()) == [sent]


@pytest.mark.parametrize(
    ("place", "texts", "problem"),
    [
        (("tatoeba", "de", "test"), {"en-1": "de-1", "en-2": "de-2"}, "en-3"),
        (("xnli", "de", "test"), {"1": "neutral", "2": "maybe"}, "maybe"),
        (("xquad", "de", "test"), {}, "q1"),
        (("udpos", "de", "test"), {"1": "DET", "2": "VERB"}, "'1'"),
        (("xnli", "en", "test"), {"1": "neutral", "9": "neutral"}, "'9'"),
        (("bucc2018", "de", "test"), {"en-1": "de-9", "en-2": "", "en-3": ""}, "de-9"),
        (("tatoeba", "de", "test"), {"en-1": "", "en-2": "de-2", "en-3": "de-3"}, "en-1"),
    ],
)
def test_predictions_that_do_not_fit_leave_the_old_submission_as_it_was(
    tmp_path, runs, one_file, place, texts, problem
) -> None:
    write(tmp_path / "sent" / "none", runs, one_file)
    before = contents(tmp_path / "sent")
    predict(tmp_path, runs, {**PREDICTIONS, place: texts}, ("xlmr", "none", "everything", 1))
    with pytest.raises(DataError, match=problem) as error:
        write(tmp_path / "sent" / "none", runs, one_file)
    assert f"{one_file['xnli']} ({place[0]}, {place[1]})" in str(error.value)
    assert contents(tmp_path / "sent") == before


def test_missing_files_are_named(tmp_path, runs, one_file) -> None:
    with pytest.raises(DataError, match=r"seed9\.parquet: no such file"):
        write(tmp_path / "sent", runs, {**one_file, "xquad": tmp_path / "seed9.parquet"})
    (tmp_path / runs.paths.examples("xquad", "test", "de")).unlink()
    with pytest.raises(DataError, match=r"data/xquad/test\.de\.parquet: no such file"):
        write(tmp_path / "sent", runs, one_file)
    (tmp_path / "broken.parquet").write_text("nothing")
    with pytest.raises(DataError, match=r"broken\.parquet: cannot be read as Parquet"):
        write(tmp_path / "sent", runs, {**one_file, "xnli": tmp_path / "broken.parquet"})


def test_an_arm_s_targets_come_from_its_best_seeds(tmp_path, runs, dev_scores) -> None:
    predict_all(tmp_path, runs, "mnli", 1, WRONG)
    predict_all(tmp_path, runs, "mnli", 2, PREDICTIONS)
    sent = tmp_path / "submission" / "mnli"
    chosen = write_arm(sent, runs, "xlmr", "mnli", NO_SCORES, dev_scores)
    assert {target: choice.seed for target, choice in chosen.items()} == {
        "xnli": 2,
        "udpos": 1,
        "xquad": 1,
        "bucc2018": 2,
        "tatoeba": 2,
    }
    assert contents(sent)["xnli/test-de.tsv"] == RIGHT["xnli/test-de.tsv"]
    described = json.loads((sent.parent / "mnli.json").read_text())
    assert described["targets"]["xnli"]["seed"] == 2


def test_the_best_submission_takes_each_target_from_its_best_arm(tmp_path, runs, dev_scores) -> None:
    predict_all(tmp_path, runs, "mnli", 2, PREDICTIONS)
    predict_all(tmp_path, runs, "none", 1, {**WRONG, ("udpos", "de", "test"): {"1": "NOUN NOUN", "2": "X"}})
    sent = tmp_path / "submission" / "best"
    chosen = write_best(sent, runs, "xlmr", NO_SCORES, dev_scores)
    assert {target: choice.arm for target, choice in chosen.items()} == {
        "xnli": "mnli",
        "udpos": "none",
        "xquad": "none",
        "bucc2018": "mnli",
        "tatoeba": "mnli",
    }
    assert contents(sent)["xnli/test-de.tsv"] == RIGHT["xnli/test-de.tsv"]
    assert contents(sent)["udpos/test-de.tsv"] == "NOUN\nNOUN\n\nX\n"
    described = json.loads((sent.parent / "best.json").read_text())
    assert described["targets"]["udpos"]["candidates"] == {"none": {"1": 60, "2": 50}, "mnli": {"1": 50, "2": 50}}


def test_only_test_splits_are_submitted(tmp_path, monkeypatch, dev_scores) -> None:
    """Where a study scores dev alone, the targets without a dev split are scored on test all the same."""
    monkeypatch.chdir(tmp_path)
    runs = study_in(tmp_path, splits=["dev"])
    predict_all(tmp_path, runs, "mnli", 1, PREDICTIONS)
    predict_all(tmp_path, runs, "mnli", 2, PREDICTIONS)
    write_arm(tmp_path / "sent", runs, "xlmr", "mnli", NO_SCORES, dev_scores)
    assert set(contents(tmp_path / "sent")) == {"xquad/test-de.json", "tatoeba/test-de.tsv"}
    only_dev = study_in(tmp_path, splits=["dev"], targets={"xnli": {"languages": ["de"]}})
    with pytest.raises(UserError, match="add 'test' to the study's splits"):
        write_arm(tmp_path / "sent", only_dev, "xlmr", "mnli", NO_SCORES, dev_scores)


def test_folders_name_the_model_where_there_are_several(tmp_path) -> None:
    assert folder_name(study_in(tmp_path).study, "xlmr", "mnli") == "mnli"
    two = study_in(tmp_path, models={"xlmr": {"path": "a"}, "mbert": {"path": "b"}}).study
    assert folder_name(two, "mbert", "best") == "mbert.best"


def test_own_targets_are_in_no_submission(tmp_path, monkeypatch, dev_scores) -> None:
    monkeypatch.chdir(tmp_path)
    own = {
        "type": "classification",
        "files": {"test": "own/test.{language}.tsv"},
        "columns": {"premise": "a", "hypothesis": "b", "label": "label"},
        "labels": ["entailment", "neutral", "contradiction"],
        "languages": ["de"],
        "trained_on": "xnli",
    }
    runs = study_in(tmp_path, tasks={"own_nli": own}, targets={"tatoeba": {"languages": ["de"]}, "own_nli": {}})
    place = ("tatoeba", "de", "test")
    predict(tmp_path, runs, {place: PREDICTIONS[place]}, ("xlmr", "none", jobs_of("tatoeba"), 1))
    assert set(write_best(tmp_path / "sent", runs, "xlmr", NO_SCORES, dev_scores)) == {"tatoeba"}
    assert set(contents(tmp_path / "sent")) == {"tatoeba/test-de.tsv"}
    alone = study_in(tmp_path, tasks={"own_nli": own}, targets={"own_nli": {}})
    with pytest.raises(UserError, match="none of them as a target"):
        write_best(tmp_path / "sent", alone, "xlmr", NO_SCORES, dev_scores)
    write_submissions(alone)
    (reason,) = (tmp_path / alone.paths.submission).iterdir()
    assert reason.name == NOTHING and "there is nothing to submit" in reason.read_text(encoding="utf-8")
