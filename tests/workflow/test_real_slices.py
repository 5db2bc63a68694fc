"""The study on real slices, reduced to two arms, a few steps and a very small model; all targets, all languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from workspace import REPOSITORY, Finished, Workspace

ARMS = "none", "all"
HEADLINE = {
    "xnli": ["accuracy"],
    "pawsx": ["accuracy"],
    "udpos": ["f1"],
    "panx": ["f1"],
    "xquad": ["exact_match", "f1"],
    "mlqa": ["exact_match", "f1"],
    "tydiqa": ["exact_match", "f1"],
    "bucc2018": ["f1"],
    "tatoeba": ["accuracy"],
}
#: Of each target, the test files: a pattern with the language, and what stands once in an example.
FILES = {
    "xnli": (r"xnli/test-(\w+)\.tsv", "\n"),
    "pawsx": (r"pawsx/test-(\w+)\.tsv", "\n"),
    "udpos": (r"udpos/test-(\w+)\.tsv", "\n\n"),
    "panx": (r"panx/test-(\w+)\.tsv", "\n\n"),
    "xquad": (r"xquad/xquad\.(\w+)\.json", '"question":'),
    "mlqa": (r"mlqa/MLQA_V1/test/test-context-(\w+)-question-\1\.json", '"question":'),
    "tydiqa": (r"tydiqa/tydiqa-goldp-v1\.1-dev/tydiqa-goldp-dev-(\w+)\.json", '"question":'),
    "bucc2018": (r"bucc2018/(\w+)-en\.test\.en", "\n"),
    "tatoeba": (r"tatoeba/tatoeba\.(\w+)-eng\.eng", "\n"),
}
CODES = {
    **{"arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id", "korean": "ko"},
    **{"russian": "ru", "swahili": "sw", "telugu": "te"},
    **{"afr": "af", "ara": "ar", "ben": "bn", "bul": "bg", "cmn": "zh", "deu": "de", "ell": "el", "est": "et"},
    **{"eus": "eu", "fin": "fi", "fra": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it"},
    **{"jav": "jv", "jpn": "ja", "kat": "ka", "kaz": "kk", "kor": "ko", "mal": "ml", "mar": "mr", "nld": "nl"},
    **{"pes": "fa", "por": "pt", "rus": "ru", "spa": "es", "swh": "sw", "tam": "ta", "tel": "te", "tgl": "tl"},
    **{"tha": "th", "tur": "tr", "urd": "ur", "vie": "vi"},
}


def examples_in(slices: Path) -> dict[tuple[str, str], int]:
    """By target and language, how many test examples the slices have: from names and bytes of their files."""
    found = {}
    for path in sorted((slices / "xtreme").rglob("*")):
        for target, (pattern, mark) in FILES.items():
            match = re.fullmatch(pattern, path.relative_to(slices / "xtreme").as_posix())
            if match:
                language = CODES.get(match[1], match[1])
                found[target, language] = path.read_text(encoding="utf-8").count(mark)
    return found


@pytest.fixture(scope="module")
def run(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Finished]:
    """The reduced study, run whole, and what snakemake printed."""
    config = yaml.safe_load((REPOSITORY / "workflow" / "studies" / "real_slices.yaml").read_text(encoding="utf-8"))
    config["source"]["root"] = str(slices)
    config["arms"] = {arm: config["arms"][arm] for arm in ARMS}
    config["arms"]["all"]["training"] = {"max_steps": 6}
    config["models"]["tiny"]["architecture"] |= {
        "hidden_size": 16,
        "layers": 2,
        "heads": 2,
        "feed_forward_size": 16,
        "vocabulary_size": 3000,
    }
    config["training"] = {
        stage: {"max_steps": 4, "batch_size": 4, "eval_examples": 8, "learning_rate": 0.001}
        for stage in ("pretraining", "intermediate", "target")
    }
    study = Workspace(tmp_path_factory.mktemp("slices"), config)
    return study, study.snakemake("--printshellcmds").ok()


@pytest.fixture(scope="module")
def scores(run) -> pd.DataFrame:
    return pd.read_parquet(run[0].results / "scores.parquet")


def test_every_language_of_every_target_is_scored(run, scores, slices):
    expected = examples_in(slices)
    counts = pd.Series([target for target, _ in expected]).value_counts().to_dict()
    assert counts == {
        **{"xnli": 15, "pawsx": 7, "udpos": 33, "panx": 6, "xquad": 11},
        **{"mlqa": 7, "tydiqa": 9, "bucc2018": 4, "tatoeba": 36},
    }
    for arm in ARMS:
        of_arm = scores[scores["arm"] == arm]
        assert set(zip(of_arm["target"], of_arm["language"], strict=True)) == set(expected)
    for (target, language), rows in scores.groupby(["target", "language"]):
        assert set(rows["n"]) == {expected[target, language]}, (target, language)
        assert set(rows["metric"]) >= set(HEADLINE[target])
    assert scores["score"].between(0, 100).all()
    assert not scores.duplicated(["model", "arm", "target", "language", "split", "metric", "seed"]).any()


def test_every_example_has_a_prediction(run, scores):
    files = sorted((run[0].results / "predictions").rglob("*.parquet"))
    parts = [pd.read_parquet(path).assign(arm=path.parts[-3]) for path in files]
    predictions = pd.concat(parts)
    assert not predictions.duplicated(["arm", "target", "language", "split", "example"]).any()
    place = ["arm", "target", "language", "split"]
    assert predictions.groupby(place).size().to_dict() == scores.groupby(place)["n"].first().to_dict()
    right = predictions.assign(right=100.0 * (predictions["prediction"] == predictions["gold"]))
    means = right.groupby(place)[["right", "score"]].mean()
    for name, score in primary_scores(scores, place).items():
        target = name[place.index("target")]
        if HEADLINE[target] == ["accuracy"]:
            assert means.loc[name, "right"] == pytest.approx(score)
        if target not in ("udpos", "panx", "bucc2018"):  # whose F1 is no mean over examples
            assert means.loc[name, "score"] == pytest.approx(score)


def primary_scores(scores: pd.DataFrame, place: list[str]) -> pd.Series:
    """The mean of a target's primary metrics, by ``place``."""
    headline = scores[[row.metric in HEADLINE[row.target] for row in scores.itertuples()]]
    return headline.groupby(place)["score"].mean()


def test_gains_are_those_of_the_scores(run, scores):
    learnt = scores[scores["flag"].isna()]  # the runs are tiny
    by_language = primary_scores(learnt, ["arm", "target", "language"])
    by_task = by_language.groupby(["arm", "target"]).mean().unstack().reindex(index=[*ARMS], columns=[*HEADLINE])
    by_task["average"] = by_task.mean(axis=1, skipna=False)
    table = pd.read_csv(run[0].results / "tables" / "main.csv").set_index(["arm", "target"])
    assert set(table.index) == {(arm, target) for arm in ARMS for target in by_task.columns}
    for arm, target in table.index:
        assert table.loc[(arm, target), "score"] == pytest.approx(by_task.loc[arm, target], nan_ok=True)
        if arm != "none":
            gain = by_task.loc[arm, target] - by_task.loc["none", target]
            assert table.loc[(arm, target), "gain"] == pytest.approx(gain, abs=1e-9, nan_ok=True)
    figure = pd.read_csv(run[0].results / "figures" / "gains.csv").set_index(["arm", "target"])
    pd.testing.assert_frame_equal(figure, table.loc[figure.index, figure.columns])
    assert not table["synthetic"].any()


def test_tables_and_figures(run):
    results = run[0].results
    for name in ("main", *HEADLINE):
        for suffix in ("csv", "md", "tex", "html"):
            assert (results / "tables" / f"{name}.{suffix}").stat().st_size > 0
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for suffix, start in starts.items():
        assert (results / "figures" / f"gains.{suffix}").read_bytes().startswith(start)
    assert "\n| all  " in (results / "tables" / "main.md").read_text(encoding="utf-8")


def test_every_question_has_an_answer(run):
    answers = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in run[0].results.glob("answers/*.json")
    }
    assert set(answers) == {"q1", "q2", "q3", "q4", "q5"}
    for answer in answers.values():
        assert answer["verdict"] in ("not enough seeds", "not identifiable") and answer["reason"]
    cells = pd.read_csv(run[0].results / "answers" / "cells.csv")
    assert set(cells["arm"]) == {"all"}
    similarity = pd.read_parquet(run[0].results / "similarity.parquet")
    assert {"jsd", "cosine"} <= set(similarity["measure"])


def test_the_report_is_one_file_that_names_the_study(run):
    report = (run[0].results / "report.html").read_text(encoding="utf-8")
    assert "real_slices" in report
    assert "<strong>Warning:</strong>" not in report, "the data is real and whole"
    assert len(report) < 6_000_000


def test_snakemake_s_own_report_has_captions_and_categories(run):
    run[0].snakemake("--report", "report.html").ok()
    text = (run[0].folder / "report.html").read_text(encoding="utf-8")
    assert "A figure of the study" in text and "Figures" in text and "opens offline" in text


@pytest.mark.parametrize("name", [*ARMS, "best"])
def test_the_submission_has_one_prediction_per_example(run, slices, name):
    folder = run[0].results / "submission" / name
    report = run[0].xstilts("submit-check", "--study", f"results/{run[0].study}/study.json", str(folder)).ok()
    assert "in order" in report.text
    for (target, language), count in examples_in(slices).items():
        (path,) = (folder / target).glob(f"test-{language}.*")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            assert len(json.loads(text)) == count, path
        elif target in ("udpos", "panx"):
            assert len(text.strip("\n").split("\n\n")) == count, path
        elif target != "bucc2018":  # whose files list the pairs that were found
            assert len(text.splitlines()) == count, path


def test_the_scores_of_a_submission_are_the_study_s(run, scores):
    """The best submission, read back from XTREME's files and scored as a stranger's."""
    folder = run[0].results / "submission" / "best"
    chosen = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))["targets"]
    study = f"results/{run[0].study}/study.json"
    found = json.loads(run[0].xstilts("score", "--study", study, str(folder)).ok().text)
    for target, choice in chosen.items():
        own = scores[
            (scores["arm"] == choice["arm"]) & (scores["target"] == target) & (scores["seed"] == choice["seed"])
        ]
        for metric, of_metric in own.groupby("metric"):
            expected = dict(zip(of_metric["language"], of_metric["score"], strict=True))
            assert found[target][metric] == pytest.approx(expected, abs=1e-9), (target, metric)
    assert found["all_task"] == pytest.approx(
        sum(found[target]["avg_metric"] for target in HEADLINE) / len(HEADLINE), abs=1e-9
    )


def test_every_score_names_a_run_whose_record_lies_beside_it(run, scores):
    recorded = {}
    for path in (run[0].results / "records").rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["spec"]["job"] in ("finetune", "retrieve"):  # beside them are copies of those of encoders
            recorded[record["spec"]["id"]] = record
    assert set(scores["run"]) == set(recorded)
    assert not any(record["synthetic"] for record in recorded.values())
    assert all(record["training"]["steps"] == 4 for record in recorded.values() if record["training"])


def test_nothing_is_left_to_do_and_no_temporary_file_left_behind(run):
    assert "Nothing to be done" in run[0].snakemake().ok().text
    left = [path for path in run[0].results.rglob("*") if path.name.startswith(".") or path.suffix == ".tmp"]
    marks = [path.parent.name for path in left if path.name == ".snakemake_timestamp"]  # Snakemake's own, in outputs
    assert sorted(marks) == ["answers", "figures", "submission"] and len(marks) == len(left)


@pytest.mark.parametrize("job", ["all --training-set pawsx", "all --seed"])
def test_a_pasted_command_makes_the_same_scores(run, job, monkeypatch):
    """What snakemake printed for fine-tuning and for retrieval, run by hand."""
    study, done = run
    (line,) = [line for line in done.text.splitlines() if f"--arm {job}" in line and "xstilts intermediate" not in line]
    command = line.removeprefix("Shell command:").strip()
    part = Path("all") / ("pawsx" if "pawsx" in job else "retrieval") / "seed1.parquet"
    files = [study.results / kind / "tiny" / part for kind in ("scores", "predictions")]
    before = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    study.program("bash", "-c", command).ok()
    assert [path.read_bytes() for path in files] == before
    assert pq.read_metadata(files[0]).num_rows > 0
