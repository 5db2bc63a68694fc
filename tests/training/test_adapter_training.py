"""Training with an adapter, and with gradient checkpointing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Hyperparameters, LoRA
from xstilts.encoders import storage as encoders
from xstilts.errors import UserError
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types.base import SpecialTokens
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

SHAPE = Architecture(hidden_size=16, layers=2, heads=2, feed_forward_size=16, max_length=24, dropout=0.2)
ADAPTED = Hyperparameters(
    learning_rate=2e-2, batch_size=10, max_steps=12, eval_every=3, warmup_steps=1, lora=LoRA(rank=2, dropout=0.1)
)
WHOLE = ADAPTED.model_copy(update={"lora": None})

Ended = tuple[PreTrainedModel, TrainingResult]
Run = Callable[..., Ended]


@pytest.fixture
def make(tokenizer: PreTrainedTokenizerFast) -> Callable[[], PreTrainedModel]:
    def make() -> PreTrainedModel:
        torch.manual_seed(7)
        return encoders.fresh(SHAPE, tokenizer, Compute())

    return make


@pytest.fixture
def run(tokenizer: PreTrainedTokenizerFast, data: TaskData, cpu: Device, make: Callable[[], PreTrainedModel]) -> Run:
    def run(hyper: Hyperparameters, session: Session | None = None, device: Device = cpu, seed: int = 1) -> Ended:
        encoder = make()
        return encoder, train(encoder, [data], SpecialTokens.of(tokenizer), hyper, seed, device, "a test", session)

    return run


def weights(ended: Ended) -> dict[str, torch.Tensor]:
    return {**ended[0].state_dict(), **ended[1].heads.state_dict()}


def same(one: Ended, other: Ended) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_only_adapter_pooler_and_head_are_trained(run: Run, make: Callable[[], PreTrainedModel]) -> None:
    ended, before = run(ADAPTED), make().state_dict()
    for name, value in weights(ended).items():
        if (plain := name.replace(".base_layer", "")) in before:
            assert torch.equal(value, before[plain]) == (not name.startswith("pooler.")), name
    moved = [value for name, value in weights(ended).items() if "lora_B" in name]
    assert len(moved) == 6 * SHAPE.layers and all(value.abs().max() > 0 for value in moved)


def test_training_follows_from_the_seed(run: Run) -> None:
    one, again, other = run(ADAPTED), run(ADAPTED), run(ADAPTED, seed=2)
    assert same(one, again) and one[1].curve == again[1].curve
    assert not same(one, other)


def test_a_checkpoint_holds_what_is_trained_and_resumes_to_the_same_bits(run: Run, tmp_path: Path) -> None:
    for stop in (2, 5, 8):  # before the first evaluation, and after the best weights have been kept
        folder = tmp_path / str(stop)
        request = StopRequest()

        def tell(what: str, step: int, total: int, at: int = stop, request: StopRequest = request) -> None:
            request.reason = "SIGTERM" if step == at else ""

        with pytest.raises(Stopped):
            run(ADAPTED, Session(request, Checkpoints(folder, "in", minutes=60), tell))
        checkpoint = Checkpoints(folder, "in", minutes=60).load()
        assert checkpoint is not None
        kept = {name.split("/", 1)[1] for name in checkpoint.tensors if name.split("/")[0].endswith("encoder")}
        assert kept and all(".lora_" in name or name.startswith("pooler.") for name in kept)
        torch.rand(5)
        resumed, undisturbed = run(ADAPTED, Session(checkpoints=Checkpoints(folder, "in", minutes=60))), run(ADAPTED)
        assert resumed[1].resumed_at == [stop]
        assert same(resumed, undisturbed) and resumed[1].curve == undisturbed[1].curve


@pytest.mark.parametrize("hyper", [WHOLE, ADAPTED], ids=["whole", "adapter"])
def test_gradient_checkpointing_changes_no_result(
    run: Run, cpu: Device, hyper: Hyperparameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[object] = []
    layer = "transformers.models.xlm_roberta.modeling_xlm_roberta.XLMRobertaAttention.forward"
    original = __import__("transformers").models.xlm_roberta.modeling_xlm_roberta.XLMRobertaAttention.forward

    def counted(self: object, *arguments: object, **options: object) -> object:
        computed.append(self)
        return original(self, *arguments, **options)

    monkeypatch.setattr(layer, counted)
    kept, passes = run(hyper), len(computed)
    again = run(hyper, device=replace(cpu, gradient_checkpointing=True))
    assert len(computed) - passes == passes + SHAPE.layers * 12, "each layer once more per step"
    assert same(kept, again) and kept[1].curve == again[1].curve


def test_the_study_decides_on_gradient_checkpointing() -> None:
    assert Device.choose(Compute(gradient_checkpointing=True), 1).gradient_checkpointing
    assert not Device.choose(Compute(), 1).gradient_checkpointing


def test_a_family_without_gradient_checkpointing(
    run: Run, cpu: Device, make: Callable[[], PreTrainedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(make()), "supports_gradient_checkpointing", False)
    with pytest.raises(UserError, match=r"compute\.gradient_checkpointing: XLMRobertaModel has none in transformers"):
        run(WHOLE, device=replace(cpu, gradient_checkpointing=True))
