"""The example of docs/adapters.md is a study, and does what the page says."""

from __future__ import annotations

import re

import yaml
from configs import ready_made
from workspace import REPOSITORY

from xstilts.config.settings import LoRA
from xstilts.config.study import load


def test_the_example() -> None:
    page = (REPOSITORY / "docs" / "adapters.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    study = load(ready_made(**yaml.safe_load(example)))
    assert [arm for arm in study.arms if study.stores_adapter(arm)] == ["mnli_lora"]
    assert study.intermediate("mnli_lora")[0].lora == LoRA(rank=8, alpha=16, modules=["attention"])
    assert study.target("squad_v1").lora == LoRA(rank=16, alpha=32, dropout=0.05)
    assert study.target("xnli").lora is None
    assert study.compute.gradient_checkpointing


def test_the_defaults_that_the_page_names() -> None:
    assert LoRA().modules == ["all_linear"]
