"""The card of a trained encoder: what it says, and that nothing in it is taken for markup."""

from __future__ import annotations

import copy
from typing import Any

import configs
import pytest
import yaml
from transformers import MT5Config, Qwen2Config, XLMRobertaConfig

from xstilts.config.study import SYNTHETIC, load
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.report.model_card import TrainedEncoder, model_card

COMMIT = "0123456789" * 4
HUB = {"xlmr": {"path": f"hf://FacebookAI/xlm-roberta-base@{COMMIT}"}}
CONTROLS = {"none": {}, "control": {"weights": "random"}, "scratch": {"weights": "random", "tasks": ["mnli"]}}
TRAINING = {
    "steps": 120, "best_step": 80, "seed": 1, "restarts": [],
    "learnt": {
        "mnli": {"score": 61.23, "chance": 35.4, "constant": False, "margin": 1.0},
        "qqp": {"score": 50.0, "chance": 49.5, "constant": False, "margin": 1.0},
    },
}  # fmt: skip


def card(config: dict[str, Any], arm: str = "pair", shape: Any = None, training: Any = TRAINING) -> str:
    """The card of an arm's encoder, or of the pretrained one if ``arm`` is empty."""
    model = next(iter(config["models"]))
    job = Job(model, arm, INTERMEDIATE, 2) if arm else Job.pretraining(model)
    return model_card(TrainedEncoder(Runs(load(config)), job, "0a1b2c", training, shape or XLMRobertaConfig()))


def metadata(text: str) -> dict[str, Any]:
    head = text.removeprefix("---\n").split("\n---\n")[0]
    values: dict[str, Any] = yaml.safe_load(head)
    return values


def test_an_arm_of_a_model_of_the_hub() -> None:
    text = card(configs.ready_made(models=HUB))
    assert metadata(text) == {
        "library_name": "transformers",
        "pipeline_tag": "feature-extraction",
        "license": "other",
        "language": ["de", "en"],
        "datasets": ["nyu-mll/multi_nli", "nyu-mll/glue"],
        "base_model": "FacebookAI/xlm-roberta-base",
        "base_model_relation": "finetune",
        "tags": ["xstilts", "intermediate-task-training"],
    }
    for said in (
        "# trial, xlmr, pair, seed 2",
        "in run `0a1b2c`",
        f"(https://huggingface.co/FacebookAI/xlm-roberta-base/tree/{COMMIT})",
        "Then trained on MNLI and QQP.",
        "| MNLI | intermediate training | OANC; CC BY-SA 3.0; CC BY 3.0 | <https://cims.nyu.edu/~sbowman/multinli/> |",
        "| steps | 120 |",
        "| step of the weights | 80 |",
        "| seed | 2 |",
        "| `learning_rate` | 1e-05 |",
        "| MNLI | accuracy | 61.2 | 35.4 |  |",
        "| QQP | accuracy + f1 | 50.0 | 49.5 | not learnt: 50.0 on English dev, at chance |",
        "@inproceedings{williams-etal-2018-broad,",
        "@misc{iyer-etal-2017-first,",
    ):
        assert said in text, said
    assert SYNTHETIC not in text


def test_what_inputs_begin_with() -> None:
    assert "begin with" not in card(configs.ready_made())
    text = card(
        configs.ready_made(models={"e5": {"path": "e5", "prefix": "query: ", "prefixed": ["span_qa", "retrieval"]}})
    )
    assert 'Inputs of span qa and retrieval begin with "query: ".' in text


def test_hyper_parameters_are_those_of_the_arm() -> None:
    arms = {"none": {}, "mnli": {"tasks": ["mnli"], "train_examples": 40, "training": {"batch_size": 7}}}
    text = card(configs.ready_made(arms=arms), "mnli")
    assert "| `batch_size` | 7 |" in text and "| training examples of each task | 40 |" in text


def test_a_run_that_started_over() -> None:
    training = {**TRAINING, "seed": 77, "restarts": [{"seed": 2, "reason": "diverged"}]}
    assert "| seed of the last start | 77 |" in card(configs.ready_made(), training=training)


def test_a_local_folder_is_not_named() -> None:
    text = card(configs.ready_made(models={"xlmr": {"path": "encoders/of/somebody/xlmr"}}))
    assert "somebody" not in text and "base_model" not in metadata(text)
    assert "Base: the model `xlmr`, an encoder from a local folder (xlm-roberta, 12 layers of width 768)." in text


def test_a_pretrained_encoder() -> None:
    config = configs.own(training={"pretraining": {"batch_size": 9}})
    text = card(config, "")
    assert "# trial, tiny, pretrained" in text
    assert "Pretrained from random weights by masked language modelling: xlm-roberta" in text
    assert "| Unlabelled text | pretraining | that of its sources |" in text
    assert "| seed | 1 |" in text and "| `batch_size` | 9 |" in text


def test_an_arm_of_it_was_trained_on_both() -> None:
    text = card(configs.own(), "mnli")
    assert "Base: the model `tiny`, an encoder that the study pretrained itself" in text
    assert "| Unlabelled text | pretraining |" in text and "| MNLI | intermediate training |" in text


def test_text_of_the_study_s_tasks() -> None:
    config = configs.own(source={"kind": "files", "root": "data", "text": "tasks"})
    text = card(config, "mnli")
    assert "| MNLI | pretraining, intermediate training |" in text
    assert "| Tatoeba | pretraining |" in text


@pytest.mark.parametrize("make", [configs.ready_made, configs.own])
def test_random_weights_owe_nothing_to_a_base(make: Any) -> None:
    config = make(arms=CONTROLS) if make is configs.own else make(arms=CONTROLS, models=HUB)
    text = card(config, "control", training=None)
    assert "Base: random weights in place of those of " in text and "Then trained" not in text
    assert "base_model" not in metadata(text) and "datasets" not in metadata(text)
    for absent in ("## Data", "## Training", "## Scores", "## Citations", "Unlabelled"):
        assert absent not in text
    assert "Then trained on MNLI." in card(config, "scratch")


def test_synthetic_languages() -> None:
    config = configs.own(source={"kind": "synthetic"})
    config["targets"] = {"xnli": {}}
    text = card(config, "mnli")
    assert text.index(f"> **{SYNTHETIC}**") < text.index("An encoder")
    assert metadata(text)["tags"] == ["xstilts", "intermediate-task-training", "synthetic"]
    assert not {"language", "datasets"} & set(metadata(text))
    assert "| MNLI | intermediate training | that of this software |  |" in text
    assert "## Citations" not in text


def test_part_of_the_data() -> None:
    text = card(configs.ready_made(examples={"train": 64}))
    assert "> **Of each file, the first 64 training and all dev and test examples are used" in text


def hostile() -> dict[str, Any]:
    task = {
        "type": "classification", "files": {"train": "a.tsv", "dev": "b.tsv", "test": "{language}.tsv"},
        "columns": {"premise": "a", "hypothesis": "b", "label": "c"}, "labels": ["x", "y"], "languages": ["en", "no"],
        "title": "A|B <script>alert(1)</script> *bold* [x](y)", "licence": "none\n\n# of `yours`",
        "homepage": "javascript:alert(1)", "citation": "@misc{x}\n```\n<script>",
    }  # fmt: skip
    language = {"name": "Norwegian"}
    arms = {"none": {}, "pair": {"tasks": ["odd", "mnli"]}}
    changes = {"tasks": {"odd": task}, "languages": {"no": language}, "arms": arms, "targets": {"odd": {}}}
    return copy.deepcopy(configs.ready_made(**changes))


def test_nothing_is_taken_for_markup() -> None:
    text = card(hostile())
    before, _, citations = text.partition("## Citations\n\n")
    assert "<script>" not in before.replace(r"\<script\>", "")
    assert r"| A\|B \<script\>alert(1)\</script\> \*bold\* \[x\](y) | intermediate training | " in before
    assert r"| none \# of \`yours\` | javascript:alert(1) |" in before
    assert citations.startswith("````bibtex\n@misc{x}\n```\n<script>") and citations.endswith("\n````\n")


def test_metadata_are_texts_whatever_yaml_could_take_them_for() -> None:
    assert metadata(card(hostile()))["language"] == ["en", "no"]


def test_how_to_load_the_encoder_half_of_a_translation_model() -> None:
    assert "AutoModelForTextEncoding.from_pretrained(" in card(configs.ready_made(), shape=MT5Config())
    assert "AutoModel.from_pretrained(" in card(configs.ready_made())


def test_how_to_load_a_decoder_without_its_mask() -> None:
    assert "is_causal" not in card(configs.ready_made(), shape=Qwen2Config())
    assert "        module.is_causal = False\n```" in card(configs.ready_made(), shape=Qwen2Config(is_causal=False))
