"""The lines of a running workflow: what a finished job has done, and how long the rest takes."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from configs import ready_made
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_xstilts import LogHandler
from xstilts.config.study import as_text, load
from xstilts.scores import parquet_files as files
from xstilts.scores.dev_scores import DEV_SCORES
from xstilts.scores.score_files import SCORES
from xstilts.status.run_log import RunLog, StartedJob, described


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def job(rule: str, outputs: Any = (), **wildcards: str) -> StartedJob:
    return StartedJob(rule, wildcards, [str(path) for path in outputs], 0.0)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results folder of a study with two seeds and one model."""
    folder = tmp_path / "results" / "trial"
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(as_text(load(ready_made())), encoding="utf-8")
    return folder


def write_scores(path: Path, rows: list[tuple[str, str, str, float]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows, columns=["target", "language", "split", "score"])
    metrics = table["target"].map(lambda target: ["accuracy"] if target == "xnli" else ["exact_match", "f1"])
    table = table.assign(metric=metrics).explode("metric")
    table = table.assign(study="trial", model="xlmr", arm="mnli", n=10, seed=1, run="run", flag=None)
    files.write(path, pa.Table.from_pandas(table, schema=SCORES, preserve_index=False), SCORES)
    return path


class TestDescribed:
    def test_a_scored_target_has_its_mean_over_languages_on_the_test_split(self, results: Path) -> None:
        rows = [("xnli", "en", "test", 80.0), ("xnli", "de", "test", 60.0), ("xnli", "de", "dev", 0.0)]
        path = write_scores(results / "scores/xlmr/mnli/xnli/seed1.parquet", rows)
        done = job("finetune", [path], model="xlmr", arm="mnli", training_set="xnli", seed="1")
        assert described(done) == "MNLI → XNLI, seed 1: 70.0"

    def test_each_target_of_a_training_set_has_its_own_mean(self, results: Path) -> None:
        rows = [("xquad", "en", "test", 50.0), ("mlqa", "en", "test", 40.0)]
        path = write_scores(results / "scores/xlmr/none/squad_v1/seed2.parquet", rows)
        done = job("finetune", [path], model="xlmr", arm="none", training_set="squad_v1", seed="2")
        assert described(done) == "None → XQuAD and MLQA, seed 2: XQuAD 50.0, MLQA 40.0"

    def test_metrics_beside_the_primary_ones_do_not_count(self, results: Path) -> None:
        path = write_scores(results / "scores/xlmr/mnli/xnli/seed1.parquet", [("xnli", "en", "test", 80.0)])
        scores = pa.concat_tables([table := pq.read_table(path), table.set_column(
            table.schema.get_field_index("metric"), SCORES.field("metric"), [["another"]],
        ).set_column(table.schema.get_field_index("score"), SCORES.field("score"), [[0.0]])])  # fmt: skip
        files.write(path, scores, SCORES)
        done = job("finetune", [path], model="xlmr", arm="mnli", training_set="xnli", seed="1")
        assert described(done) == "MNLI → XNLI, seed 1: 80.0"

    def test_an_arm_has_its_score_on_dev_data(self, results: Path) -> None:
        path = results / "dev_scores/xlmr/mnli/intermediate/seed1.parquet"
        path.parent.mkdir(parents=True)
        row = {
            "study": "trial", "model": "xlmr", "arm": "mnli", "stage": "intermediate", "task": "mnli", "language": "en",
            "metric": "accuracy", "score": 81.2, "n": 10, "seed": 1, "run": "run",
        }  # fmt: skip
        files.write(path, pa.Table.from_pylist([row], schema=DEV_SCORES), DEV_SCORES)
        done = job("intermediate", [path], model="xlmr", arm="mnli", seed="1")
        assert described(done) == "MNLI trained, seed 1: 81.2 on dev data"

    def test_a_model_is_named_where_there_are_several(self, tmp_path: Path) -> None:
        models = {"one": {"path": "p"}, "two": {"path": "q"}}
        (tmp_path / "study.json").write_text(as_text(load(ready_made(models=models, seeds=[1]))), encoding="utf-8")
        done = job(
            "retrieve", [tmp_path / "scores/two/none/retrieval/seed1.parquet"], model="two", arm="none", seed="1"
        )
        assert described(done) == "two: None → Tatoeba"

    @pytest.mark.parametrize(
        ("rule", "wildcards", "line"),
        [
            ("encode", {"model": "xlmr", "task": "mnli"}, "MNLI encoded for xlmr"),
            ("report", {}, "report written"),
            ("new_rule", {"task": "mnli", "model": "xlmr"}, "new_rule MNLI xlmr"),
        ],
    )
    def test_other_jobs_say_what_they_have_done(
        self, results: Path, rule: str, wildcards: dict[str, str], line: str
    ) -> None:
        assert described(job(rule, [results / "file"], **wildcards)) == line

    def test_a_study_that_cannot_be_read_leaves_the_names(self, tmp_path: Path) -> None:
        (tmp_path / "study.json").write_text("{", encoding="utf-8")
        done = job("finetune", [tmp_path / "scores/x.parquet"], model="m", arm="a", training_set="t", seed="1")
        assert described(done) == "m: a → t, seed 1"


class TestProgress:
    def test_jobs_take_the_mean_time_of_their_rule(self) -> None:
        clock = Clock()
        log = RunLog({"encode": 3, "finetune": 2}, clock)
        log.start(1, "encode", {}, [])
        clock.now = 10
        log.finish(1)
        log.start(2, "finetune", {}, [])
        clock.now = 110
        log.finish(2)
        assert log.seconds_left() == pytest.approx(2 * 10 + 100)
        assert log.progress() == "2 of 5, about 2 min left"

    def test_jobs_that_run_at_the_same_time_share_the_time_left(self) -> None:
        clock = Clock()
        log = RunLog({"finetune": 6}, clock)
        for number in (1, 2):
            log.start(number, "finetune", {}, [])
        clock.now = 60
        for number in (1, 2):
            log.finish(number)
        assert log.seconds_left() == pytest.approx(4 * 60 / 2)

    def test_before_any_job_is_done_nothing_is_estimated(self) -> None:
        assert RunLog({"encode": 3}).progress() == "0 of 3"

    def test_failed_jobs_are_not_counted_and_waiting_ones_have_no_line(self) -> None:
        log = RunLog({"encode": 2})
        log.start(1, "encode", {}, [])
        log.fail(1)
        log.start(2, "all", {}, [])
        assert (log.finish(1), log.finish(2), log.finished, log.running) == ("", "", 0, 0)


class TestHandler:
    """What reaches standard error."""

    @staticmethod
    def shown(monkeypatch: pytest.MonkeyPatch, records: list[dict[str, Any]], **settings: Any) -> str:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        usual = {
            "printshellcmds": False, "nocolor": True, "quiet": None, "debug_dag": False, "verbose": False,
            "show_failed_logs": True, "stdout": False, "dryrun": False,
        }  # fmt: skip
        handler = LogHandler(SimpleNamespace(**{**usual, **settings}), None)
        for values in records:
            record = logging.LogRecord("s", values.pop("level", logging.INFO), "f", 1, values.pop("msg", ""), (), None)
            vars(record).update(values)
            handler.handle(record)
        handler.close()
        return stream.getvalue()

    @staticmethod
    def run() -> list[dict[str, Any]]:
        announced = {
            "jobid": 7, "rule_name": "encode", "wildcards": {"task": "mnli", "model": "m"}, "output": [],
            "rule_msg": None, "indent": False, "reason": "", "input": [], "log": [], "benchmark": None,
            "resources": {}, "priority": 0, "threads": 1, "local": False, "is_checkpoint": False,
            "is_handover": False, "shellcmd": "",
        }  # fmt: skip
        return [
            {"event": LogEvent.RUN_INFO, "msg": "Job stats", "stats": {"encode": 2, "all": 1, "total": 3}},
            {"event": LogEvent.JOB_INFO, "msg": "Rule: encode", **announced},
            {"msg": "Select jobs to execute..."},
            {"event": LogEvent.JOB_FINISHED, "msg": "Finished jobid: 7", "job_id": 7},
            {"event": LogEvent.PROGRESS, "msg": None, "done": 1, "total": 3},
        ]

    def test_a_finished_job_is_one_line_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (line,) = self.shown(monkeypatch, self.run()).splitlines()
        assert line.startswith("[1 of 2") and "] mnli encoded for m (" in line

    def test_quiet_runs_say_nothing_and_dry_runs_what_snakemake_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from snakemake.settings.enums import Quietness

        assert self.shown(monkeypatch, self.run(), quiet={Quietness.ALL}) == ""
        dry = self.shown(monkeypatch, self.run()[:2], dryrun=True)
        assert "Job stats" in dry and "rule encode:" in dry

    def test_errors_and_warnings_are_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        records = [
            {"level": logging.ERROR, "event": LogEvent.ERROR, "msg": "It failed."},
            {"level": logging.WARNING, "msg": "Note."},
        ]
        assert self.shown(monkeypatch, records).split("\n")[:2] == ["It failed.", "Note."]


def test_snakemake_finds_the_handler() -> None:
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    assert LoggerPluginRegistry().get_plugin("xstilts").log_handler is LogHandler
