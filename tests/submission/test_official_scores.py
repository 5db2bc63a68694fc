"""Scores of a submission on the real slices, against a second implementation of evaluate.py reading files alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import official
import pyarrow as pa
import pytest
from small_submission import jobs_of, predict, store, submit

from xstilts.config.study import load
from xstilts.errors import DataError
from xstilts.graph.runs import Runs
from xstilts.sources import files
from xstilts.submission.check import check
from xstilts.submission.layout import gaps
from xstilts.submission.score import score_folder
from xstilts.submission.write import write
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TARGET_TASKS, TASKS

CONFIG: dict[str, Any] = {
    "study": "real",
    "source": {"kind": "files", "root": "data"},
    "models": {"xlmr": {"path": "models/xlmr"}},
    "arms": {"none": {}},
    "targets": {name: {} for name in TARGET_TASKS},
}
#: What a noisy answer to a question may be, put around or in place of the right one.
NOISE = ("", "the ", "der ", "los ", "của ", "ال", "«", "!", " 1871年", "。", " x")


@pytest.fixture(scope="module")
def scored(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], Runs, Path]:
    """Our scores and the reference's, of noisy predictions for all that the slices have; the study, and its folder."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        runs = study_of(slices)
        noisy = {target: noisy_predictions(slices, folder, runs, target) for target in runs.study.targets}
        write(folder / "sent", runs, noisy)
        for target in runs.study.targets:
            (folder / "labels" / target).mkdir(parents=True)
            for language in runs.study.languages(target):
                write_labels(folder / "labels" / target, target, language, paths_of(slices, runs, target, language))
        ours = score_folder(folder / "sent", runs)
    return ours, official.evaluate(folder / "sent", folder / "labels"), runs, folder


def study_of(slices: Path) -> Runs:
    """All nine tasks, in the languages that the slices have."""
    table = load(CONFIG).language_table()
    targets = {}
    for name in TARGET_TASKS:
        codes = TASKS[name].languages
        found = [c for c in codes if all(p.is_file() for p in TASKS[name].paths(slices, "test", table[c]))]
        targets[name] = {"languages": found}
    return Runs(load({**CONFIG, "targets": targets}))


def paths_of(slices: Path, runs: Runs, target: str, language: str) -> tuple[Path, ...]:
    return TASKS[target].paths(slices, "test", runs.study.language_table()[language])


def noisy_predictions(slices: Path, folder: Path, runs: Runs, target: str) -> Path:
    """Store the canonical examples, and predictions for them of which about a third are wrong."""
    predictions = {}
    for language in runs.study.languages(target):
        gold = files.read(slices, TASKS[target], "test", runs.study.language_table()[language])
        store(folder / runs.paths.examples(target, "test", language), gold)
        texts = list(noisy(target, gold, random.Random(f"{target} {language}")))
        random.Random(1).shuffle(texts)
        predictions[target, language, "test"] = dict(texts)
    return predict(folder, runs, predictions, ("xlmr", "none", f"{jobs_of(target)}_{target}", 1))


def noisy(target: str, gold: pa.Table, chance: random.Random) -> Iterator[tuple[str, str]]:
    task, rows = TASKS[target], gold.to_pylist()
    foreign = [row["id"] for row in rows if row.get("side") == "foreign"]
    for row in rows:
        wrong = chance.random() < 1 / 3
        if task.type == "classification":
            yield row["id"], chance.choice(task.labels) if wrong else row["label"]
        elif task.type == "tagging":
            tags = [chance.choice(task.labels) if chance.random() < 1 / 4 else tag for tag in row["tags"]]
            yield row["id"], " ".join(tags)
        elif task.type == "span_qa":
            words = chance.choice(row["answers"]).split(" ")
            kept = " ".join(words[: chance.randint(0, len(words))]) if wrong else " ".join(words)
            yield row["id"], chance.choice(NOISE) + kept + chance.choice(NOISE)
        elif row["side"] == "english" and target == "tatoeba":
            yield row["id"], chance.choice(foreign) if wrong else row["matches"][0]
        elif row["side"] == "english":
            yield row["id"], " ".join(chance.sample(foreign, chance.randint(0, 2)) if wrong else row["matches"])


def write_labels(folder: Path, target: str, language: str, paths: tuple[Path, ...]) -> None:
    """A language's labels in XTREME's layout, from the files of the release as they are."""
    suffix = "json" if TASKS[target].type == "span_qa" else "tsv"
    label = folder / f"test-{language}.{suffix}"
    text = paths[-1].read_text(encoding="utf-8")
    if target == "tydiqa":
        prefix = TASKS["tydiqa"].language_name(load(CONFIG).language_table()[language]) + "-"
        document = json.loads(text)
        for paragraph in (p for article in document["data"] for p in article["paragraphs"]):
            paragraph["qas"] = [question for question in paragraph["qas"] if question["id"].startswith(prefix)]
        text = json.dumps(document)
    elif target == "tatoeba":
        english = [line.strip() for line in text.removesuffix("\n").split("\n")]
        text = "".join(f"{line}\n" for line, _ in sorted(enumerate(english), key=lambda pair: pair[1]))
    elif target not in ("bucc2018", "xquad", "mlqa"):
        text = "\n".join(line.split("\t")[-1] for line in text.split("\n"))
    label.write_text(text, encoding="utf-8")


def test_every_target_and_language_has_the_official_score(scored) -> None:
    ours, reference, runs, _ = scored
    cells = 0
    for target in runs.study.targets:
        assert set(reference[target]) <= set(ours[target])
        for metric, expected in reference[target].items():
            by_language = expected if isinstance(expected, dict) else {"": expected}
            found = ours[target][metric] if isinstance(expected, dict) else {"": ours[target][metric]}
            assert set(found) == set(by_language)
            for language, score in by_language.items():
                assert found[language] == pytest.approx(score, abs=1e-9), (target, metric, language)
                assert 1 < score < 99, (target, metric, language)  # neither of the trivial ends
                cells += bool(language)
    assert cells == 15 + 7 + 33 + 6 + 2 * (11 + 7 + 9) + 4 + 36


@pytest.mark.parametrize("mean", ["all_task", "classification", "tagging", "qa", "retrieval"])
def test_means_of_groups_and_of_all_tasks_are_the_official_ones(scored, mean) -> None:
    ours, reference, _, _ = scored
    assert ours[mean] == pytest.approx(reference[mean], abs=1e-9)


def test_the_submission_of_all_slices_is_in_order(scored, monkeypatch) -> None:
    _, _, runs, folder = scored
    monkeypatch.chdir(folder)
    report = check(folder / "sent", runs)
    assert report.problems == []
    assert len(report.lines) == 15 + 7 + 33 + 6 + 11 + 7 + 9 + 4 + 36
    assert [note.split(":")[0] for note in report.notes] == ["panx"]


@pytest.mark.parametrize("target", TARGET_TASKS)
def test_the_right_answers_score_100(scored, target, monkeypatch) -> None:
    """Of the language that has the most examples, and none of the others."""
    _, _, runs, folder = scored
    monkeypatch.chdir(folder)
    language = max(
        runs.study.languages(target), key=lambda code: runs.paths.examples(target, "test", code).stat().st_size
    )
    one = Runs(load({**CONFIG, "targets": {target: {"languages": [language]}}}))
    label = folder / "labels" / target / ("test-" + language + (".json" if TASKS[target].type == "span_qa" else ".tsv"))
    sent = folder / "right" / target / target
    sent.mkdir(parents=True)
    text = label.read_text(encoding="utf-8")
    if label.suffix == ".json":
        questions = [q for article in json.loads(text)["data"] for p in article["paragraphs"] for q in p["qas"]]
        text = json.dumps({question["id"]: question["answers"][0]["text"] for question in questions})
    (sent / label.name).write_text(text, encoding="utf-8")
    found = score_folder(sent.parent, one)
    assert found[target]["avg_metric"] == pytest.approx(100, abs=1e-9)
    assert "all_task" not in found and not set(official.GROUPS) & set(found)
    assert found["notes"] == gaps(one.study)


def test_tasks_without_a_folder_and_languages_without_gold_are_noted(tmp_path, runs) -> None:
    sent = submit(tmp_path / "sent")
    (sent / "udpos" / "test-de.tsv").unlink()
    (sent / "udpos").rmdir()
    for name, language in (("xnli", "de"), ("xquad", "de")):
        path = runs.paths.examples(name, "test", language)
        table = pa.parquet.read_table(path)
        column = task_type_class(TASKS[name]).gold_column
        nothing = pa.nulls(table.num_rows, table.schema.field(column).type)
        store(path, table.set_column(table.schema.get_field_index(column), column, nothing))
    found = score_folder(sent, runs)
    assert found["xnli"] == {"accuracy": {"en": 100}, "avg_accuracy": 100, "avg_metric": 100}
    assert "xquad" not in found and "udpos" not in found and found["retrieval"] == 100
    assert "xnli: not scored, as their gold answers are not in the data: de." in found["notes"]
    assert "udpos: not in the submission." in found["notes"]


def test_a_file_that_is_not_in_order_is_not_scored(tmp_path, runs) -> None:
    sent = submit(tmp_path / "sent", **{"xnli/test-de.tsv": "neutral\n"})
    with pytest.raises(DataError, match=r"xnli/test-de\.tsv: found 1 line, expected 2: one per example\.$"):
        score_folder(sent, runs)
    with pytest.raises(DataError, match=r"xnli/test-de\.tsv: no such file\.$"):
        (sent / "xnli" / "test-de.tsv").unlink()
        score_folder(sent, runs)


def test_one_language_s_score_is_the_mean_of_tasks_worked_by_hand(tmp_path, runs) -> None:
    """One of two pairs right, two of three mined; one of two answers right, the other sharing a word of its two."""
    changes = {
        "bucc2018/test-de.tsv": "de-2\ten-1\nde-3\ten-2\nde-3\ten-3\n",
        "xquad/test-de.json": '{"q1": "Brücke", "q2": "1871."}',
    }
    found = score_folder(submit(tmp_path / "sent", **changes, **{"tatoeba/test-de.tsv": "2\n1\n0\n"}), runs)
    assert found["bucc2018"]["avg_metric"] == pytest.approx(40)  # precision 1/3, recall 1/2
    assert found["tatoeba"]["accuracy"] == {"de": pytest.approx(100 / 3)}
    assert found["retrieval"] == pytest.approx((40 + 100 / 3) / 2)
    assert found["xquad"]["avg_exact_match"] == pytest.approx(50)
    assert found["xquad"]["avg_f1"] == pytest.approx((200 / 3 + 100) / 2)
    assert found["xquad"]["avg_metric"] == pytest.approx((50 + (200 / 3 + 100) / 2) / 2)
