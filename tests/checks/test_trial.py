"""Encoders that do not fit what a study asks of them are refused before anything is encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
import torch
from configs import ready_made
from tiny_encoders import DECODERS, KINDS, Kind
from transformers import PreTrainedModel, XLMRobertaModel

from xstilts.checks import trial
from xstilts.config.study import load
from xstilts.data import tokenizer as tokenizers
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs.tokenizer import train_tokenizer

#: Every type of task, trained on or retrieved.
TARGETS = {target: {"languages": ["de"]} for target in ("pawsx", "udpos", "xquad", "tatoeba")}
ARMS = {"none": {}, "choices": {"tasks": ["hellaswag"]}, "categories": {"tasks": ["ccg"]}}


def tried(kind: str | Kind, folder: Path, of_model: dict[str, Any] | None = None, **changes: Any) -> None:
    """Run the tokenizer job of a study with an encoder of a kind, if it is not there already."""
    path = folder / "encoder"
    if not path.is_dir():
        tiny_encoders.write(kind, path)
    settings = {"encoding": {"max_length": 64}, "retrieval": {"layer": 2}, "targets": TARGETS, "arms": ARMS, **changes}
    study = load(ready_made(models={"mine": {"path": str(path), **(of_model or {})}}, **settings))
    runs = Runs(study, folder=folder / "results")
    train_tokenizer(runs, "mine")
    assert tokenizers.load(runs.paths.tokenizer("mine"))("a")["input_ids"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_does_what_is_asked(kind: str, tmp_path: Path) -> None:
    tried(kind, tmp_path)


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoder_s_first_token(kind: str, tmp_path: Path) -> None:
    first = {"target": {"sentence_vector": "first_token"}}
    with pytest.raises(
        UserError, match=r"models\.mine: training\.target\.sentence_vector is 'first_token', but .*causal"
    ):
        tried(kind, tmp_path, training=first)
    with pytest.raises(UserError, match=r"models\.mine: training\.intermediate\.sentence_vector is 'first_token', but"):
        tried(kind, tmp_path, training={"intermediate": {"sentence_vector": "first_token"}})
    with pytest.raises(UserError, match=r"retrieval\.pooling: is 'first_token', but models\.mine is a decoder"):
        tried(kind, tmp_path, retrieval={"layer": 2, "pooling": "first_token"})
    pooled = {"layer": 2, "pooling": "first_token"}
    tried(kind, tmp_path, {"causal_mask": "remove"}, training=first, retrieval=pooled)


def test_a_mask_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models\.mine\.causal_mask: is 'remove', but this encoder has none"):
        tried("bert", tmp_path, {"causal_mask": "remove"})


@pytest.mark.parametrize("kind", ["xlmr", "camembert", "bert", "modernbert"])
def test_inputs_are_as_long_as_the_encoder_takes_and_no_longer(kind: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"encoding\.max_length: is 65, but models\.mine takes inputs of up to 64 tokens"
    ):
        tried(kind, tmp_path, encoding={"max_length": 65})


def test_a_limit_that_is_not_in_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xstilts.encoders.capabilities.longest_input", lambda config: 66)
    with pytest.raises(
        UserError, match=r"models\.mine: an input of 66 tokens does not go through this encoder \(.*out of bounds"
    ):
        tried("xlmr", tmp_path, encoding={"max_length": 66})


def test_attention_that_a_family_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"transformers cannot load this encoder: DebertaV2Model does not support"):
        tried("mdeberta", tmp_path, compute={"attention": "sdpa"})


def test_languages_that_an_encoder_has_no_layers_for(tmp_path: Path) -> None:
    tried("xmod", tmp_path, targets={"xnli": {"languages": ["de", "en"]}})
    with pytest.raises(UserError, match=r"targets\.xnli\.languages: .* layers of their own .*, and none for fr, ur\."):
        tried("xmod", tmp_path, targets={"xnli": {"languages": ["de", "fr", "ur"]}})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"arms": {"none": {}, "two": {"tasks": ["xnli"], "languages": ["de", "en"]}}}, r"arms\.two\.languages"),
        ({"arms": {"none": {}, "text": {"masked_lm": {"text": "study"}}}}, r"arms\.text\.masked_lm\.languages"),
        ({"targets": {"xnli": {"languages": ["de", "en"], "shots": {"de": 2}}}}, r"targets\.xnli"),
    ],
)
def test_batches_that_would_mix_languages(changes: dict[str, Any], key: str, tmp_path: Path) -> None:
    """An encoder with layers by language can have none; all others can."""
    tried("xlmr", tmp_path / "others", **changes)
    with pytest.raises(UserError, match=rf"{key}: .* a batch has to be in one; these are de, en\. Train on one"):
        tried("xmod", tmp_path / "xmod", **changes)


@pytest.mark.parametrize("stage", ["intermediate", "target"])
def test_an_adapter_for_modules_that_it_has_not(stage: str, tmp_path: Path) -> None:
    tried("xlmr", tmp_path, training={stage: {"lora": {"modules": ["query", "dense"]}}})
    with pytest.raises(UserError, match=r"lora\.modules: no linear map of this encoder is called 'q_proj'"):
        tried("xlmr", tmp_path, training={stage: {"lora": {"modules": ["q_proj"]}}})


def test_weights_that_are_not_all_there(tmp_path: Path) -> None:
    tiny_encoders.write("xlmr", tmp_path / "encoder")
    (tmp_path / "encoder" / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"needs config\.json and model\.safetensors"):
        tried("xlmr", tmp_path)


Break = Callable[[pytest.MonkeyPatch], None]


def _deaf(patch: pytest.MonkeyPatch) -> None:
    """An encoder that attends to padding."""
    forward = XLMRobertaModel.forward

    def without_mask(self: PreTrainedModel, input_ids: torch.Tensor, **options: Any) -> Any:
        return forward(self, input_ids, **{**options, "attention_mask": torch.ones_like(input_ids)})

    patch.setattr(XLMRobertaModel, "forward", without_mask)


def _broken(patch: pytest.MonkeyPatch) -> None:
    """An encoder whose weights are no numbers."""
    problems = trial.Trial.problems

    def of_broken(self: trial.Trial, *arguments: Any) -> Iterator[UserError]:
        self.encoder.get_input_embeddings().weight.data.fill_(float("nan"))
        return problems(self, *arguments)

    patch.setattr(trial.Trial, "problems", of_broken)


def _cut_short(patch: pytest.MonkeyPatch) -> None:
    """Offsets that begin one character late, as before they were fitted."""
    patch.setattr("xstilts.checks.models.fitted", lambda tokenizer, config, model: tiny_encoders.late_offsets())


def _glued(patch: pytest.MonkeyPatch) -> None:
    """A tokenizer that puts nothing between two texts."""
    patch.setattr("xstilts.checks.models.fitted", lambda tokenizer, config, model: _with_padding())


def _with_padding() -> Any:
    tokenizer = tiny_encoders.bare_bytes()
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_deaf, "padding changes what this encoder makes of a text"),
        (_broken, "its hidden states are not finite"),
        (_cut_short, "'msterdam,' comes back where 'Amsterdam' was asked for in XQuAD"),
        (_glued, "its tokenizer does not keep the two texts of a pair apart"),
    ],
)
def test_what_does_not_come_back_as_it_should(
    damage: Break, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**KINDS["xlmr"].settings}
    kind = Kind(tiny_encoders.byte_level, "XLMRobertaModel", "XLMRobertaConfig", settings)
    damage(monkeypatch)
    with pytest.raises(UserError, match=rf"models\.mine: .*{problem}"):
        tried(kind, tmp_path)


@pytest.mark.parametrize("kind", ["qwen2", "mt5"])
def test_masked_lm_without_a_mask_token(kind: str, tmp_path: Path) -> None:
    arms = {"none": {}, "text": {"masked_lm": {"text": "study"}}}
    with pytest.raises(UserError, match=r"models\.mine: its tokenizer has no mask token, without which there is no"):
        tried(kind, tmp_path, arms=arms)


def test_a_model_is_tried_on_what_continues_it(tmp_path: Path) -> None:
    tiny_encoders.write("qwen2", tmp_path / "encoder")
    models = {
        "mine": {"path": str(tmp_path / "encoder")},
        "more": {"continue": {"from": "mine", "text": "study", "steps": 3}},
    }
    settings = {"encoding": {"max_length": 64}, "retrieval": {"layer": 2}, "targets": TARGETS, "arms": ARMS}
    runs = Runs(load(ready_made(models=models, **settings)), folder=tmp_path / "results")
    with pytest.raises(UserError, match="no mask token"):
        train_tokenizer(runs, "mine")


def test_masked_lm_of_an_encoder_is_tried(tmp_path: Path) -> None:
    tried("xlmr", tmp_path, arms={"none": {}, "text": {"masked_lm": {"text": "study"}}})
