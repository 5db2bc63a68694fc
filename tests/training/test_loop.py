"""The training loop: repeatable, steps as planned, the best state restored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Hyperparameters
from xstilts.errors import Diverged
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.training import loop
from xstilts.training.ahead import StepRows
from xstilts.training.batches import shuffled_batches
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.memory import MicroBatches
from xstilts.training.steps import TaskData, planned_steps

FAST = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=6, eval_every=2)

Run = Callable[..., tuple[PreTrainedModel, TrainingResult]]
State = dict[str, torch.Tensor]


@pytest.fixture
def run(make_encoder: Callable[[], PreTrainedModel], data: TaskData, tokens: SpecialTokens, cpu: Device) -> Run:
    """Train a tiny encoder; returns it with the training result."""

    def run(
        *task_data: TaskData, hyper: Hyperparameters = FAST, seed: int = 1
    ) -> tuple[PreTrainedModel, TrainingResult]:
        encoder = make_encoder()
        return encoder, train(encoder, task_data or [data], tokens, hyper, seed, cpu, "a test")

    return run


def state(module: torch.nn.Module) -> State:
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def scripted(monkeypatch: pytest.MonkeyPatch, scores: list[float]) -> list[State]:
    """Replace the scores of evaluations; returns the encoder's state at each evaluation."""
    states: list[State] = []
    script = iter(scores)

    def score(data: TaskData, encoder: PreTrainedModel, *rest: Any) -> float:
        states.append(state(encoder))
        return next(script)

    monkeypatch.setattr(loop, "_dev_score", score)
    return states


def test_learns(run: Run) -> None:
    _, trained = run(hyper=FAST.model_copy(update={"max_steps": 200, "eval_every": 40}))
    assert max(entry["pawsx"] for entry in trained.curve) >= 80
    losses = [entry["loss"] for entry in trained.curve]
    assert losses[-1] < 0.2 < losses[0]


def test_two_runs_give_the_same_weights(run: Run) -> None:
    (one, trained), (two, again) = run(), run()
    assert same(state(one), state(two))
    assert same(state(trained.heads), state(again.heads))
    assert trained.curve == again.curve


def test_another_seed_gives_other_weights(run: Run) -> None:
    assert not same(state(run()[0]), state(run(seed=2)[0]))


def test_the_state_of_the_generator_outside_does_not_matter(run: Run) -> None:
    torch.rand(3)
    one = state(run()[0])
    torch.rand(30)
    assert same(one, state(run()[0]))


class TestMicroBatches:
    @pytest.mark.parametrize("size", [1, 3, 4, 10, 99])
    def test_give_the_gradients_of_the_whole_batch(
        self,
        make_encoder: Callable[[], PreTrainedModel],
        data: TaskData,
        tokens: SpecialTokens,
        cpu: Device,
        size: int,
    ) -> None:
        rows = StepRows(data.train[range(10)])
        found = []
        for micro in (None, size):
            encoder = make_encoder()
            head = data.task_type.head(encoder.config)
            hyper = FAST.model_copy(update={"micro_batch_size": micro})
            loss = loop.backward(
                encoder, head, data.task_type, rows, tokens, hyper, cpu, MicroBatches(hyper.micro_batch_size)
            )
            found.append(
                (float(loss), [p.grad for p in (*encoder.parameters(), *head.parameters()) if p.grad is not None])
            )
        (whole_loss, whole), (loss, parts) = found
        assert loss == pytest.approx(whole_loss, rel=1e-5)
        assert len(whole) == len(parts) > 0
        for one, other in zip(whole, parts, strict=True):
            assert torch.allclose(one, other, atol=1e-6)


class TestClipping:
    def gradients(
        self,
        data: TaskData,
        make_encoder: Any,
        tokens: SpecialTokens,
        cpu: Device,
        rows: Any = range(10),
        **hyper: Any,
    ) -> list[torch.Tensor]:
        """The gradients of one step over some rows, in micro-batches of four."""
        encoder = make_encoder()
        torch.manual_seed(3)
        head = data.task_type.head(encoder.config)
        chosen = FAST.model_copy(update={"micro_batch_size": 4, "clip_norm": 0.01, **hyper})
        chosen_rows = StepRows(data.train[rows])
        loop.backward(encoder, head, data.task_type, chosen_rows, tokens, chosen, cpu, MicroBatches(4))
        return [p.grad for p in (*encoder.parameters(), *head.parameters()) if p.grad is not None]

    @pytest.mark.parametrize("each", ["step", "micro_batch"])
    def test_leaves_gradients_of_the_norm(
        self, each: str, data: TaskData, make_encoder: Any, tokens: SpecialTokens, cpu: Device
    ) -> None:
        found = self.gradients(data, make_encoder, tokens, cpu, clip_each=each)
        assert float(torch.nn.utils.get_total_norm(found)) == pytest.approx(0.01, rel=1e-3)

    def test_after_each_micro_batch_weights_the_last_ones_more(
        self, data: TaskData, make_encoder: Any, tokens: SpecialTokens, cpu: Device
    ) -> None:
        """With a tiny norm, the gradients accumulated before hardly count against those of the next micro-batch."""
        labels = [int(row["label"]) for row in data.train[range(40)]]
        ones, zeros = ([place for place, label in enumerate(labels) if label == which] for which in (1, 0))
        rows = [*ones[:8], *zeros[:2]]
        once = self.gradients(data, make_encoder, tokens, cpu, rows, clip_norm=1e-6)
        each = self.gradients(data, make_encoder, tokens, cpu, rows, clip_norm=1e-6, clip_each="micro_batch")
        last = self.gradients(data, make_encoder, tokens, cpu, zeros[:2])
        assert cosine(each, last) > 0.99
        assert cosine(once, last) < 0


def cosine(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    flat = (torch.cat([gradient.flatten() for gradient in gradients]) for gradients in (one, other))
    return float(torch.nn.functional.cosine_similarity(*flat, dim=0))


class TestSteps:
    def task_data(self, make: Callable[..., TaskData], *sizes: int) -> list[TaskData]:
        return [make(task, train=size) for task, size in zip(("pawsx", "qqp"), sizes, strict=False)]

    @pytest.mark.parametrize(
        ("hyper", "expected"),
        [
            ({"epochs": 1}, 3 + 2),  # 25 rows make 3 batches of up to ten, 12 make 2
            ({"epochs": 3}, 15),
            ({"epochs": 0.5}, 3),
            ({"epochs": 1, "examples_cap": 20}, 2 + 2),
            ({"epochs": 3, "max_steps": 7}, 7),
            ({"max_steps": 0}, 0),
        ],
    )
    def test_planned(self, make_task_data: Callable[..., TaskData], hyper: dict[str, Any], expected: int) -> None:
        assert (
            planned_steps(self.task_data(make_task_data, 25, 12), Hyperparameters(batch_size=10, **hyper)) == expected
        )

    def test_are_taken_as_planned(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        taken = []
        whole = loop.backward
        monkeypatch.setattr(loop, "backward", lambda *args: taken.append(len(args[3])) or whole(*args))
        _, trained = run(hyper=Hyperparameters(batch_size=16, epochs=2, learning_rate=1e-3))
        assert trained.steps == len(taken) == 8
        assert sum(taken) == 2 * 60  # every example twice

    def test_of_a_mixture_have_one_task_each_and_a_head_per_task(
        self, run: Run, make_task_data: Callable[..., TaskData], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        whole = loop.backward
        monkeypatch.setattr(loop, "backward", lambda *args: seen.append((args[1], args[2].task.name)) or whole(*args))
        task_data = self.task_data(make_task_data, 60, 60)
        _, trained = run(*task_data, hyper=FAST.model_copy(update={"max_steps": 30}))
        assert set(trained.heads) == {"pawsx", "qqp"}
        assert {name for _, name in seen} == {"pawsx", "qqp"}
        assert all(head is trained.heads[name] for head, name in seen)
        assert set(trained.curve[0]) == {"step", "loss", "pawsx", "qqp"}

    def rows_by_step(self, run: Run, monkeypatch: pytest.MonkeyPatch, *task_data: TaskData, seed: int) -> list[Any]:
        """The task and the example indices of every step of a run."""
        steps: list[Any] = []
        whole = loop.backward

        def backward(*args: Any) -> torch.Tensor:
            steps.append((args[2].task.name, [row["example"] for row in args[3].rows]))
            return whole(*args)

        monkeypatch.setattr(loop, "backward", backward)
        run(*task_data, hyper=FAST.model_copy(update={"max_steps": 12}), seed=seed)
        monkeypatch.setattr(loop, "backward", whole)
        return steps

    def test_come_in_an_order_that_the_seed_decides(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        one, again, other = (self.rows_by_step(run, monkeypatch, seed=seed) for seed in (1, 1, 2))
        assert one == again
        assert one[:6] != other[:6]
        for steps in (one, other):
            assert sorted(index for _, rows in steps[:6] for index in rows) == list(range(60))

    def test_of_a_mixture_are_drawn_by_the_seed(
        self, run: Run, make_task_data: Callable[..., TaskData], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task_data = self.task_data(make_task_data, 60, 60)
        one, again, other = (self.rows_by_step(run, monkeypatch, *task_data, seed=seed) for seed in (1, 1, 2))
        assert one == again
        assert [task for task, _ in one] != [task for task, _ in other]

    def test_of_two_tasks_are_not_in_the_same_order(
        self, run: Run, make_task_data: Callable[..., TaskData], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steps = self.rows_by_step(run, monkeypatch, *self.task_data(make_task_data, 60, 60), seed=1)
        first, second = ([rows for task, rows in steps if task == name] for name in ("pawsx", "qqp"))
        assert first[0] != second[0]

    def test_none(self, run: Run, make_encoder: Callable[[], PreTrainedModel]) -> None:
        encoder, trained = run(hyper=FAST.model_copy(update={"max_steps": 0}))
        assert same(state(encoder), state(make_encoder()))
        assert (trained.steps, trained.best_step, trained.curve) == (0, 0, [])


def test_a_step_is_one_of_adamw_on_the_gradients_of_its_own_batch(
    run: Run, make_encoder: Callable[[], PreTrainedModel], data: TaskData, tokens: SpecialTokens, cpu: Device
) -> None:
    """The same four steps, written out."""
    hyper = FAST.model_copy(update={"max_steps": 4, "eval_every": 9, "warmup_steps": 1, "clip_norm": 0.05})
    trained_encoder, trained = run(replace(data, dev=None, dev_examples=None), hyper=hyper)

    encoder = make_encoder()
    torch.manual_seed(1)
    head = data.task_type.head(encoder.config)
    parameters = [*encoder.parameters(), *head.parameters()]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": hyper.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, hyper.adam_beta2), eps=hyper.adam_epsilon)
    batches = shuffled_batches(data.train.lengths, hyper.batch_size, np.random.default_rng([1, 0]))
    for rate in (0.0, 1.0, 2 / 3, 1 / 3):
        for group in optimiser.param_groups:
            group["lr"] = rate * hyper.learning_rate
        batch = data.task_type.collate(data.train[next(batches)], tokens)
        optimiser.zero_grad()
        data.task_type.loss(data.task_type.logits(encoder, head, batch), batch).backward()
        torch.nn.utils.clip_grad_norm_(parameters, hyper.clip_norm)
        optimiser.step()
    for module, expected in ((trained_encoder, encoder), (trained.heads["pawsx"], head)):
        for name, value in expected.state_dict().items():
            torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-4, atol=1e-6, msg=name)


class TestSelection:
    def test_restores_the_best_state(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        states = scripted(monkeypatch, [50.0, 90.0, 70.0])
        encoder, trained = run()
        assert trained.best_step == 4
        assert same(state(encoder), states[1])
        assert not same(states[1], states[2])
        assert [(entry["step"], entry["pawsx"]) for entry in trained.curve] == [(2, 50.0), (4, 90.0), (6, 70.0)]

    def test_takes_the_earliest_of_equal_states(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        states = scripted(monkeypatch, [80.0, 80.0, 80.0])
        encoder, trained = run()
        assert trained.best_step == 2
        assert same(state(encoder), states[0])

    def test_can_be_left_out(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        states = scripted(monkeypatch, [50.0, 90.0, 70.0])
        encoder, trained = run(hyper=FAST.model_copy(update={"selection": "last"}))
        assert trained.best_step == 6
        assert same(state(encoder), states[2])
        assert [entry["pawsx"] for entry in trained.curve] == [50.0, 90.0, 70.0]

    def test_of_a_mixture_goes_by_the_mean_over_tasks(
        self, run: Run, make_task_data: Callable[..., TaskData], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scripted(monkeypatch, [90.0, 0.0, 60.0, 60.0, 50.0, 20.0])
        _, trained = run(make_task_data("pawsx"), make_task_data("qqp"))
        assert trained.best_step == 4

    def test_happens_at_the_end_where_eval_every_lies_beyond_it(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        states = scripted(monkeypatch, [10.0])
        _, trained = run(hyper=FAST.model_copy(update={"eval_every": 1000}))
        assert len(states) == 1
        assert trained.best_step == trained.curve[0]["step"] == 6

    def test_leaves_the_last_state_where_there_is_no_dev_data(
        self, run: Run, make_task_data: Callable[..., TaskData]
    ) -> None:
        encoder, trained = run(make_task_data(dev=False))
        with_dev, _ = run(hyper=FAST.model_copy(update={"eval_every": 1000}))
        assert trained.best_step == 6
        assert all(set(entry) == {"step", "loss"} for entry in trained.curve)
        assert same(state(encoder), state(with_dev))


class Broken(Classification):
    """Its loss is multiplied by scripted factors."""

    losses: Iterator[float]

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(logits, batch) * next(self.losses)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_training(run: Run, data: TaskData, value: float) -> None:
    task_type = Broken(data.task_type.task, data.task_type.encoding, data.task_type.labels)
    task_type.losses = iter([1.0, 1.0, value])
    with pytest.raises(Diverged) as caught:
        run(replace(data, task_type=task_type))
    message = str(caught.value)
    assert message.startswith(f"The loss is {value} at step 3 of 6 in a test (pawsx, learning rate 0.0033).")
    assert "Lower the learning rate" in message
