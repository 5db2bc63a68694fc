"""Names and files of the jobs that train or score."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.paths import Paths

PATHS = Paths(Path("results/trial"))
PRETRAIN = Job.pretraining("tiny")
TRAIN = Job("tiny", "mnli", INTERMEDIATE, 1)
XNLI = Job("tiny", "mnli", "xnli", 1)
RETRIEVE = Job("tiny", "mnli", RETRIEVAL, 1)
ENCODER = (
    "record.json",
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "README.md",
    "lm_head.safetensors",
)


@pytest.mark.parametrize(
    ("job", "rule", "name", "kind"),
    [
        (PRETRAIN, "pretrain", "tiny pretraining", ("pretrain", "tiny", "")),
        (TRAIN, "intermediate", "tiny mnli intermediate seed 1", ("intermediate", "tiny", "mnli")),
        (XNLI, "finetune", "tiny mnli xnli seed 1", ("finetune", "tiny", "xnli")),
        (RETRIEVE, "retrieve", "tiny mnli retrieval seed 1", ("retrieve", "tiny", "retrieval")),
    ],
)
def test_names(job: Job, rule: str, name: str, kind: tuple[str, ...]) -> None:
    assert (job.rule, str(job), job.kind) == (rule, name, kind)


@pytest.mark.parametrize(
    ("job", "makes", "attempts", "log"),
    [
        (
            PRETRAIN,
            [f"encoders/tiny/pretrained/{name}" for name in ENCODER],
            "attempts/tiny/pretraining.json",
            "logs/pretrain/tiny.log",
        ),
        (
            TRAIN,
            ["encoders/tiny/mnli/seed1/record.json", "dev_scores/tiny/mnli/intermediate/seed1.parquet"],
            "attempts/tiny/mnli/intermediate/seed1.json",
            "logs/intermediate/tiny/mnli/seed1.log",
        ),
        (
            XNLI,
            [
                "records/tiny/mnli/xnli/seed1.json",
                *(f"{kind}/tiny/mnli/xnli/seed1.parquet" for kind in ("scores", "predictions", "dev_scores")),
            ],
            "attempts/tiny/mnli/xnli/seed1.json",
            "logs/tiny/mnli/xnli/seed1.log",
        ),
    ],
)
def test_files(job: Job, makes: list[str], attempts: str, log: str) -> None:
    assert job.makes(PATHS) == [PATHS.root / name for name in makes]
    assert job.record(PATHS) == job.makes(PATHS)[0] and job.result(PATHS) in job.makes(PATHS)
    assert job.attempts(PATHS) == PATHS.root / attempts
    assert job.log(PATHS) == PATHS.root / log


@pytest.mark.parametrize("job", [PRETRAIN, TRAIN, XNLI, RETRIEVE], ids=str)
def test_a_record_names_its_job(job: Job) -> None:
    assert Job.of_record(job.record(PATHS).relative_to(PATHS.root).as_posix()) == job


@pytest.mark.parametrize(
    "place",
    ["", "records/elsewhere.json", "records/tiny/mnli/xnli/draft.json", "scores/tiny/mnli/xnli/seed1.parquet"],
)
def test_other_files_are_no_records(place: str) -> None:
    assert Job.of_record(place) is None
