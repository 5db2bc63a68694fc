"""Several processes that share an encoder's weights train as one process does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_encoders
import torch
from together import Case, by_several, outcome, without_dev
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Encoding, Hyperparameters
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.data.fitting import fitted
from xstilts.encoders import storage
from xstilts.task_types import task_type_of
from xstilts.task_types.base import IGNORED
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.training import ranks
from xstilts.training.device import Device
from xstilts.training.gradients import _share
from xstilts.training.steps import TaskData

# With a small epsilon, AdamW makes large steps of gradients that are 0 apart from rounding, as those of biases of keys.
HYPER = Hyperparameters(
    learning_rate=5e-3, batch_size=10, max_steps=8, eval_every=4, warmup_steps=2, adam_epsilon=1e-4, restarts=0
)
MICRO = HYPER.model_copy(update={"micro_batch_size": 3, "clip_each": "micro_batch"})
WORDS = ["the", "old", "stone", "pier", "arrived", "at", "market", "counted", "forty", "baskets", "harbour"]
STOP = 5
#: Their layers are one and the same, contain lists of their own, are those of languages, are a decoder's.
FAMILIES = "albert", "mt5", "xmod", "qwen3"
DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "dropout_rate",
    "attention_dropout",
    "classifier_dropout",
)

Outcomes = Mapping[str, tuple[dict[str, Any], dict[str, Any]]]


def encoded(task: str, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, folder: Path) -> TaskData:
    """A task whose dev data is its training data."""
    encoding = Encoding(max_length=32, max_query_length=8, doc_stride=8)
    folder.mkdir()
    pq.write_table(examples, folder / "train.en.parquet")
    encode_task(TASKS[task], encoding, tokenizer, [folder / "train.en.parquet"], folder / "tokens")
    rows = EncodedRows(folder / "tokens" / "train.en.arrow")
    return TaskData(task_type_of(TASKS[task], encoding), rows, rows, examples)


def tagged(count: int) -> pa.Table:
    """Sentences of one to nine words, whose lengths decide the tags."""
    labels = TASKS["udpos"].labels
    tokens = [[WORDS[(row + place) % len(WORDS)] for place in range(1 + row % 9)] for row in range(count)]
    tags = [[labels[len(word) % 3] for word in words] for words in tokens]
    return pa.table({"id": [str(row) for row in range(count)], "tokens": tokens, "tags": tags})


def asked(count: int) -> pa.Table:
    """Questions whose answer is the last word."""
    contexts = [" ".join(WORDS[(row + place) % len(WORDS)] for place in range(2 + row % 12)) for row in range(count)]
    answers = [[context.split()[-1]] for context in contexts]
    starts = [[context.rindex(answer)] for context, (answer,) in zip(contexts, answers, strict=True)]
    columns = {"id": [str(row) for row in range(count)], "context": contexts, "question": ["which?"] * count}
    types = pa.schema({"answer_starts": pa.list_(pa.int32())})
    return pa.table({**columns, "answers": answers, "answer_starts": pa.array(starts, types.field(0).type)})


def family(name: str, folder: Path) -> Case:
    """Training of an encoder of a family on choices."""
    kind = tiny_encoders.KINDS[name]
    without = dict.fromkeys(DROPOUTS, 0.0)
    tiny_encoders.write(replace(kind, settings={**kind.settings, **without}), folder)
    tokenizer = fitted(tokenizers.load(folder), storage.read_config(folder), name)
    choices = encoded("hellaswag", chosen(23), tokenizer, folder / "hellaswag")
    return Case(name, [choices], HYPER, encoder=(folder, tokenizer))


def chosen(count: int) -> pa.Table:
    """Prompts that one of two choices repeats."""
    words = [WORDS[row % len(WORDS)] for row in range(count)]
    choices = [[word, "nobody"] if row % 3 else ["nobody", word] for row, word in enumerate(words)]
    labels = pa.array([int(row % 3 == 0) for row in range(count)], pa.int32())
    return pa.table({"id": [str(row) for row in range(count)], "prompt": words, "choices": choices, "label": labels})


@pytest.fixture(scope="module")
def outcomes(
    make_task_data: Callable[..., TaskData],
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcomes:
    """By the name of a run, what has come of it with one process and with two."""
    folder = tmp_path_factory.mktemp("ranks")
    pairs = make_task_data("pawsx", 41)  # one row is left over in each epoch
    text = without_dev(TaskData(task_type_of(TEXT, Encoding(max_length=24)), pairs.train))
    tags = encoded("udpos", tagged(31), tokenizer, folder / "udpos")
    questions = encoded("squad_v2", asked(33), tokenizer, folder / "squad")
    cases = [
        Case("classification", [pairs], HYPER),
        Case("tagging", [tags], HYPER),
        Case("questions", [questions], HYPER),
        Case("text", [text], HYPER),
        Case("a mixture in micro-batches", [pairs, tags], MICRO),
        Case("dropout", [pairs], HYPER, dropout=0.3),
        Case("stopped", [pairs], HYPER, dropout=0.3, stop=STOP, checkpoints="two"),
        Case("resumed", [pairs], HYPER, dropout=0.3, checkpoints="two"),
        Case("stopped, then one process", [text], HYPER, stop=STOP, checkpoints="one"),
    ]
    cases += [family(name, folder / name) for name in FAMILIES]
    cases += [
        Case("bfloat16", [pairs], MICRO, device=Device("cpu", torch.bfloat16)),
        Case("layers again", [pairs], HYPER, device=Device("cpu", torch.float32, gradient_checkpointing=True)),
    ]
    alone = [outcome(case, tokenizer, folder / "alone") for case in cases]
    together = by_several(2, cases, tokenizer, folder)
    last = Case("resumed by one process", [text], HYPER, checkpoints="one")
    by_one = outcome(last, tokenizer, folder)
    return {case.name: pair for case, *pair in zip(cases, alone, together, strict=True)} | {last.name: (by_one,) * 2}


def assert_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Curves, predictions and weights are the same, apart from rounding."""
    assert one["weights"].keys() == other["weights"].keys()
    for name, value in one["weights"].items():
        torch.testing.assert_close(other["weights"][name], value, rtol=1e-4, atol=1e-5, msg=name)
    assert len(one["curve"]) == len(other["curve"]) == 2
    for entry, other_entry in zip(one["curve"], other["curve"], strict=True):
        assert other_entry == pytest.approx(entry, rel=1e-5)
    assert one["predictions"] == other["predictions"]
    assert one["family"] == other["family"] and one["names in the file"] == other["names in the file"]


@pytest.mark.parametrize("name", ["classification", "tagging", "questions", "text", "a mixture in micro-batches"])
def test_two_processes_train_as_one_does(outcomes: Outcomes, name: str) -> None:
    alone, together = outcomes[name]
    assert_alike(alone, together)
    assert alone["steps"] == together["steps"]


@pytest.mark.parametrize("name", [*FAMILIES, "layers again"])
def test_two_processes_train_every_family_as_one_does(outcomes: Outcomes, name: str) -> None:
    assert_alike(*outcomes[name])


def test_two_processes_train_in_bfloat16(outcomes: Outcomes) -> None:
    """Rounding depends on the rows that are computed at once, and all weights are rounded while they are whole."""
    alone, together = outcomes["bfloat16"]
    assert alone["weights compute in"] == {torch.float32} and together["weights compute in"] == {torch.bfloat16}
    assert {weights.dtype for weights in together["weights"].values()} == {torch.float32}
    assert [entry["loss"] for entry in together["curve"]] == pytest.approx(
        [entry["loss"] for entry in alone["curve"]], rel=0.01
    )


def test_a_run_of_two_processes_ends_the_same_when_it_was_interrupted(outcomes: Outcomes) -> None:
    whole, resumed = outcomes["dropout"][1], outcomes["resumed"][1]
    assert resumed["steps"][2] == [STOP]
    assert all(torch.equal(value, resumed["weights"][name]) for name, value in whole["weights"].items())
    assert whole["curve"] == resumed["curve"]


def test_another_number_of_processes_goes_on_from_a_checkpoint(outcomes: Outcomes) -> None:
    resumed = outcomes["resumed by one process"][0]
    assert resumed["steps"][2] == [STOP]
    assert_alike(outcomes["text"][0], resumed)


def test_each_process_has_dropout_of_its_own(outcomes: Outcomes) -> None:
    alone, together = outcomes["dropout"]
    assert alone["curve"] != together["curve"]


def test_a_process_without_a_row_of_its_own_adds_nothing_to_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of three, of a micro-batch of two rows, computes the first row, whose words must not count twice."""
    tagging = task_type_of(TASKS["udpos"], Encoding())
    first_row = {"input_ids": torch.zeros(1, 4, dtype=torch.long), "labels": torch.tensor([[IGNORED, 1, 2, 3]])}
    monkeypatch.setattr(ranks, "count", lambda: 3)
    monkeypatch.setattr(ranks, "summed", lambda terms: terms + 7)
    monkeypatch.setattr(ranks, "rank", lambda: 2)
    assert _share(tagging, first_row, 2) == 0
    monkeypatch.setattr(ranks, "rank", lambda: 0)
    assert _share(tagging, first_row, 2) == pytest.approx(3 / 10)
