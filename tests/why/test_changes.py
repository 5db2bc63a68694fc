"""Differences between two run specs, described by the config's keys."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from configs import own, ready_made

from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.why.changes import changes
from xstilts.why.plan import PlannedJob


def told(config: dict[str, Any], rule: str, *, after: tuple[int, ...] = (), **changed: Any) -> list[str]:
    """What is said of a job when the config's keys are replaced."""

    def spec(config: dict[str, Any]) -> tuple[Runs, dict[str, Any]]:
        runs = Runs(load(copy.deepcopy(config)))
        return runs, SPECS[rule](Specs(runs))

    before, (runs, now) = spec(config)[1], spec(config | changed)
    return changes(PlannedJob(rule, WILDCARDS[rule], now, before, ran=True, after=after), runs)


SPECS: dict[str, Callable[[Specs], dict[str, Any]]] = {
    "finetune": lambda specs: specs.finetune("xlmr", "mnli", "xnli", 1),
    "intermediate": lambda specs: specs.intermediate("xlmr", "mnli", 1),
    "retrieve": lambda specs: specs.retrieve("xlmr", "none", 1),
    "prepare": lambda specs: specs.prepare("xnli"),
    "tokenizer": lambda specs: specs.tokenizer("tiny"),
    "pretrain": lambda specs: specs.pretrain("tiny"),
    "answer": lambda specs: specs.answer(),
}
WILDCARDS = {
    "finetune": {"model": "xlmr", "arm": "mnli", "training_set": "xnli", "seed": "1"},
    "intermediate": {"model": "xlmr", "arm": "mnli", "seed": "1"},
    "retrieve": {"model": "xlmr", "arm": "none", "seed": "1"},
    "prepare": {"task": "xnli"},
    "tokenizer": {"model": "tiny"},
    "pretrain": {"model": "tiny"},
    "answer": {},
}


@pytest.mark.parametrize(
    ("rule", "changed", "sentence"),
    [
        ("finetune", {"training": {"target": {"epochs": 9}}}, "training.target.epochs: 3.0 -> 9.0"),
        (
            "finetune",
            {"training": {"target": {"tasks": {"xnli": {"epochs": 9}}}}},
            "training.target.tasks.xnli.epochs: 3.0 -> 9.0",
        ),
        ("intermediate", {"training": {"intermediate": {"epochs": 9}}}, "training.intermediate.epochs: 3.0 -> 9.0"),
        ("intermediate", {"examples": {"train": 64}}, "examples.train: null -> 64"),
        ("retrieve", {"models": {"xlmr": {"path": "other"}}}, 'models.xlmr.path: "models/xlmr" -> "other"'),
        ("retrieve", {"retrieval": {"tasks": {"tatoeba": {"layer": 3}}}}, "retrieval.tasks.tatoeba.layer: 14 -> 3"),
        ("answer", {"seeds": [1]}, "seeds: [1, 2] -> [1]"),
    ],
)
def test_a_setting_is_named_as_in_the_config(rule, changed, sentence):
    assert told(ready_made(), rule, **changed) == [sentence]


def test_an_arms_own_setting():
    arms = ready_made()["arms"] | {"mnli": {"tasks": ["mnli"], "training": {"epochs": 9}}}
    assert told(ready_made(), "intermediate", arms=arms) == ["arms.mnli.training.epochs: 3.0 -> 9.0"]


def test_another_source_of_data():
    sentences = told(ready_made(), "prepare", source={"kind": "hub"})
    assert 'source.kind: "files" -> "hub"' in sentences


def test_the_shape_of_a_model():
    shape = own()["models"]["tiny"]["architecture"] | {"vocabulary_size": 70}
    models = {"tiny": {"architecture": shape}}
    for rule in ("tokenizer", "pretrain"):
        assert told(own(), rule, models=models) == ["models.tiny.architecture.vocabulary_size: 60 -> 70"]


def test_text_in_a_further_language():
    targets = own()["targets"] | {"xnli": {"languages": ["de", "en", "ur"]}}
    assert told(own(), "tokenizer", targets=targets) == ["files of text: with train.ur"]


def test_earlier_runs_are_no_cause_of_the_jobs_own():
    changed = {"training": {"intermediate": {"epochs": 9}}}
    assert told(ready_made(), "finetune", after=(0,), **changed) == []
    assert told(ready_made(), "finetune", **changed) == ["its encoder has been made anew since"]


def test_code_is_named_by_its_kind():
    runs = Runs(load(ready_made()))
    now = SPECS["finetune"](Specs(runs))
    job = PlannedJob("finetune", WILDCARDS["finetune"], now, now | {"code": "another"}, ran=True)
    assert changes(job, runs) == ["training code has changed (code of kind 'training')"]


STAGED = {"stages": [{"tasks": ["mnli"]}, {"tasks": ["qqp"], "masked_lm": {"text": "study", "share": 0.3}}]}


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ({"tasks": ["qqp"], "training": {"epochs": 9}}, "arms.mnli.stages.1.training.epochs: 3.0 -> 9.0"),
        (
            {"tasks": ["qqp"], "masked_lm": {"text": "study", "share": 0.4}},
            "arms.mnli.stages.1.masked_lm.share: 0.3 -> 0.4",
        ),
        ({"tasks": ["qqp"], "train_examples": 9}, "arms.mnli.stages.1.train_examples: null -> 9"),
    ],
)
def test_a_stage_is_named_by_its_number(stage, sentence):
    before = ready_made(arms=ready_made()["arms"] | {"mnli": STAGED})
    stage = {"masked_lm": STAGED["stages"][1]["masked_lm"]} | stage
    arms = ready_made()["arms"] | {"mnli": {"stages": [STAGED["stages"][0], stage]}}
    assert told(before, "intermediate", arms=arms) == [sentence]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"steps": 5}, "models.tiny.continue.steps: 4 -> 5"),
        ({"seed": 2}, "models.tiny.continue.seed: 1 -> 2"),
        ({"sampling": {"exponent": 1}}, "models.tiny.continue.sampling.exponent: 0.3 -> 1.0"),
        ({"training": {"batch_size": 2}}, "models.tiny.continue.training.batch_size: 32 -> 2"),
    ],
)
def test_a_continued_model(changed, sentence):
    continues = {"from": "base", "text": "study", "steps": 4}
    base = {"base": own()["models"]["tiny"]}
    before = {**own(), "models": {**base, "tiny": {"continue": continues}}}
    models = {**base, "tiny": {"continue": {**continues, **changed}}}
    assert told(before, "pretrain", models=models) == [sentence]
