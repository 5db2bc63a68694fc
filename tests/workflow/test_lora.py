"""An arm with an adapter and one without, from the data to the scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from workspace import Workspace

FULL, LORA = "mnli", "mnli_lora"
SCORES = "results/tiny/scores.parquet"


@pytest.fixture
def study(workspace: Workspace) -> Workspace:
    """Both arms of the same task, fine-tuned with an adapter."""
    workspace.config["models"]["small"]["architecture"] |= {"hidden_size": 64, "layers": 2, "feed_forward_size": 128}
    workspace.config["arms"] = {
        "none": {},
        FULL: {"tasks": ["mnli"]},
        LORA: {"tasks": ["mnli"], "training": {"lora": {"rank": 1}}},
    }
    workspace.config["targets"] = {"xnli": {"languages": ["de", "en"]}, "tatoeba": {"languages": ["de"]}}
    workspace.config["training"]["target"]["lora"] = {"rank": 2, "modules": ["attention"]}
    return workspace


def size(folder: Path) -> int:
    """Bytes of the weights."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def test_both_kinds_of_arms_run_to_the_scores(study: Workspace) -> None:
    study.snakemake(SCORES).ok()
    scores = pd.read_parquet(study.folder / SCORES)
    assert set(scores["arm"]) == {"none", FULL, LORA} and set(scores["target"]) == {"xnli", "tatoeba"}
    whole, adapter = (study.results / "encoders" / "small" / arm / "seed1" for arm in (FULL, LORA))
    beside = {"tokenizer.json", "tokenizer_config.json", "README.md", "record.json"}
    assert {file.name for file in whole.iterdir()} == {"config.json", "model.safetensors", *beside}
    assert {file.name for file in adapter.iterdir()} == {"adapter_config.json", "adapter_model.safetensors", *beside}
    assert size(adapter) < size(whole) / 8

    assert study.planned(SCORES) == []
    study.config["arms"][LORA]["training"]["lora"]["rank"] = 2
    again = [f"{rule} small {LORA} {rest}" for rule, rest in (("finetune", "xnli 1"), ("intermediate", "1"))]
    assert [job for job in study.planned(SCORES) if not job.startswith("collect")] == [
        *again,
        f"retrieve small {LORA} 1",
    ]
    study.config["arms"][LORA]["training"]["lora"]["rank"] = 1
    study.config["training"]["target"]["lora"]["rank"] = 3
    assert [job for job in study.planned(SCORES) if not job.startswith("collect")] == [
        f"finetune small {arm} xnli 1" for arm in (FULL, LORA, "none")
    ]
