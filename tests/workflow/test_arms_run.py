"""Arms in stages, masked LM beside tasks and a continued model, from the data to the scores of a synthetic study."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workspace import Workspace

SCORES = "results/tiny/scores.parquet"
#: One arm with all that an arm can have, as every job takes seconds.
STAGED = {
    "stages": [
        {"tasks": ["mnli"]},
        {
            "tasks": ["mnli", "qqp"],
            "mixing": "equal",
            "masked_lm": {"text": "study", "share": 0.4, "languages": ["en", "qaa"]},
            "training": {"max_steps": 3},
        },
    ]
}


@pytest.fixture
def study(tmp_path: Path) -> Workspace:
    """A synthetic study of an encoder of its own and its continuation on code."""
    made = Workspace(tmp_path)
    made.config |= {
        "source": {"kind": "synthetic", "train_examples": 40, "eval_examples": 10, "documents": 300},
        "models": {
            **made.config["models"],
            "code": {"continue": {"from": "small", "text": "code", "steps": 3}, "code_of": "small"},
        },
        "text": {"code": {"files": "corpora/**/*.py"}},
        "arms": {"none": {}, "staged": copy.deepcopy(STAGED)},
        "targets": {"xnli": {"languages": ["en", "qaa"]}},
    }
    (tmp_path / "corpora" / "deep").mkdir(parents=True)
    for number in range(3):
        lines = "".join(f"def f{line}(x):\n    return x + {line}\n" for line in range(1000))
        (tmp_path / "corpora" / "deep" / f"{number}.py").write_text(lines, encoding="utf-8")
    return made


def record(study: Workspace, *names: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((study.results.joinpath("encoders", *names) / "record.json").read_bytes())
    return found


def test_the_whole_way(study: Workspace) -> None:
    study.snakemake(SCORES).ok()
    scores = pd.read_parquet(study.folder / SCORES)
    assert set(scores["arm"]) == {"none", "staged"} and set(scores["model"]) == {"small", "code"}

    staged = record(study, "small", "staged", "seed1")["training"]
    assert [entry["steps"] for entry in staged["stages"]] == [2, 3] and set(staged["learnt"]) == {"mnli", "qqp"}
    assert staged["curve"][-1]["masked_lm_loss"] > 0
    continued = record(study, "code", "pretrained")
    assert continued["training"]["steps"] == 3 and "masked_lm_loss" in continued["training"]["curve"][-1]
    assert (study.results / "encoders" / "code" / "pretrained" / "lm_head.safetensors").is_file()
    assert (study.results / "tokenizers" / "code" / "tokenizer.json").read_bytes() == (
        study.results / "tokenizers" / "small" / "tokenizer.json"
    ).read_bytes()

    assert study.planned(SCORES) == []
    study.config["arms"]["staged"]["stages"][1]["training"]["max_steps"] = 4
    again = [f"finetune {model} staged xnli 1" for model in ("code", "small")]
    again += [f"intermediate {model} staged 1" for model in ("code", "small")]
    assert study.planned(SCORES) == ["collect", *again]
    study.config["arms"]["staged"]["stages"][1]["training"]["max_steps"] = 3
    study.config["models"]["code"]["continue"]["steps"] = 4
    again = study.planned(SCORES)
    assert "pretrain code" in again and not [job for job in again if " small " in job]
    study.config["models"]["code"]["continue"]["steps"] = 3
    (study.folder / "corpora" / "deep" / "0.py").write_text("x = 1\n", encoding="utf-8")
    again = study.planned(SCORES)
    assert {"prepare text_code", "encode code text_code", "pretrain code"} <= set(again)
    assert not [job for job in again if " small " in job]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "text.code.files: no file matches 'corpora/**/*.py'."),
        ({"corpora/a.py": b""}, "text.code.files: all its files are empty"),
        ({"corpora/a.py": b"\x7fELF\x00\x01"}, "a.py is no text: it has a zero byte"),
    ],
)
def test_a_bad_corpus_is_refused_before_anything_runs(study: Workspace, files: dict[str, bytes], sentence: str) -> None:
    for path in (study.folder / "corpora" / "deep").iterdir():
        path.unlink()
    for name, content in files.items():
        (study.folder / name).write_bytes(content)
    done = study.snakemake("--dry-run")
    assert done.code != 0 and sentence in done.text and "Traceback" not in done.text


def test_plan_counts_the_jobs_that_snakemake_counts_and_the_steps_of_all_stages(study: Workspace) -> None:
    study.write()
    plan = json.loads(study.xstilts("plan", "--config", "study.yaml", "--gpu", "cpu", "--json").ok().text)
    assert plan["jobs"] == dict(study.counts())
    steps = {
        (group["rule"], group["model"], group.get("arm", "")): group["steps"]
        for group in plan["groups"]
        if group["steps"]
    }
    assert steps["intermediate", "small", "staged"] == 2 + 3
    assert steps["pretrain", "code", ""] == 3
