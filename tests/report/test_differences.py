"""Differences between a study and the protocol of published scores."""

from __future__ import annotations

from typing import Any

import pytest

from xstilts.config.study import SYNTHETIC, Study, load
from xstilts.report.differences import differences
from xstilts.tasks.protocols import PROTOCOLS
from xstilts.tasks.registry import TARGET_TASKS, TASKS

LARGE = "models/xlm-roberta-large"


def following(protocol: str, **changes: Any) -> Study:
    """A study of all targets with the settings of a protocol."""
    values = PROTOCOLS[protocol]
    return load(
        {
            "study": "again",
            "source": {"kind": "files", "root": "data"},
            "models": {"large": {"path": LARGE}},
            "arms": {"none": {}},
            "targets": {target: {} for target in TARGET_TASKS},
            "splits": ["dev", "test"],
            "training": {"target": {"tasks": dict(values.training)}},
            "encoding": {"tasks": dict(values.encoding)},
            "retrieval": {"tasks": dict(values.embedding)},
            "compute": {"precision": "float32"},
            **changes,
        }
    )


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("target", TARGET_TASKS)
@pytest.mark.parametrize("protocol", ["phang2020", "xtreme"])
def test_a_study_that_follows_a_protocol_differs_in_nothing_that_can_be_set(
    protocol: str, target: str, split: str
) -> None:
    published = PROTOCOLS[protocol]
    open_questions = [published.remarks[target]] if target in published.remarks else []
    open_questions += [published.seeds] if TASKS[target].trained_on else []
    assert differences(following(protocol), target, protocol, "xlm-roberta-large", split) == open_questions


def test_another_encoder_comes_first() -> None:
    models = {"base": {"path": "models/xlm-roberta-base"}, "large": {"path": "hf://x/xlm-roberta-large@" + "0" * 40}}
    first, *_ = differences(following("xtreme", models=models), "xnli", "xtreme", "xlm-roberta-large", "test")
    assert first == "model 'base' is models/xlm-roberta-base, published xlm-roberta-large"
    shape = {"hidden_size": 16, "layers": 24, "heads": 2, "max_length": 512}
    own = following("xtreme", models={"tiny": {"architecture": shape}})
    first, *_ = differences(own, "tatoeba", "xtreme", "xlm-roberta-large", "test")
    assert first == "model 'tiny' is pretrained by the study, published xlm-roberta-large"


def test_what_a_paper_leaves_open_comes_last() -> None:
    *_, last = differences(following("phang2020"), "xnli", "phang2020", "x-stilts", "test")
    assert last == "the hyper-parameters of intermediate training are not stated"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"learning_rate": 1e-5}, "learning rate 1e-05, published 3e-05"),
        ({"lora": {"rank": 4}}, "weights trained are those of an adapter of rank 4, published all"),
        ({"max_steps": 300}, "trained for 300 steps, published 5 epochs"),
        ({"epochs": 2}, "trained for 2 epochs, published 5 epochs"),
        ({"warmup_steps": 500}, "warm-up over 500 steps, published none"),
        ({"warmup_steps": None, "warmup_share": 0.1}, "warm-up over 10 % of the steps, published none"),
        ({"weight_decay": 0.01}, "weight decay 0.01, published 0"),
        (
            {"clip_each": "micro_batch", "micro_batch_size": 8},
            "gradients clipped to 1 per micro-batch of 8, published to 1 per step",
        ),
        (
            {"selection": "last"},
            "weights kept are the last, published the best of every 100 steps on all English dev examples",
        ),
        ({"sentence_vector": "pooler"}, "sentence vector pooler, published first token"),
    ],
)
def test_each_setting_of_training_is_compared(setting: dict[str, Any], said: str) -> None:
    tasks = {"xnli": {**PROTOCOLS["xtreme"].training["xnli"], **setting}}
    study = following("xtreme", training={"target": {"tasks": tasks}})
    assert said in differences(study, "xnli", "xtreme", "xlm-roberta-large", "test")


def test_settings_that_change_nothing_are_no_difference() -> None:
    """No warm-up can be configured in two ways; with one micro-batch, clipping each is clipping each step."""
    same = {"warmup_steps": None, "warmup_share": 0.0, "clip_each": "micro_batch", "micro_batch_size": None}
    study = following(
        "xtreme", training={"target": {"tasks": {"xnli": {**PROTOCOLS["xtreme"].training["xnli"], **same}}}}
    )
    assert differences(study, "xnli", "xtreme", "xlm-roberta-large", "test") == [PROTOCOLS["xtreme"].seeds]


def test_encodings_of_the_target_and_of_what_it_is_trained_on_are_compared() -> None:
    encoding = {"max_length": 384, "tasks": {"squad_v1": {"max_length": 256}, "xquad": {"doc_stride": 64}}}
    found = differences(following("xtreme", encoding=encoding), "xquad", "xtreme", "xlm-roberta-large", "test")
    assert found[:2] == [
        "max length in training on SQuAD 1.1 256, published 384",
        "doc stride 64, published 128",
    ]


def test_embeddings_are_compared() -> None:
    found = differences(following("xtreme"), "bucc2018", "jiant_pr128", "xlm-roberta-large", "dev")
    assert found == [
        "max length 512, published 256", "layer 20, published 14", "pooling first token, published mean",
        "duplicates drop, published expand",
    ]  # fmt: skip


def test_less_data_fewer_languages_and_lower_precision_are_named() -> None:
    study = following(
        "xtreme",
        examples={"train": 1000, "eval": 50},
        targets={"udpos": {"languages": ["de", "en", "kk"]}},
        compute={"precision": "auto"},
    )
    found = differences(study, "udpos", "xtreme", "xlm-roberta-large", "test")
    for said in (
        "at most 1000 training examples, published all",
        "at most 50 examples per language, published all",
        "scored in 3 of 33 languages",
        "precision auto, published float32",
    ):
        assert said in found, said
    assert "scored in 2 of 29 languages" in differences(study, "udpos", "xtreme", "xlm-roberta-large", "dev")


def test_data_from_the_hub_is_named() -> None:
    study = following("xtreme", source={"kind": "hub"}, targets={"mlqa": {}})
    found = differences(study, "mlqa", "xtreme", "xlm-roberta-large", "test")
    assert found[:2] == [
        f"{name} read from the Hub, published from the original files" for name in ("SQuAD 1.1", "MLQA")
    ]


def test_synthetic_data_is_named() -> None:
    study = following("xtreme", source={"kind": "synthetic"}, targets={"xnli": {}})
    assert SYNTHETIC.rstrip(".") in differences(study, "xnli", "xtreme", "xlm-roberta-large", "test")
