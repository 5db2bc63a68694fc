"""Keys that say what arms and targets train on: what is refused, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest
from configs import ready_made

from xstilts.config.study import Study, load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs


def with_arm(**arm: Any) -> dict[str, Any]:
    return ready_made(arms={"none": {}, "mnli": {"tasks": ["mnli"]}, "new": {"tasks": ["mnli"], **arm}})


def with_target(name: str, **target: Any) -> dict[str, Any]:
    config = ready_made()
    config["targets"][name] = {**config["targets"].get(name, {}), **target}
    return config


SYNTHETIC = {"kind": "synthetic", "train_examples": 100}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (with_arm(choose={"how": "narrow"}), "arms.new: choose.how: 'narrow' orders examples; say how many"),
        (with_arm(choose={"how": "nearest"}), "arms.new.choose.how: "),
        (with_arm(choose={"how": "domain"}), "arms.new.choose: a domain needs 'where'"),
        (with_arm(choose={"how": "domain", "where": {"genre": []}}), "arms.new.choose.where.genre: "),
        (with_arm(choose={"where": {"genre": ["fiction"]}}), "with how: random, leave them out"),
        (
            with_arm(choose={"how": "domain", "where": {"title": ["Warsaw"]}}),
            "arms.new.choose.where.title: the examples of MNLI have no 'title', only genre and topic",
        ),
        (with_arm(choose={"how": "domain", "where": {"topic": [0]}}), "need each other"),
        (with_arm(choose={"how": "domain", "topics": 4, "where": {"topic": [4]}}), "where.topic: '4' is none of 0"),
        (
            with_arm(train_examples=400_000),
            "arms.new.train_examples: asks for 400,000 examples of MNLI, but it has 392,702; set it to 392702 or less",
        ),
        (
            {**with_arm(train_examples=51), "examples": {"train": 50}},
            "arms.new.train_examples: asks for 51 examples of MNLI, but examples.train keeps 50",
        ),
        (
            {**with_arm(train_examples=101), "source": SYNTHETIC, "targets": {"xnli": {}}},
            "but source.train_examples makes 100",
        ),
        (with_arm(languages=["xx"]), "arms.new.languages: there is no language 'xx'"),
        (with_arm(languages=[]), "arms.new.languages: "),
        (
            {**with_arm(languages=["de"]), "source": {"kind": "hub"}},
            "arms.new.languages: MNLI has no training data in 'de' on the Hugging Face Hub; put files",
        ),
        (
            ready_made(
                source=SYNTHETIC, targets={"xnli": {}},
                arms={"none": {}, "new": {"tasks": ["cosmosqa"], "languages": ["qaa"]}},
            ),
            "the synthetic source renders no training data of Cosmos QA in 'qaa'",
        ),
        (
            ready_made(arms={"none": {}, "new": {"stages": [{"tasks": ["mnli"], "languages": ["xx"]}]}}),
            "arms.new.stages.0.languages: there is no language 'xx'",
        ),
        (with_target("xnli", shots={"en": 5}), "targets.xnli.shots: English is trained on in any case"),
        (with_target("xnli", shots={"fr": 5}), "targets.xnli.shots: 'fr' is not scored, only de, en"),
        (with_target("xnli", shots={"de": 0}), "targets.xnli.shots.de: "),
        (
            with_target("xnli", shots={"de": 5}, train_languages=["de"]),
            "targets.xnli.shots: 'de' stands in shots and in train_languages",
        ),
        (with_target("xnli", train_languages=["xx"]), "targets.xnli.train_languages: there is no language 'xx'"),
        (with_target("tatoeba", shots={"de": 5}), "targets.tatoeba.shots: Tatoeba is scored by retrieval"),
    ],
)  # fmt: skip
def test_what_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(config)
    assert message in str(caught.value)


def few_shot() -> Study:
    config = with_target("xnli", shots={"de": 4}, train_languages=["fr"])
    config["targets"]["mlqa"] |= {"languages": ["de", "en"], "shots": {"de": 2}}
    config["splits"] = ["dev", "test"]
    return load(config)


def test_shots_come_from_dev_data_that_is_then_not_scored() -> None:
    study = few_shot()
    assert study.shots_from("xnli", "de") == ("xnli", "dev")
    assert study.languages("xnli", "dev") == ("en",) and study.languages("xnli", "test") == ("de", "en")
    assert ("dev", "de") in Runs(study).files("xnli") and ("train", "fr") in Runs(study).files("xnli")


@pytest.mark.parametrize(
    ("target", "language", "source"),
    [
        ("xquad", "de", ("squad_v1", "train")),
        ("tydiqa", "fi", ("tydiqa", "train")),
        ("udpos", "kk", ("udpos", "train")),
        ("udpos", "de", ("udpos", "dev")),
    ],
)
def test_without_dev_data_they_come_from_training_data(target: str, language: str, source: tuple[str, str]) -> None:
    study = load(with_target(target, languages=["en", language], shots={language: 3}))
    assert study.shots_from(target, language) == source
    assert (source[1], language) in Runs(study).files(source[0])


def test_what_is_taught_is_not_zero_shot_on_any_target_of_the_training_set() -> None:
    study = few_shot()
    assert study.taught("xnli") == {"en", "de", "fr"}
    assert study.taught("xquad") == study.taught("mlqa") == {"en", "de"}
    assert study.taught("tatoeba") == {"en"}


def test_specs_name_what_is_trained_on_and_are_as_before_without_it() -> None:
    before, after = Specs(Runs(load(ready_made()))), Specs(Runs(few_shot()))
    spec = after.finetune("xlmr", "none", "xnli", 1)
    assert spec["train_languages"] == ["fr"] and spec["shots"] == {"xnli.dev.de": 4}
    assert not {"train_languages", "shots"} & set(before.finetune("xlmr", "none", "xnli", 1))
    arm = Specs(Runs(load(with_arm(train_examples=9, choose={"how": "diverse"}, steps="fixed", languages=["de"]))))
    changed, same = arm.intermediate("xlmr", "new", 1), arm.intermediate("xlmr", "mnli", 1)
    assert (changed["choose"], changed["steps"], changed["languages"]) == ({"how": "diverse"}, "fixed", ["de"])
    assert not {"choose", "steps", "languages"} & set(same)
    assert not any(before.runs.rendered().values()) and after.runs.rendered()["xnli"] == ["de", "fr"]


def test_a_learning_rate_may_be_a_list() -> None:
    study = load(with_arm(training={"learning_rate": [1.0e-5, 2.0e-5]}))
    assert study.intermediate("new")[0].rates == (1e-5, 2e-5) and study.intermediate("mnli")[0].rates == (1e-5,)
    assert Specs(Runs(study)).intermediate("xlmr", "new", 1)["training"]["learning_rate"] == [1e-5, 2e-5]


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (0, "arms.new.training.learning_rate: must be greater than 0, but is 0."),
        ([1.0e-5, -1.0], "arms.new.training.learning_rate.1: must be greater than 0, but is -1.0."),
        ([1.0e-5], "arms.new.training.learning_rate: must have 2 values or more."),
        ([1.0e-5, 1.0e-5], "arms.new.training.learning_rate: 1e-05 stands more than once."),
        ("1e-5", "arms.new.training.learning_rate: YAML reads 1e-5 as text; write 1.0e-5."),
    ],
)
def test_learning_rates_that_are_refused(rate: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(with_arm(training={"learning_rate": rate}))
    assert message in str(caught.value)


def test_pretraining_has_one_learning_rate() -> None:
    with pytest.raises(UserError, match="no dev data to choose one of several by"):
        load(ready_made(training={"pretraining": {"learning_rate": [1.0e-5, 2.0e-5]}}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"training": {"target": {"patience": 2, "tasks": {"xnli": {"selection": "last"}}}}},
            "training.target.tasks.xnli.patience: with selection 'last', no evaluation is better than another",
        ),
        (
            {"training": {"target": {"tasks": {"xnli": {"batch_tokens": 4096}}}}},
            "training.target.tasks.xnli.batch_tokens: it is for pretraining alone; give batch_size",
        ),
        (
            {"arms": {"none": {}, "new": {"tasks": ["mnli"], "training": {"patience": 1, "selection": "last"}}}},
            "arms.new.training.patience: with selection 'last', no evaluation is better than another",
        ),
        (
            {
                "models": {"xlmr": {"path": "p"}, "more": {"continue": {"from": "xlmr", "text": "news", "steps": 5}}},
                "text": {"news": {"files": "news/*.txt"}},
                "training": {"pretraining": {"patience": 1}},
            },
            "models.more.continue.training.patience: masked language modelling has no dev data to stop by",
        ),
    ],
)
def test_patience_that_could_not_end_a_training_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(ready_made(**changes))
    assert message in str(caught.value)
