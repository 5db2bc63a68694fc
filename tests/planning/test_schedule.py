"""Jobs that wait for each other."""

from __future__ import annotations

import time

from xstilts.planning.schedule import Task, wall_seconds


def test_one_at_a_time_takes_the_sum() -> None:
    tasks = [Task(("a",), 3, 0), Task(("b",), 4, 0), Task(("c",), 5, 0, (("a",),))]
    assert wall_seconds(tasks, 1) == 12


def test_no_number_of_gpus_shortens_a_chain() -> None:
    chain = [
        Task(("pretrain",), 10, 100),
        Task(("intermediate",), 5, 50, (("pretrain",),)),
        Task(("finetune",), 2, 0, (("pretrain",), ("intermediate",))),
        Task(("other",), 1, 0, (("pretrain",),)),
    ]
    assert wall_seconds(chain, 100) == 17


def test_what_is_not_among_the_jobs_has_ended() -> None:
    assert wall_seconds([Task(("finetune",), 2, 0, (("pretrain",),))], 1) == 2


def test_priority_goes_first_and_then_length() -> None:
    tasks = [Task((f"short{n}",), 1, 0) for n in range(4)] + [Task(("long",), 4, 0)]
    assert wall_seconds(tasks, 2) == 4
    first = [Task(("first",), 1, 50), Task(("last",), 9, 0, (("first",),)), Task(("big",), 5, 0)]
    assert wall_seconds(first, 1) == 15
    assert wall_seconds(first, 2) == 10


def test_nothing_takes_no_time() -> None:
    assert wall_seconds([], 4) == 0


def test_ten_thousand_jobs_are_placed_quickly() -> None:
    tasks = [Task((str(n),), 1 + n % 7, 0, (("0",),) if n else ()) for n in range(10_000)]
    started = time.process_time()
    assert wall_seconds(tasks, 64) > 0
    assert time.process_time() - started < 2
