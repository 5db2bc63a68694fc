"""How long jobs take that wait for each other."""

from __future__ import annotations

import time
from dataclasses import replace

from xstilts.planning.costs import Work
from xstilts.planning.estimates import CostEstimate
from xstilts.planning.jobs import JobGroup
from xstilts.planning.plan import wall_seconds


def jobs(rule: str, seconds: float, count: int = 1, arm: str = "mnli", what: str = "xnli") -> JobGroup:
    cost = CostEstimate(seconds, 0.0, 0.0)
    return JobGroup(rule, "tiny", arm, what, count, tuple(range(count)), Work(), cost)


def test_one_at_a_time_takes_the_sum() -> None:
    groups = [jobs("pretrain", 3), jobs("finetune", 4), jobs("retrieve", 5)]
    assert wall_seconds(groups, 1) == 12


def test_no_number_of_gpus_shortens_a_chain() -> None:
    chain = [jobs("pretrain", 10), jobs("intermediate", 5), jobs("finetune", 2), jobs("retrieve", 1, arm="none")]
    assert wall_seconds(chain, 100) == 17


def test_what_is_not_among_the_jobs_has_ended() -> None:
    assert wall_seconds([jobs("finetune", 2)], 1) == 2


def test_jobs_share_the_places() -> None:
    assert wall_seconds([jobs("finetune", 1, count=4), jobs("finetune", 4, what="squad_v1")], 2) == 4
    first = [jobs("intermediate", 1), jobs("finetune", 9), jobs("finetune", 5, arm="none")]
    assert wall_seconds(first, 1) == 15
    assert wall_seconds(first, 2) == 10


def test_a_job_on_several_gpus_takes_several_places() -> None:
    wide = replace(jobs("finetune", 4, count=2), work=Work(gpus=2))
    assert wall_seconds([wide], 2) == 8
    assert wall_seconds([wide], 4) == 4


def test_nothing_takes_no_time() -> None:
    assert wall_seconds([], 4) == 0


def test_ten_thousand_jobs_are_placed_quickly() -> None:
    groups = [jobs("finetune", 1 + n % 7, arm=str(n)) for n in range(10_000)]
    started = time.process_time()
    assert wall_seconds(groups, 64) > 0
    assert time.process_time() - started < 2
