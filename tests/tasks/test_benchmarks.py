"""The benchmarks are complete, and agree with what their own scripts list."""

from __future__ import annotations

import pytest
from configs import ready_made

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.tasks.benchmarks import BENCHMARKS, XTREME, XTREME_R, Benchmark
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TARGET_TASKS, TASKS

EACH = pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=list(BENCHMARKS))
#: Languages of XTREME-R's tasks, by ``XTREME_R_TASK2LANGS`` of its evaluate.py.
COUNTS = {
    "xnli": 15, "xcopa": 11, "udpos": 38, "panx": 48, "xquad": 12, "mlqa": 7, "tydiqa": 9, "tatoeba": 41,
    "mewslix": 11, "lareqa": 11,
}  # fmt: skip
ADDED = {
    "udpos": {"lt", "pl", "uk", "wo", "ro"},
    "panx": {"qu", "pl", "uk", "az", "lt", "pa", "gu", "ro"},
    "xquad": {"ro"},
    "tatoeba": {"az", "lt", "pl", "uk", "ro"},
}


@EACH
def test_groups_are_of_its_tasks_and_have_official_names(benchmark: Benchmark) -> None:
    grouped = {task for tasks in benchmark.groups.values() for task in tasks}
    assert grouped <= set(benchmark.targets) <= set(TASKS)
    assert set(benchmark.official_groups) == set(benchmark.groups)
    assert all(TASKS[task].is_target for task in benchmark.targets)


def test_xtreme_is_what_the_catalogue_says() -> None:
    assert XTREME.targets == XTREME.submitted == TARGET_TASKS
    assert all(XTREME.task(TASKS[name]) is TASKS[name] for name in TASKS)


def test_xtreme_r_s_tasks_and_languages() -> None:
    languages = {name: XTREME_R.task(TASKS[name]).languages for name in XTREME_R.targets}
    assert {name: len(codes) for name, codes in languages.items()} == COUNTS
    assert set(languages["xcopa"]) == {"et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh"}
    assert set(languages["mewslix"]) == {"ar", "de", "en", "es", "fa", "ja", "pl", "ro", "ta", "tr", "uk"}
    assert set(languages["lareqa"]) == {"ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"}
    assert all(set(languages[name]) - set(TASKS[name].languages) == more for name, more in ADDED.items())
    assert all(list(codes) == sorted(codes) for codes in languages.values())
    used = {code for codes in languages.values() for code in codes}
    assert used == set(languages_of("files"))  # 50 languages
    assert not {"pawsx", "bucc2018", "lareqa"} & set(XTREME_R.submitted)


def test_xcopa_is_in_two_groups_and_lareqa_in_none() -> None:
    groups_of = {task: [g for g, tasks in XTREME_R.groups.items() if task in tasks] for task in XTREME_R.targets}
    assert groups_of["xcopa"] == ["classification", "multiple_choice"] and groups_of["lareqa"] == []
    assert all(len(groups) == 1 for task, groups in groups_of.items() if task not in ("xcopa", "lareqa"))


def test_a_study_s_benchmark_decides_which_languages_a_task_has() -> None:
    targets = {"panx": {}, "tatoeba": {}}
    one, other = (load(ready_made(targets=targets, benchmark=name)) for name in ("xtreme", "xtreme_r"))
    assert [len(one.languages(target)) for target in targets] == [40, 36]
    assert [len(other.languages(target)) for target in targets] == [48, 41]
    assert load(ready_made(targets=targets)).suite is XTREME
    load(ready_made(targets={"panx": {"languages": ["qu"]}}, benchmark="xtreme_r"))
    with pytest.raises(UserError, match=r"targets\.panx\.languages: PAN-X has no 'qu'"):
        load(ready_made(targets={"panx": {"languages": ["qu"]}}))


def test_languages_that_the_hub_lacks_are_refused() -> None:
    source = {"kind": "hub", "root": "data"}
    with pytest.raises(UserError, match="PAN-X in 'az' is not in the one pinned copy"):
        load(ready_made(targets={"panx": {}}, arms={"none": {}}, source=source, benchmark="xtreme_r"))
    load(ready_made(targets={"tatoeba": {}}, arms={"none": {}}, source=source, benchmark="xtreme_r"))


def test_an_unknown_benchmark_is_an_error_that_names_the_key() -> None:
    with pytest.raises(UserError, match="benchmark"):
        load(ready_made(benchmark="glue"))
