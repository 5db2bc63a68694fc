"""Arms and models of a study: what may be written, and what one sentence says of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from configs import SMALL, own

from xstilts.config.study import Study, as_text, load, load_file
from xstilts.errors import UserErrors

CODE = {"code": {"files": "code/**/*.py"}, "prose": {"languages": {"de": "de/*.txt", "fr": "fr/*.txt"}}}
LORA = {"lora": {"rank": 2}}


def study(arm: dict[str, Any] | None = None, model: dict[str, Any] | None = None, **changes: Any) -> Study:
    config = own(text=CODE, **changes)
    config["arms"] = {"none": {}, **({"a": arm} if arm else {})}
    config["models"] = {"tiny": {"architecture": dict(SMALL)}, **({"more": model} if model else {})}
    return load(config)


def test_an_arm_with_tasks_is_one_stage_and_the_baseline_none() -> None:
    arms = study({"tasks": ["mnli", "qqp"]}).arms
    assert [stage.tasks for stage in arms["a"].sequence] == [["mnli", "qqp"]]
    assert arms["none"].sequence == () and not arms["none"].trains


def test_each_stage_has_its_own_hyperparameters_over_those_of_task_arm_and_study() -> None:
    stages = [{"tasks": ["mnli"], "training": {"epochs": 1}}, {"tasks": ["qqp", "mnli"]}, {"tasks": ["qqp"]}]
    of_tasks = {"mnli": {"learning_rate": 0.3, "batch_size": 7}, "qqp": {"epochs": 9, "warmup_steps": 2}}
    training = {"intermediate": {"epochs": 5, "weight_decay": 0.5, "tasks": of_tasks}}
    found = study({"stages": stages, "training": {"learning_rate": 0.2}}, training=training).intermediate("a")
    assert [hyper.epochs for hyper in found] == [1, 5, 9]
    assert [hyper.learning_rate for hyper in found] == [0.2, 0.2, 0.2]
    assert [hyper.batch_size for hyper in found] == [7, 32, 32]
    assert [hyper.warmup_steps for hyper in found] == [None, None, 2]
    assert all(hyper.weight_decay == 0.5 for hyper in found)


def test_the_tasks_and_texts_of_all_stages_are_the_arm_s() -> None:
    stages = [
        {"tasks": ["mnli"]},
        {"tasks": ["qqp", "mnli"], "masked_lm": {"text": "code"}},
        {"masked_lm": {"text": "study"}},
    ]
    arm = study({"stages": stages}).arms["a"]
    assert arm.all_tasks == ("mnli", "qqp")
    assert arm.texts == ("text_code", "text")
    assert [stage.text_share for stage in arm.sequence] == [0.0, 0.5, 1.0]


def test_the_power_that_tasks_are_mixed_by() -> None:
    two = {"tasks": ["mnli", "qqp"]}
    for mixing, exponent in (("size", 1.0), ("equal", 0.0), ({"temperature": 5}, 0.2)):
        assert study({**two, "mixing": mixing}).arms["a"].mixing_exponent == exponent


def test_a_continued_model_trains_for_its_steps() -> None:
    changes: dict[str, Any] = {"training": {"pretraining": {"epochs": 2, "learning_rate": 0.1}}}
    model = {"continue": {"from": "tiny", "text": "code", "steps": 40, "training": {"batch_size": 3}}}
    hyper = study(model=model, **changes).pretraining("more")
    assert (hyper.max_steps, hyper.learning_rate, hyper.batch_size) == (40, 0.1, 3)
    assert study(model=model, **changes).pretraining("tiny").max_steps is None


def test_a_study_is_stored_and_read_as_it_is(tmp_path: Any) -> None:
    arm = {
        "stages": [
            {"tasks": ["mnli", "qqp"], "mixing": {"temperature": 2}},
            {"masked_lm": {"text": "prose", "languages": ["de"]}},
        ]
    }
    model = {"continue": {"from": "tiny", "text": "code", "steps": 4}, "code_of": "tiny"}
    found = study(arm, model)
    (tmp_path / "study.json").write_text(as_text(found), encoding="utf-8")
    assert load_file(tmp_path / "study.json") == found


BAD_ARMS: list[tuple[dict[str, Any], str]] = [
    ({"stages": [{"tasks": ["mnli"]}, {}]},
     "arms.a: stages.1: the stage names nothing to train on; name a task or masked_lm."),
    ({"stages": [{"tasks": ["mnli"]}], "tasks": ["qqp"]},
     "arms.a: tasks: the arm has 'stages'; put 'tasks' into the stage"),
    ({"stages": [{"tasks": ["mnli"]}], "mixing": "equal"},
     "arms.a: mixing: there is no mixture"),
    ({"stages": [{"tasks": ["mnli"], "training": LORA}, {"tasks": ["qqp"]}]},
     "arms.a.stages: one adapter goes through all"),
    ({"stages": [{"tasks": ["mnly"]}]},
     "arms.a.stages.0.tasks.0: there is no intermediate task 'mnly'. Did you mean 'mnli'?"),
    ({"tasks": ["mnli"], "mixing": "equal"},
     "arms.a: mixing: there is no mixture; leave it out, or name several tasks."),
    ({"tasks": ["mnli", "qqp"], "mixing": "sizes"},
     "arms.a.mixing: must be size, equal or {temperature: T} with a T of 1"),
    ({"tasks": ["mnli", "qqp"], "mixing": {"temperature": 0}},
     "arms.a.mixing: must be size, equal or {temperature: T}"),
    ({"tasks": ["mnli"], "masked_lm": {"text": "code", "share": 0}},
     "arms.a.masked_lm.share: must be more than 0 and less"),
    ({"tasks": ["mnli"], "masked_lm": {"text": "code", "share": 1}},
     "arms.a.masked_lm.share: must be more than 0 and less"),
    ({"masked_lm": {"text": "code", "share": 0.3}},
     "arms.a: masked_lm.share: there are no tasks beside the text"),
    ({"masked_lm": {"text": "cod"}},
     "arms.a.masked_lm.text: there is no text 'cod'. Did you mean 'code'?"),
    ({"masked_lm": {"text": "prose", "languages": ["de", "sw"]}},
     "arms.a.masked_lm.languages: text 'prose' has no 'sw', only de, fr."),
    ({"masked_lm": {"text": "prose", "languages": []}},
     "arms.a.masked_lm.languages: must not be empty."),
    ({"masked_lm": {"text": "code", "sampling": {"exponent": 2}}},
     "arms.a.masked_lm.sampling.exponent: must be at most 1"),
]  # fmt: skip


@pytest.mark.parametrize(("arm", "sentence"), BAD_ARMS)
def test_a_bad_arm_is_refused_with_its_key(arm: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserErrors) as refused:
        study(arm)
    assert sentence in str(refused.value)
    assert str(refused.value).count("\n") == 1, "one sentence"


BAD_MODELS: list[tuple[dict[str, Any], str]] = [
    ({"continue": {"from": "tini", "text": "code", "steps": 4}},
     "models.more.continue.from: there is no model 'tini'. Did you mean 'tiny'?"),
    ({"continue": {"from": "more", "text": "code", "steps": 4}},
     "models.more.continue.from: goes in a circle, more from more."),
    ({"continue": {"from": "tiny", "text": "cod", "steps": 4}},
     "models.more.continue.text: there is no text 'cod'."),
    ({"continue": {"from": "tiny", "text": "code"}},
     "models.more.continue.steps: this key is required."),
    ({"continue": {"from": "tiny", "text": "code", "steps": 4}, "path": "x"},
     "models.more: give one of 'path'"),
    ({"continue": {"from": "tiny", "text": "code", "steps": 4, "training": {"max_steps": 3}}},
     "models.more.continue: training.max_steps: leave it out; give 'steps'."),
    ({"continue": {"from": "tiny", "text": "code", "steps": 4, "training": LORA}},
     "models.more.continue: training.lora: leave it out; all weights train."),
]  # fmt: skip


@pytest.mark.parametrize(("model", "sentence"), BAD_MODELS)
def test_a_bad_continuation_is_refused_with_its_key(model: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserErrors) as refused:
        study(model=model)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ({"code": {}}, "text.code: give either 'files', or 'languages' with the files of each."),
        ({"study": {"files": "*"}}, "text.study: the name stands for the study's own unlabelled text"),
        ({"Co-de": {"files": "*"}}, "text.Co-de: names of corpora become folder names"),
        ({"prose": {"languages": {"xx": "*"}}}, "text.prose.languages: there is no language 'xx'."),
    ],
)
def test_a_bad_corpus_is_refused_with_its_key(text: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserErrors) as refused:
        load(own(text=text))
    assert sentence in str(refused.value)
