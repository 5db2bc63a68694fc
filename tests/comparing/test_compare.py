"""``xstilts compare``: what differs in config, data, code and scores, and what is paired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_up import study_of, write_study
from typer.testing import CliRunner

from xstilts.cli.commands import app
from xstilts.errors import UserError
from xstilts.graph.jobs import Job
from xstilts.graph.paths import Paths
from xstilts.scores.score_files import SCORES, read_scores, write_scores

RIGHT = {"none": 24, "mnli": 36, "qqp": 20, "random": 8}
TWO_ARMS = {"none": {}, "mnli": {"tasks": ["mnli"]}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(folder: str, right: dict[str, int] = RIGHT, **changes: Any) -> Paths:
    root = Path("results", folder)
    write_study(root, study_of(**changes), right)
    return Paths(root)


def compare(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["compare", *arguments])
    if done.exception:
        raise done.exception
    return done.output


def as_json(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(compare(*arguments, "--format", "json")))


def test_scores_are_paired_by_seed_and_language() -> None:
    write("a")
    write("b", {**RIGHT, "mnli": 34})
    rows = as_json("results/a", "results/b")["scores"]
    assert [(row["arm"], row["target"]) for row in rows][:4] == [
        ("none", "xnli"), ("none", "udpos"), ("none", "tatoeba"), ("random", "xnli")
    ]  # fmt: skip
    of_mnli = [row for row in rows if row["arm"] == "mnli" and row["target"] == "xnli"]
    assert of_mnli == [
        {
            "model": "xlmr", "split": "test", "arm": "mnli", "target": "xnli", "one": pytest.approx(265 / 3),
            "other": pytest.approx(250 / 3), "difference": pytest.approx(-5), "low": pytest.approx(-5),
            "high": pytest.approx(-5), "languages": 3, "seeds": 2, "note": "",
        }
    ]  # fmt: skip
    assert all(row["difference"] == 0 for row in rows if row["arm"] != "mnli")


def test_only_what_both_have_is_compared() -> None:
    write("a", seeds=[1, 2, 3])
    targets = {"xnli": {"languages": ["en", "sw", "ur"]}, "pawsx": {"languages": ["de"]}}
    write("b", arms=TWO_ARMS, seeds=[2, 3, 4], targets=targets)
    rows = as_json("results/a", "results/b")["scores"]
    assert [(row["arm"], row["target"], row["languages"], row["seeds"]) for row in rows] == [
        ("none", "xnli", 2, 2), ("mnli", "xnli", 2, 2)
    ]  # fmt: skip
    assert rows[0]["one"] == rows[0]["other"] == pytest.approx(57.5 + 1.25), "means of the same two languages"
    assert rows[0]["note"] == "2 of 3 seeds"


def test_without_a_seed_in_common_there_is_no_interval() -> None:
    write("a", seeds=[1])
    write("b", {**RIGHT, "none": 26}, seeds=[2, 3])
    row = as_json("results/a", "results/b")["scores"][0]
    assert row["difference"] == pytest.approx(5) and row["low"] is None and row["seeds"] == 0
    assert "no seed in common: no interval" in compare("results/a", "results/b")


def test_single_models_are_compared_whatever_they_are_called() -> None:
    write("a")
    paths = write("b", models={"other": {"path": "models/other"}})
    write_scores(paths.scores, pa.Table.from_pandas(read_scores(paths.scores).assign(model="other"), schema=SCORES))
    found = as_json("results/a", "results/b")
    assert {row["model"] for row in found["scores"]} == {"xlmr"}
    assert {difference["key"] for difference in found["config"]} == {"models.xlmr", "models.other"}


def test_the_text() -> None:
    write("a")
    write("b", {**RIGHT, "mnli": 34}, training={"target": {"learning_rate": 2e-5}})
    shown = compare("results/a", "results/b").splitlines()
    assert shown[0] == "results/a and results/b"
    assert "Differences in config:" in shown and "  training.target.learning_rate: 1e-05 -> 2e-05" in shown
    assert "No difference in data." in shown
    head = next(number for number, line in enumerate(shown) if line.startswith("arm "))
    assert shown[head].split() == [
        *("arm", "target", "results/a", "results/b", "difference", "95", "%", "interval", "languages", "seeds")
    ]
    (line,) = [line for line in shown if line.startswith("mnli    tatoeba")]
    note = "one language: the interval is over seeds alone"
    assert line.split()[2:] == ["87.5", "82.5", "−5.0", "−5.0", "to", "−5.0", "1", "2", *note.split()]


class TestWhatDiffers:
    def test_in_data(self) -> None:
        for folder, digest in (("a", "1" * 64), ("b", "2" * 64)):
            paths = write(folder, contents={"models/xlmr/model.safetensors": digest, "data/x.tsv": digest})
            paths.data("xnli").mkdir(parents=True)
            files = {
                "test.en": {"examples": 40, "fingerprint": "same", "sha256": digest},
                "test.sw": {"examples": 40 + int(digest[0]), "fingerprint": digest, "sha256": digest},
            }
            paths.data_manifest("xnli").write_text(json.dumps({"files": files}), encoding="utf-8")
        assert as_json("results/a", "results/b")["data"] == [
            {"key": "xnli/test.sw", "one": f"41 examples, {'1' * 12}", "other": f"42 examples, {'2' * 12}"},
            {"key": "models/xlmr/model.safetensors", "one": "1" * 12, "other": "2" * 12},
        ]

    def test_in_code_and_runs(self) -> None:
        for folder, run in (("a", "0" * 12), ("b", "1" * 12)):
            paths = write(folder)
            for job, name, version in (
                (Job("xlmr", "none", "xnli", 1), "0" * 12, "2.13"),
                (Job("xlmr", "mnli", "xnli", 2), run, "2.13" if folder == "a" else "2.11"),
            ):
                record = job.record(paths)
                record.parent.mkdir(parents=True)
                software = {"torch": version, "python": "3.11.7"}
                text = json.dumps({"spec": {"id": name, "code": f"code{name}"}, "software": software})
                record.write_text(text, encoding="utf-8")
        found = as_json("results/a", "results/b")
        assert found["runs"] == {"same": 1, "shared": 2}
        zeros, ones = (f"code{digit * 12}" for digit in "01")
        assert found["code"] == [
            {"key": "code of finetune", "one": zeros, "other": f"{zeros}, {ones}"},
            {"key": "software.torch", "one": "2.13", "other": "2.11, 2.13"},
        ]
        assert "Of 2 jobs that both have done, 1 is the same run." in compare("results/a", "results/b")

    def test_a_section_that_one_lacks_is_one_difference(self) -> None:
        write("a")
        write("b", arms=TWO_ARMS)
        config = as_json("results/a", "results/b")["config"]
        assert [difference["key"] for difference in config] == ["arms.random", "arms.qqp"]
        assert config[1]["one"]["tasks"] == ["qqp"] and config[1]["other"] is None


def test_a_study_that_is_not_finished_has_no_scores_yet() -> None:
    write("a")
    write("b").scores.unlink()
    found = as_json("results/a", "results/b")
    assert found["scores"] is None and "the study is not finished" in found["notes"][0]
    assert "\nresults/b: the study is not finished" in compare("results/a", "results/b")


def test_one_study_is_not_compared_with_itself() -> None:
    write("my_study")
    with pytest.raises(UserError, match="are the same study, in results/my_study"):
        compare("my_study", "results/my_study")


def test_of_studies_with_names_these_are_shown() -> None:
    write("a", study="a")
    write("b", study="b")
    assert as_json("a", "b")["studies"] == ["a", "b"]
