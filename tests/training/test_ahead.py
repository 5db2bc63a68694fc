"""What a GPU does otherwise than a CPU, done on a CPU: batches collated ahead, padded lengths, losses read later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Encoding, Hyperparameters
from xstilts.encoders import storage as encoders
from xstilts.errors import Diverged
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types import task_type_of
from xstilts.task_types.base import Batch, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.task_types.inputs import UNPADDED, run_encoder
from xstilts.tasks.registry import TEXT
from xstilts.training import losses
from xstilts.training.ahead import StepRows, ahead
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.prediction import predict
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

HYPER = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=9, eval_every=4, warmup_steps=3)
SHAPE = Architecture(hidden_size=16, layers=1, heads=2, feed_forward_size=16, max_length=24, dropout=0.3)


class Ahead(Device):
    """A CPU that collates ahead."""

    collates_ahead = True  # type: ignore[assignment]


class Padded(Device):
    """A CPU with the batches of a GPU."""

    evaluation_tokens = 64  # type: ignore[assignment]

    def padding(self, tokens: SpecialTokens) -> SpecialTokens:
        return replace(tokens, multiple=8)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses are read as rarely as on a GPU."""
    monkeypatch.setitem(losses._EVERY, "cpu", 20)


class TestAhead:
    def test_yields_the_same_in_the_same_order(self) -> None:
        assert list(ahead(iter(range(20)))) == list(range(20))
        assert list(ahead(iter(()))) == []

    def test_is_ahead_of_its_reader(self) -> None:
        drawn, third = [], threading.Event()

        def items() -> Iterator[int]:
            for item in range(9):
                drawn.append(item)
                if item == 2:
                    third.set()
                yield item

        reader = ahead(items())
        assert next(reader) == 0
        assert third.wait(10)
        assert len(drawn) < 9

    def test_raises_what_the_iterator_raises(self) -> None:
        def items() -> Iterator[int]:
            yield 1
            raise OSError("gone")

        reader = ahead(items())
        assert next(reader) == 1
        with pytest.raises(OSError, match="gone"):
            next(reader)

    def test_leaves_no_thread_behind(self) -> None:
        before = threading.active_count()
        reader = ahead(iter(range(99)))
        next(reader)
        reader.close()  # type: ignore[attr-defined]
        assert threading.active_count() == before


Trained = tuple[dict[str, torch.Tensor], Any]


@pytest.fixture
def run(tokenizer: PreTrainedTokenizerFast, data: TaskData) -> Callable[..., Trained]:
    """Train an encoder with dropout on a device; returns its weights and the result."""

    def run(device: Device, task: TaskData = data, session: Session | None = None, **hyper: Any) -> Trained:
        torch.manual_seed(7)
        encoder: PreTrainedModel = encoders.fresh(SHAPE, tokenizer, Compute())
        tokens = SpecialTokens.of(tokenizer, torch.Generator().manual_seed(1))
        trained = train(encoder, [task], tokens, HYPER.model_copy(update=hyper), 1, device, "a test", session)
        return {**encoder.state_dict(), **trained.heads.state_dict()}, trained

    return run


def assert_same(one: Trained, other: Trained) -> None:
    (weights, trained), (others, other_trained) = one, other
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert trained.curve == other_trained.curve


AHEAD = Ahead("cpu", torch.float32)


class TestCollatedAhead:
    @pytest.mark.parametrize("micro", [None, 4])
    def test_training_gives_the_same_bits(self, run: Any, cpu: Device, micro: int | None) -> None:
        assert_same(run(AHEAD, micro_batch_size=micro), run(cpu, micro_batch_size=micro))

    def test_batches_are_those_of_the_background(self, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        threads = []
        whole = Classification.collate

        def collate(self: Any, *arguments: Any) -> Batch:
            threads.append(threading.current_thread() is threading.main_thread())
            return whole(self, *arguments)

        monkeypatch.setattr(Classification, "collate", collate)
        run(AHEAD, eval_every=9)
        assert threads.count(False) == 9

    def test_masks_are_drawn_in_their_own_step(self, run: Any, cpu: Device, data: TaskData, tmp_path: Path) -> None:
        """Stopped and resumed; a checkpoint has the random state of its step, whatever lies ahead."""
        masked = TaskData(task_type_of(TEXT, Encoding(max_length=24)), data.train)
        stop = StopRequest()

        def tell(what: str, step: int, total: int) -> None:
            stop.reason = "SIGTERM" if step == 4 and not stop.reason else ""

        session = Session(stop, Checkpoints(tmp_path, "in", minutes=60), tell)
        with pytest.raises(Stopped):
            run(AHEAD, masked, session)
        stop.reason = ""
        assert_same(run(AHEAD, masked, Session(checkpoints=Checkpoints(tmp_path, "in", 60))), run(cpu, masked))

    def test_after_memory_has_run_out_what_lies_ahead_is_collated_anew(
        self, run: Any, cpu: Device, data: TaskData
    ) -> None:
        class Large(Classification):
            def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
                if len(logits) > 3:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                return super().loss(logits, batch)

        large = replace(data, task_type=Large(data.task_type.task, data.task_type.encoding, data.task_type.labels))
        found = run(AHEAD, large)
        assert found[1].halvings == [5, 2]
        assert_same(found, run(cpu, micro_batch_size=2))


class TestPaddedLengths:
    def test_are_multiples_up_to_the_longest(self, data: TaskData, tokens: SpecialTokens) -> None:
        rows = StepRows(data.train[range(10)])
        longest = max(len(row["input_ids"]) for row in rows.rows)
        for most, expected in ((24, -(-longest // 8) * 8), (longest, longest), (0, longest)):
            padded = replace(tokens, multiple=8, longest=most)
            batch = rows.micro_batch(0, 10, data.task_type, padded)
            assert batch["input_ids"].shape == batch["attention_mask"].shape == (10, expected)

    def test_change_neither_training_nor_predictions(
        self, run: Any, make_encoder: Any, data: TaskData, tokens: SpecialTokens, cpu: Device
    ) -> None:
        """Up to rounding: without dropout, whose draws depend on the length."""
        device = Padded("cpu", torch.float32)
        found = []
        for chosen in (cpu, device):
            encoder = make_encoder()
            trained = train(encoder, [data], tokens, HYPER, 1, chosen, "a test")
            head = trained.heads[data.name]
            assert data.dev is not None and data.dev_examples is not None
            predictions = predict(data.task_type, encoder, head, data.dev, data.dev_examples, tokens, 2, chosen)
            found.append((encoder.state_dict(), predictions, [entry["loss"] for entry in trained.curve]))
        (weights, predictions, curve), (others, other_predictions, other_curve) = found
        assert predictions == other_predictions
        assert curve == pytest.approx(other_curve, rel=1e-4)
        for name, value in weights.items():
            torch.testing.assert_close(others[name], value, rtol=1e-3, atol=1e-5, msg=name)

    def test_evaluation_takes_more_of_short_rows(
        self, make_encoder: Any, data: TaskData, tokens: SpecialTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes = []
        whole = Classification.collate
        monkeypatch.setattr(Classification, "collate", lambda *all: sizes.append(len(all[1])) or whole(*all))
        encoder = make_encoder()
        head = data.task_type.head(encoder.config)
        assert data.dev is not None and data.dev_examples is not None
        predict(data.task_type, encoder, head, data.dev, data.dev_examples, tokens, 2, Padded("cpu", torch.float32))
        assert sum(sizes) == len(data.dev)
        assert min(sizes[:-1]) > 2


@pytest.mark.usefixtures("later")
class TestLossesReadLater:
    def diverging(self, data: TaskData, at: int) -> TaskData:
        """A task whose loss is not finite at one step, and whose gradients are."""

        class Script(Classification):
            steps = 0

            def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
                self.steps += 1
                return super().loss(logits, batch) + (torch.inf if self.steps == at else 0)

        return replace(data, task_type=Script(data.task_type.task, data.task_type.encoding, data.task_type.labels))

    def test_the_curve_is_the_same(self, run: Any, cpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
        found = run(cpu)
        monkeypatch.undo()
        assert_same(found, run(cpu))

    @pytest.mark.parametrize(("at", "found_at"), [(1, 0), (2, 4), (23, 24), (42, 44)])
    def test_divergence_is_found_at_the_next_evaluation_and_its_step_named(
        self, run: Any, cpu: Device, data: TaskData, at: int, found_at: int
    ) -> None:
        told = []
        session = Session(on_progress=lambda what, step, total: told.append(step))
        with pytest.raises(Diverged, match=rf"The loss is inf at step {at} of 45 in a test \(pawsx, learning rate"):
            run(cpu, self.diverging(data, at), session, max_steps=45, eval_every=4)
        assert told[-1] == found_at

    def test_divergence_is_found_without_evaluations(self, run: Any, cpu: Device, data: TaskData) -> None:
        told = []
        session = Session(on_progress=lambda what, step, total: told.append(step))
        with pytest.raises(Diverged, match="at step 23"):
            run(cpu, self.diverging(data, 23), session, max_steps=90, eval_every=90)
        assert told[-1] == 39

    def test_no_checkpoint_is_of_a_state_that_has_diverged(
        self, run: Any, cpu: Device, data: TaskData, tmp_path: Path
    ) -> None:
        checkpoints = Checkpoints(tmp_path, "in", minutes=0)  # one after every step
        with pytest.raises(Diverged, match="at step 6 "):
            run(cpu, self.diverging(data, 6), Session(checkpoints=checkpoints), max_steps=30, eval_every=30)
        kept = checkpoints.load()
        assert kept is not None and kept.facts["step"] == 5


class TestUnpaddedBatches:
    def test_reach_the_encoder_without_a_mask_and_give_the_same_states(
        self, make_encoder: Any, data: TaskData, tokens: SpecialTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        encoder = make_encoder().eval()
        whole = type(encoder).forward
        monkeypatch.setattr(
            type(encoder),
            "forward",
            lambda *all, **named: seen.append("attention_mask" in named) or whole(*all, **named),
        )
        by_length: dict[int, list[int]] = {}
        for index, length in enumerate(data.train.lengths.tolist()):
            by_length.setdefault(length, []).append(index)
        equal = max(by_length.values(), key=len)
        different = [indices[0] for indices in by_length.values()]
        assert len(equal) > 1 < len(different)
        for rows in (equal, different):
            run_encoder(encoder, data.task_type.collate(data.train[rows], tokens))
        assert seen == [False, True]
        batch = data.task_type.collate(data.train[equal], tokens)
        without = run_encoder(encoder, batch).last_hidden_state
        del batch[UNPADDED]
        assert torch.equal(run_encoder(encoder, batch).last_hidden_state, without)
