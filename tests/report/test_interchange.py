"""Scores in the JSON of lm-evaluation-harness and MTEB: their shapes, their units, and what stands for which run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from finished_study import write_finished
from made_up import study_of, write_study
from typer.testing import CliRunner

from xstilts.cli.commands import app
from xstilts.config.study import load_file
from xstilts.errors import UserError
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Runs
from xstilts.jobs.exchange import export_results
from xstilts.scores.score_files import SCORES, read_scores, write_scores

NUMBER = {"type": "number", "minimum": 0, "maximum": 1}
#: What readers of lm-evaluation-harness's files rely on.
LM_EVAL = {
    "type": "object",
    "required": ["results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better",
                 "n-samples", "config", "date", "model_name", "model_name_sanitized"],
    "properties": {
        "results": {
            "additionalProperties": {
                "required": ["alias"],
                "properties": {"alias": {"type": "string"}},
                "patternProperties": {
                    "^[a-z0-9_]+_stderr,none$": {"anyOf": [NUMBER, {"const": "N/A"}]},
                    "^(?!.*_stderr)[a-z0-9_]+,none$": NUMBER,
                },
                "additionalProperties": False,
            }
        },
        "group_subtasks": {"additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "n-shot": {"additionalProperties": {"const": 0}},
        "n-samples": {"additionalProperties": {"required": ["original", "effective"]}},
        "configs": {"additionalProperties": {"required": ["task", "dataset_path", "metric_list", "num_fewshot"]}},
        "config": {"required": ["model", "model_args"]},
        "date": {"type": "number"},
    },
}  # fmt: skip
#: As ``mteb.results.TaskResult`` validates it.
MTEB = {
    "type": "object",
    "required": ["dataset_revision", "task_name", "mteb_version", "scores", "evaluation_time"],
    "properties": {
        "dataset_revision": {"type": "string"},
        "task_name": {"type": "string"},
        "scores": {
            "propertyNames": {"enum": ["dev", "test"]},
            "additionalProperties": {
                "type": "array",
                "items": {
                    "required": ["main_score", "hf_subset", "languages"],
                    "properties": {
                        "main_score": NUMBER,
                        "hf_subset": {"type": "string"},
                        "languages": {"type": "array", "items": {"pattern": "^[a-z]{3}-[A-Z][a-z]{3}$"}},
                    },
                },
            },
        },
    },
}


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    folder = tmp_path / "results" / "my_study"
    study = write_finished(folder)
    found = Runs(study, folder=folder)
    for number, job in enumerate(found.jobs()):
        record = job.record(found.paths)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text("{}")
        os.utime(record, (1e9 + number, 1e9 + number))
    return found


def read(folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted(folder.rglob("*.json"))
    return {path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in files}


class TestLmEval:
    @pytest.fixture
    def files(self, runs: Runs, tmp_path: Path) -> dict[str, dict[str, Any]]:
        export_results(runs, "lm-eval", tmp_path / "out")
        return read(tmp_path / "out")

    def test_one_file_per_run_in_the_harness_shape(self, files: dict[str, dict[str, Any]]) -> None:
        assert [name.split("/")[0] for name in files] == ["my_study__xlmr-mnli__seed1", "my_study__xlmr-none__seed1"]
        for name, content in files.items():
            assert name.split("/")[1].startswith("results_2001-09-09T01-46-4")
            jsonschema.Draft202012Validator(LM_EVAL).validate(content)
            assert set(content["results"]) == set(content["configs"]) == set(content["n-shot"])

    def test_scores_are_shares_of_one_with_errors_where_they_are_means(self, files: dict[str, dict[str, Any]]) -> None:
        (mnli, none) = files.values()
        assert mnli["results"]["xnli_de"]["acc,none"] == 0.75
        # of the points 1, 1, 1, 0 the standard deviation is 0.5, over the root of four
        assert mnli["results"]["xnli_de"]["acc_stderr,none"] == pytest.approx(0.25)
        assert mnli["groups"]["xnli"]["acc,none"] == 0.75 and mnli["group_subtasks"]["xnli"] == ["xnli_de"]
        assert none["results"]["xquad_de"]["f1,none"] == pytest.approx(1 / 6)
        assert mnli["n-samples"]["xnli_de"] == {"original": 100, "effective": 100}
        assert mnli["configs"]["xquad_de"]["metadata"]["fine_tuned_on"] == "squad_v1"
        assert mnli["config"]["model_args"] == "pretrained=models/xlmr,arm=mnli" and mnli["config"]["random_seed"] == 1

    def test_scores_that_are_no_means_of_examples_have_no_error(self, runs: Runs, tmp_path: Path) -> None:
        scores = read_scores(runs.paths.scores)
        scores.loc[scores["target"] == "udpos", "score"] = 71.0
        write_scores(runs.paths.scores, pa.Table.from_pandas(scores, schema=SCORES, preserve_index=False))
        export_results(runs, "lm-eval", tmp_path / "other")
        for content in read(tmp_path / "other").values():
            assert content["results"]["udpos_de"]["f1_stderr,none"] == "N/A"


class TestMteb:
    @pytest.fixture
    def files(self, runs: Runs, tmp_path: Path) -> dict[str, dict[str, Any]]:
        export_results(runs, "mteb", tmp_path / "out")
        return read(tmp_path / "out")

    def test_one_file_per_target_in_mteb_s_shape(self, files: dict[str, dict[str, Any]]) -> None:
        names = {name.removeprefix("my_study__xlmr-mnli/seed1/") for name in files if "mnli" in name}
        assert names == {"model_meta.json", "xnli.json", "udpos.json", "xquad.json", "tatoeba.json"}
        results = {name: content for name, content in files.items() if "model_meta" not in name}
        assert len(results) == 8
        for content in results.values():
            jsonschema.Draft202012Validator(MTEB).validate(content)

    def test_main_score_is_the_mean_of_the_primary_metrics(self, files: dict[str, dict[str, Any]]) -> None:
        (entry,) = files["my_study__xlmr-none/seed1/xnli.json"]["scores"]["test"]
        assert entry == {"accuracy": 0.25, "main_score": 0.25, "hf_subset": "de", "languages": ["deu-Latn"]}
        (entry,) = files["my_study__xlmr-mnli/seed1/xquad.json"]["scores"]["test"]
        assert (entry["main_score"], entry["f1"], entry["exact_match"]) == (1, 1, 1)

    def test_the_model_is_the_arm_and_its_revision_the_seed(self, files: dict[str, dict[str, Any]]) -> None:
        meta = files["my_study__xlmr-mnli/seed1/model_meta.json"]
        assert (meta["name"], meta["revision"]) == ("my_study/xlmr-mnli", "seed1")
        assert meta["xstilts"]["arm"] == "mnli" and meta["languages"] == ["deu-Latn"]


@pytest.mark.parametrize("form", ["lm-eval", "mteb"])
def test_the_command(form: str, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--study", "results/my_study/study.json", "--format", form, "--to", "out"]
    done = CliRunner().invoke(app, ["export-results", *options])
    assert done.exit_code == 0 and done.output == {
        "lm-eval": "out: 2 files of 2 runs in the form of lm-eval.\n",
        "mteb": "out: 10 files of 2 runs in the form of mteb.\n",
    }[form]  # fmt: skip
    assert len(read(tmp_path / "out")) == int(done.output.split()[1])


def test_runs_that_have_not_learnt_are_left_out_and_told_of(runs: Runs, tmp_path: Path) -> None:
    scores = read_scores(runs.paths.scores)
    scores.loc[(scores["arm"] == "none") & (scores["target"] == "xnli"), "flag"] = "not learnt: guesses"
    write_scores(runs.paths.scores, pa.Table.from_pandas(scores, schema=SCORES, preserve_index=False))
    told = export_results(runs, "lm-eval", tmp_path / "out")
    assert told.endswith("; left out, because it has not learnt its task: 1 job.")
    none = next(content for name, content in read(tmp_path / "out").items() if "-none" in name)
    assert "xnli_de" not in none["results"] and "xquad_de" in none["results"]


def test_a_folder_with_files_is_left_alone(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(UserError, match="there is something already"):
        export_results(runs, "mteb", tmp_path / "out")


def test_a_warning_of_the_study_goes_with_its_scores(tmp_path: Path) -> None:
    folder = tmp_path / "my_study"
    study = study_of(source={"kind": "synthetic"}, targets={"xnli": {"languages": ["en"]}})
    write_study(folder, study, {"none": 24, "mnli": 36, "qqp": 20, "random": 8})
    runs = Runs(load_file(Paths(folder).study), folder=folder)
    for form in ("lm-eval", "mteb"):
        export_results(runs, form, tmp_path / form)  # type: ignore[arg-type]
    told = [content.get("xstilts") or content["config"]["xstilts"] for folder in ("lm-eval", "mteb")
            for content in read(tmp_path / folder).values()]  # fmt: skip
    assert len(told) == 4 * 2 + 4 * 2 * 2
    assert all("say nothing about real languages" in about["warning"] for about in told)
