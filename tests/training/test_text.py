"""Masked language modelling beside tasks: how often, in which languages, and what becomes of its loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Compute, Encoding, Hyperparameters
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.encoders import storage as encoders
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TEXT
from xstilts.training.batches import drawing_shares, language_batches, mixture
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData, planned_steps, steps
from xstilts.training.text import HELD_OUT, TextData, held_out_loss, steps_with_text

ENCODING = Encoding(max_length=24)
SHAPE = encoders.Architecture(hidden_size=16, layers=1, heads=2, feed_forward_size=16, max_length=24, dropout=0.1)
HYPER = Hyperparameters(learning_rate=5e-3, batch_size=10, max_steps=12, eval_every=4, warmup_steps=1)
SIZES = {"de": 81, "en": 16}

MakeText = Callable[..., TextData]
Ended = tuple[dict[str, torch.Tensor], TrainingResult]


@pytest.fixture(scope="session")
def make_text(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> MakeText:
    """Builds a text in two languages whose passages say which language and which passage they are."""
    folder = tmp_path_factory.mktemp("text")
    task_type = task_type_of(TEXT, ENCODING)
    for code, count in SIZES.items():
        texts = [f"the old stone pier arrived {code} {number}" for number in range(count)]
        table = pa.table({"id": [str(n) for n in range(count)], "text": texts}, schema=task_type.schema)
        pq.write_table(table, folder / f"train.{code}.parquet")
    encode_task(TEXT, ENCODING, tokenizer, sorted(folder.glob("*.parquet")), folder / "tokens")

    def make(share: float = 1.0, exponent: float = 0.3) -> TextData:
        files = {code: folder / "tokens" / f"train.{code}.arrow" for code in SIZES}
        train = {code: EncodedRows(path, without=[0, 1, 2, 3, 4]) for code, path in files.items()}
        held_out = {code: EncodedRows(path, only={path: [0, 1, 2, 3, 4]}) for code, path in files.items()}
        return TextData(task_type, train, held_out, exponent, share)

    return make


@pytest.fixture
def run(tokenizer: PreTrainedTokenizerFast, cpu: Device) -> Callable[..., Ended]:
    def run(
        task_data: list[TaskData], text: TextData | None, session: Session | None = None, mixing: float = 1.0
    ) -> Ended:
        torch.manual_seed(7)
        encoder: PreTrainedModel = encoders.fresh(SHAPE, tokenizer, Compute())
        tokens = SpecialTokens.of(tokenizer, torch.Generator().manual_seed(1))
        trained = train(encoder, task_data, tokens, HYPER, 1, cpu, "a test", session, text=text, mixing=mixing)
        return {**encoder.state_dict(), **trained.heads.state_dict()}, trained

    return run


def steps_of(task_data: list[TaskData], text: TextData | None, total: int, seed: int = 1) -> list[str]:
    """What each step of a run trains on."""
    return [data.name for data, _ in steps(task_data, text, 1.0, HYPER, seed, 0, total)]


def test_the_share_of_steps_on_text_holds(data: TaskData, make_text: MakeText) -> None:
    for share in (0.2, 0.5, 0.9):
        counts = Counter(steps_of([data], make_text(share), 4000))
        assert counts["text"] / 4000 == pytest.approx(share, abs=0.03)
        assert counts["text"] + counts["pawsx"] == 4000


def test_a_text_alone_has_every_step(make_text: MakeText) -> None:
    assert set(steps_of([], make_text(), 50)) == {"text"}


def test_the_tasks_see_the_same_batches_with_and_without_text(data: TaskData, make_text: MakeText) -> None:
    """So that an arm differs from the same arm with text in the text alone."""
    alone = [rows for _, rows in steps([data], None, 1.0, HYPER, 1, 0, 9)]
    beside = [rows for found, rows in steps([data], make_text(0.5), 1.0, HYPER, 1, 0, 60) if found is data]
    for one, other in zip(alone, beside, strict=False):
        assert [row["example"] for row in one.rows] == [row["example"] for row in other.rows]


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0])
def test_languages_are_drawn_by_a_power_of_their_size(exponent: float) -> None:
    batches = language_batches([np.ones(8100), np.ones(100)], 10, exponent, np.random.default_rng(1))
    drawn = Counter(language for _ in range(2000) for language, _ in next(batches))
    expected = 8100**exponent / (8100**exponent + 100**exponent)
    assert drawn[0] / 20_000 == pytest.approx(expected, abs=0.015)


def test_batches_of_tokens_draw_the_same_rows_and_hold_no_more_with_their_padding() -> None:
    lengths = [np.random.default_rng(size).integers(2, 60, size) for size in (30, 5)]
    of_rows, of_tokens = (language_batches(lengths, 10, 0.5, np.random.default_rng(1), most) for most in (None, 90))
    batches = [next(of_tokens) for _ in range(80)]
    assert all(len(one) * max(lengths[language][row] for language, row in one) <= 90 for one in batches)
    assert max(map(len, batches)) > 3
    drawn = [row for batch in batches for row in batch]
    assert drawn[:100] == [row for _ in range(10) for row in next(of_rows)]


def test_every_row_of_a_language_comes_once_before_any_comes_again() -> None:
    batches = language_batches([np.ones(30), np.ones(5)], 10, 0.0, np.random.default_rng(1))
    rows: dict[int, list[int]] = {0: [], 1: []}
    while len(rows[0]) < 30:
        for language, row in next(batches):
            rows[language].append(row)
    assert sorted(rows[0][:30]) == list(range(30))
    assert sorted(rows[1][:5]) == sorted(rows[1][5:10]) == list(range(5))


def test_rows_are_those_of_the_drawn_language(make_text: MakeText, tokenizer: PreTrainedTokenizerFast) -> None:
    text = make_text(exponent=1.0)
    assert {code: len(rows) for code, rows in text.train.items()} == {"de": 76, "en": 11}
    batch = next(text.batches(200, np.random.default_rng(3)))
    shares = Counter(code for code, rows in text.train.items() for row in batch if _is_in(row, rows))
    assert shares["de"] / 200 == pytest.approx(76 / 87, abs=0.08)


def _is_in(row: object, rows: EncodedRows) -> bool:
    wanted = list(row["input_ids"])  # type: ignore[index]
    return any(list(other["input_ids"]) == wanted for other in rows[range(len(rows))])


def test_the_power_of_a_mixture() -> None:
    assert drawing_shares([900, 100], 1.0).tolist() == [0.9, 0.1]
    assert drawing_shares([900, 100], 0.0).tolist() == [0.5, 0.5]
    assert drawing_shares([900, 100], 0.5).tolist() == pytest.approx([0.75, 0.25])
    drawn = mixture([900, 100], 400, np.random.default_rng(1), 0.5)
    assert np.mean([next(drawn) for _ in range(10_000)]) == pytest.approx(1 / 3, abs=0.015)


def test_a_mixture_by_size_is_drawn_as_before() -> None:
    one, other = mixture([900, 100], None, np.random.default_rng(1)), np.random.default_rng(1)
    expected = other.choice(2, size=1000, p=np.array([900.0, 100.0]) / 1000).tolist()
    assert [next(one) for _ in range(1000)] == expected


def test_text_comes_on_top_of_the_epochs_over_the_tasks(data: TaskData, make_text: MakeText) -> None:
    epochs = HYPER.model_copy(update={"max_steps": None, "epochs": 2.0})
    assert planned_steps([data], epochs) == 12
    assert planned_steps([data], epochs, make_text(0.75)) == 48
    assert planned_steps([data], HYPER, make_text(0.75)) == 12
    assert planned_steps([], epochs, make_text()) == 2 * 9
    assert steps_with_text(7, None) == 7


def test_the_loss_on_held_out_text_falls_and_is_lower_than_without_text(
    run: Callable[..., Ended], data: TaskData, make_text: MakeText, tokenizer: PreTrainedTokenizerFast, cpu: Device
) -> None:
    beside, without = make_text(0.7), make_text(0.7)
    curve = run([data], beside)[1].curve
    assert curve[-1][HELD_OUT] < curve[0][HELD_OUT]
    torch.manual_seed(7)
    encoder = encoders.fresh(SHAPE, tokenizer, Compute())
    tokens = SpecialTokens.of(tokenizer, torch.Generator().manual_seed(1))
    train(encoder, [data], tokens, HYPER, 1, cpu, "a test")
    head = without.task_type.head(encoder.config)
    assert held_out_loss(without, encoder, head, tokens, 10, cpu) > curve[-1][HELD_OUT]


def test_measuring_the_loss_draws_no_random_number(
    make_text: MakeText, tokenizer: PreTrainedTokenizerFast, cpu: Device
) -> None:
    text, tokens = make_text(), SpecialTokens.of(tokenizer, torch.Generator().manual_seed(1))
    torch.manual_seed(7)
    encoder = encoders.fresh(SHAPE, tokenizer, Compute())
    head = text.task_type.head(encoder.config)
    before = torch.get_rng_state(), tokens.generator and tokens.generator.get_state()
    one, other = (held_out_loss(text, encoder, head, tokens, size, cpu) for size in (4, 4))
    assert one == other
    assert torch.equal(before[0], torch.get_rng_state())
    assert tokens.generator is not None and before[1] is not None
    assert torch.equal(before[1], tokens.generator.get_state())


def test_the_weights_are_chosen_on_the_tasks_alone(
    run: Callable[..., Ended], data: TaskData, make_text: MakeText
) -> None:
    trained = run([data], make_text(0.5))[1]
    best = max(trained.curve, key=lambda entry: (entry["pawsx"], -entry["step"]))
    assert trained.best_step == best["step"]
    alone = run([], make_text())[1]
    assert alone.best_step == alone.steps
    assert alone.curve[-1].keys() == {"step", "loss", HELD_OUT}


def test_a_head_that_is_given_is_the_start(
    run: Callable[..., Ended], make_text: MakeText, tokenizer: PreTrainedTokenizerFast, cpu: Device
) -> None:
    trained = run([], make_text())[1]
    head = {name: value.clone() for name, value in trained.heads["text"].state_dict().items()}
    text = TextData(**{**vars(make_text()), "head": head})
    frozen = HYPER.model_copy(update={"max_steps": 1, "warmup_steps": 1})  # the first step has learning rate 0
    encoder = encoders.fresh(SHAPE, tokenizer, Compute())
    again = train(encoder, [], SpecialTokens.of(tokenizer), frozen, 1, cpu, "a test", text=text)
    assert all(torch.equal(value, head[name]) for name, value in again.heads["text"].state_dict().items())


@pytest.mark.parametrize("stop", [1, 5, 11])
def test_a_run_with_text_resumes_to_the_same_bits(
    run: Callable[..., Ended], data: TaskData, make_text: MakeText, tmp_path: Path, stop: int
) -> None:
    whole, expected = run([data], make_text(0.5))
    request = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if step == stop:
            request.reason = "SIGTERM"

    with pytest.raises(Stopped):
        run([data], make_text(0.5), Session(request, Checkpoints(tmp_path, "in", minutes=60), tell))
    torch.rand(5)
    weights, resumed = run([data], make_text(0.5), Session(checkpoints=Checkpoints(tmp_path, "in", minutes=60)))
    assert resumed.resumed_at == [stop]
    assert weights.keys() == whole.keys() and all(torch.equal(weights[name], whole[name]) for name in whole)
    assert resumed.curve == expected.curve
