"""What other programs call a key leads to this one's name for it."""

from __future__ import annotations

from typing import Any

import pytest
from configs import ready_made

from xstilts.config.messages import _ALIASES
from xstilts.config.schema import study_schema
from xstilts.config.study import load
from xstilts.errors import UserError


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"training": {"target": {"lr": 1e-5}}}, "training.target.lr: unknown key. Did you mean 'learning_rate'?"),
        (
            {"training": {"target": {"tasks": {"xnli": {"bs": 8}}}}},
            "tasks.xnli.bs: unknown key. Did you mean 'batch_size'?",
        ),
        ({"training": {"intermediate": {"num_train_epochs": 2}}}, "Did you mean 'epochs'?"),
        ({"encoding": {"max_seq_length": 128}}, "encoding.max_seq_length: unknown key. Did you mean 'max_length'?"),
        ({"compute": {"FP16": True}}, "compute.FP16: unknown key. Did you mean 'precision'?"),
        ({"seed": 1}, "seed: unknown key. Did you mean 'seeds'?"),
        ({"encoding": {"lr": 1}}, "encoding.lr: unknown key. Valid names: doc_stride, long_sentences,"),
    ],
)
def test_names_of_elsewhere(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        load(ready_made(**changes))
    assert sentence in str(refused.value)


def test_every_alias_is_of_a_key_and_is_none_of_that_section() -> None:
    schema = study_schema()
    sections = [schema, *schema["$defs"].values()]
    for alias, key in _ALIASES.items():
        having = [section for section in sections if key in section.get("properties", {})]
        assert having and not all(alias in section["properties"] for section in having), alias
