"""Why each score is missing: from the recorded attempts, or from logs without them."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from small_study import study_config

from xstilts.atomic import write_json
from xstilts.config.study import load
from xstilts.graph.failures import failures, told, unfinished
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.report.page import gather_content
from xstilts.report.page.page import render
from xstilts.runtime.attempts import Attempt

FIRST = "2026-03-01T10:00:00+00:00"
KILLED = Attempt("abc", "in", FIRST, FIRST, "node7", 1, "4711", stage="training", step=1200, total=3000)
JOB = ("xlmr", "none", "squad_v1", 1)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study whose data is ready, and nothing else."""
    monkeypatch.chdir(tmp_path)
    found = Runs(load(study_config()))
    tasks = found.study.tasks()
    touch(found.paths.prepared, found.paths.tokenizer_file("xlmr"))
    touch(*(found.paths.tokens_manifest("xlmr", task) for task in tasks), *map(found.paths.data_manifest, tasks))
    return found


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def attempted(runs: Runs, job: tuple[str, str, str, int], *attempts: Attempt) -> None:
    write_json(runs.paths.attempts(*job), [asdict(attempt) for attempt in attempts])


class TestAnAttempt:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"outcome": "failed", "reason": "no such file\nsecond line"}, "failed: no such file"),
            ({"outcome": "diverged", "reason": "the loss is nan"}, "diverged: the loss is nan"),
            ({"outcome": "stopped"}, "stopped: it was asked to stop at step 1,200 of 3,000, and goes on from there"),
            ({"outcome": "done"}, "waiting: it was done before"),
            (
                {},
                "killed at step 1,200 of 3,000: no sign of it on node7 (SLURM job 4711) since 2026-03-01 10:00:00 UTC",
            ),
            ({"slurm_job": "", "total": 0}, "killed: no sign of it on node7 since"),
        ],
    )
    def test_in_words(self, changes: dict[str, object], words: str) -> None:
        assert words in told(replace(KILLED, **changes))

    def test_a_process_that_lives_is_at_work_however_silent(self) -> None:
        now = Attempt.begin("abc", "in").started
        here = replace(KILLED, host=socket.gethostname(), pid=os.getpid(), started=now)
        assert told(here) == "still at work at step 1,200 of 3,000"

    def test_a_process_elsewhere_counts_as_alive_while_it_gives_signs(self) -> None:
        now = Attempt.begin("abc", "in").updated
        assert told(replace(KILLED, updated=now)).startswith("still at work")
        assert told(replace(KILLED, updated="?")).startswith("killed")


class TestMissingCells:
    def test_the_last_attempt_is_the_reason(self, runs: Runs) -> None:
        attempted(runs, JOB, KILLED, replace(KILLED, outcome="failed", reason="no memory"))
        assert unfinished(runs)[JOB] == "failed: no memory"
        assert unfinished(runs)["xlmr", "none", RETRIEVAL, 1] == "waiting: its job has not run"

    def test_a_job_without_attempts_has_its_log(self, runs: Runs) -> None:
        log = runs.paths.part("logs", *JOB, suffix="log")
        touch(log)
        assert unfinished(runs)[JOB] == "waiting: its job has not run", "snakemake --touch leaves an empty log"
        log.write_text("10 %\r100 %\nxstilts: \x1b[31mno head\x1b[0m\n\n")
        assert unfinished(runs)[JOB].endswith("; its log ends: no head")
        (failure,) = failures(runs)
        assert failure.tail == ["100 %", "xstilts: no head"]

    def test_what_is_upstream_comes_first(self, runs: Runs) -> None:
        job = ("xlmr", "mnli", "squad_v1", 1)
        attempted(runs, ("xlmr", "mnli", INTERMEDIATE, 1), replace(KILLED, outcome="diverged", reason="loss nan"))
        attempted(runs, job, replace(KILLED, outcome="failed", reason="of long ago"))
        reasons = unfinished(runs)
        assert reasons[job] == "upstream: intermediate training mnli of xlmr, seed 1: diverged: loss nan"
        assert reasons["xlmr", "mnli", "squad_v1", 2].startswith("waiting: intermediate training mnli of xlmr, seed 2")

    def test_data_that_could_not_be_read(self, runs: Runs) -> None:
        runs.paths.prepared.unlink()
        runs.paths.data_manifest("qqp").unlink()
        log = runs.paths.log("prepare", "qqp")
        touch(log)
        log.write_text("xstilts: data/qqp.tsv, row 3: two labels")
        assert set(unfinished(runs).values()) == {
            "upstream: reading QQP: failed: it was started and has not come to its end; "
            "its log ends: data/qqp.tsv, row 3: two labels"
        }

    def test_scores_of_an_earlier_version_wait(self, runs: Runs) -> None:
        touch(runs.paths.part("scores", *JOB))
        assert JOB not in unfinished(runs)
        assert "earlier version" in unfinished(replace(runs, finished=frozenset()))[JOB]

    def test_a_job_that_was_done_before_has_not_failed(self, runs: Runs) -> None:
        attempted(runs, JOB, replace(KILLED, outcome="done"))
        assert failures(runs) == [] and "done before" in unfinished(runs)[JOB]


def test_the_page_shows_attempts_and_the_end_of_the_log_escaped(runs: Runs) -> None:
    attempted(runs, JOB, KILLED, replace(KILLED, outcome="failed", reason="<i>first</i>\nsecond"))
    attempted(runs, ("xlmr", "none", "squad_v1", 2), KILLED)
    log = runs.paths.part("logs", *JOB, suffix="log")
    touch(log)
    log.write_text("\n".join(f"line {number}" for number in range(40)) + "\n<script>alert(1)</script>\n")
    text = render(gather_content(runs))
    assert "line 39" in text and "line 26" in text and "line 25" not in text
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text and "<i>" not in text
    assert "node7, SLURM job 4711" in text and "killed at step 1,200" in text
    assert "It has no log" in text
