"""The declarations: pinned, complete, and honest about what the Hub does not have."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from xstilts.errors import UserError
from xstilts.sources.hub.origins import origins
from xstilts.sources.hub.rows import CONVERTERS
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS

LANGUAGES = languages_of("hub")
XTREME_R_CHOICES = "siqa", "copa", "xcopa"
TASKS_OF_THE_HUB = [
    name for name in (*INTERMEDIATE_TASKS, *TARGET_TASKS, *XTREME_R_CHOICES) if not TASKS[name].hub_refusal()
]


def test_all_tasks_are_on_the_hub_but_those_that_are_not_there_whole():
    assert set(INTERMEDIATE_TASKS + TARGET_TASKS) - set(TASKS_OF_THE_HUB) == {"ccg", "bucc2018"}


@pytest.mark.parametrize("task", TASKS_OF_THE_HUB)
def test_repositories_are_namespaced_and_pinned_to_commits(task):
    for part in TASKS[task].hub:
        assert re.fullmatch(r"[\w-]+/[\w-]+", part.repository)
        assert re.fullmatch(r"[0-9a-f]{40}", part.revision)


@pytest.mark.parametrize("task", TASKS_OF_THE_HUB)
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_splits_are_those_of_the_official_release(task, split):
    trains = split == "train" or (split == "dev" and task in INTERMEDIATE_TASKS)
    if not TASKS[task].has(split):
        with pytest.raises(UserError, match=f"has no {split} split on the Hugging Face Hub, only"):
            origins(TASKS[task], split, LANGUAGES["en"])
        return
    for code in ["en"] if trains else TASKS[task].languages:
        if TASKS[task].hub_refusal(code) or (task, split, code) in [
            ("udpos", "dev", kk) for kk in ("kk", "th", "tl", "yo")
        ]:
            continue
        for origin in origins(TASKS[task], split, LANGUAGES[code]):
            assert origin.part.converter in CONVERTERS
            assert "{" not in f"{origin.config}"


@pytest.mark.parametrize(
    ("task", "split", "code", "config", "hub_split", "rows"),
    [
        ("mnli", "dev", "en", None, "validation_matched", 9815),
        ("qqp", "train", "en", "qqp", "train", 363846),
        ("xnli", "test", "sw", "sw", "test", 5010),
        ("pawsx", "train", "en", "en", "train", 49401),
        ("pawsx", "dev", "ko", "ko", "validation", 2000),
        ("udpos", "train", "en", "udpos.English", "train", 21253),
        ("udpos", "test", "fa", "udpos.Persian", "test", None),
        ("udpos", "test", "th", "udpos.Thai", "test", 1000),
        ("panx", "test", "ur", "PAN-X.ur", "test", 1000),
        ("panx", "train", "en", "PAN-X.en", "train", 20000),
        ("xquad", "test", "zh", "xquad.zh", "validation", 1190),
        ("mlqa", "test", "es", "MLQA.es.es", "test", 5253),
        ("tydiqa", "dev", "en", "secondary_task", "validation", 5077),
        ("tydiqa", "test", "te", "secondary_task", "validation", 5077),
        ("tatoeba", "test", "sw", "swh-eng", "test", 390),
        ("tatoeba", "test", "zh", "cmn-eng", "test", 1000),
    ],
)
def test_what_a_file_is_read_from(task, split, code, config, hub_split, rows):
    (origin,) = origins(TASKS[task], split, LANGUAGES[code])
    assert (origin.config, origin.split, origin.rows) == (config, hub_split, rows)


def test_anli_plus_has_the_size_that_its_users_report():
    train, dev = (
        sum(origin.rows for origin in origins(TASKS["anli"], split, LANGUAGES["en"])) for split in ("train", "dev")
    )
    without_consensus = (550152 - 549367, 10000 - 9842)  # of SNLI
    assert (train - without_consensus[0], dev - without_consensus[1]) == (1104934, 22857)


def test_files_of_different_origins_lie_apart():
    files = [
        origin.file(Path("hub"), task)
        for task in TASKS_OF_THE_HUB
        for split in ("train", "dev")
        if split in TASKS[task].hub[0].splits
        for origin in origins(TASKS[task], split, LANGUAGES["en"])
    ]
    assert len(set(files)) == len(files)


def test_tasks_that_are_not_on_the_hub_say_why():
    assert "LDC2005T13" in str(TASKS["ccg"].hub_refusal())
    assert "sample set" in str(TASKS["bucc2018"].hub_refusal())
    with pytest.raises(UserError, match="LDC2005T13"):
        origins(TASKS["ccg"], "train", LANGUAGES["en"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [("el", "Ancient Greek"), ("zh", "Classical"), ("fr", "Old French"), ("ru", "Old Russian"), ("de", "Swiss German")],
)
def test_languages_of_udpos_that_are_mixed_with_others_are_refused(code, reason):
    assert TASKS["udpos"].hub_refusal() is None
    assert reason in str(TASKS["udpos"].hub_refusal(code)) and f"leave '{code}' out of" in str(
        TASKS["udpos"].hub_refusal(code)
    )
    assert TASKS["panx"].hub_refusal(code) is None
    with pytest.raises(UserError, match=reason):
        origins(TASKS["udpos"], "test", LANGUAGES[code])


@pytest.mark.parametrize("code", ["kk", "th", "tl", "yo"])
def test_languages_of_udpos_without_dev_data_have_test_data(code):
    assert origins(TASKS["udpos"], "test", LANGUAGES[code])
    with pytest.raises(UserError, match=f"UDPOS has no dev split in '{code}'"):
        origins(TASKS["udpos"], "dev", LANGUAGES[code])


def test_udpos_says_that_its_scores_cannot_be_compared():
    (origin,) = origins(TASKS["udpos"], "test", LANGUAGES["es"])
    assert "not comparable with published" in origin.part.note


def test_checking_a_config_imports_nothing_heavy():
    code = "import sys, xstilts.tasks.registry as r; r.TASKS['ccg'].hub_refusal(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"datasets", "torch", "huggingface_hub", "pyarrow", "pandas"} & set(loaded)
