"""A task that a tiny encoder learns in a few steps: whether a harbour is mentioned decides the label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute, Encoding
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.encoders import storage as encoders
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.tasks.registry import TASKS
from xstilts.training.device import Device
from xstilts.training.steps import TaskData

WORDS = ["the", "old", "stone", "pier", "arrived", "at", "market", "counted", "forty", "baskets"]
ENCODING = Encoding(max_length=24)
SHAPE = Architecture(hidden_size=16, layers=1, heads=2, feed_forward_size=16, max_length=24)

MakeEncoder = Callable[[], PreTrainedModel]
MakeTokens = Callable[[], SpecialTokens]


def _examples(count: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        words, label = rng.choice(WORDS, size=rng.integers(1, 8)).tolist(), int(rng.integers(2))
        if label:
            words.insert(int(rng.integers(len(words) + 1)), "harbour")
        rows.append({"id": str(index), "premise": " ".join(words), "hypothesis": "harbour?", "label": str(label)})
    return pa.Table.from_pylist(rows, schema=Classification.schema)


@pytest.fixture(scope="session")
def make_task_data(
    tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., TaskData]:
    """Builds a task's data: ``train`` training examples, and 20 dev examples unless ``dev`` is False."""

    def make(task: str = "pawsx", train: int = 60, dev: bool = True) -> TaskData:
        folder: Path = tmp_path_factory.mktemp(task)
        dev_examples = _examples(20, seed=2)
        pq.write_table(_examples(train, seed=1), folder / "train.en.parquet")
        pq.write_table(dev_examples, folder / "dev.en.parquet")
        paths = [folder / "train.en.parquet", folder / "dev.en.parquet"]
        encode_task(TASKS[task], ENCODING, tokenizer, paths, folder / "tokens")
        return TaskData(
            task_type_of(TASKS[task], ENCODING),
            EncodedRows(folder / "tokens" / "train.en.arrow"),
            EncodedRows(folder / "tokens" / "dev.en.arrow") if dev else None,
            dev_examples if dev else None,
        )

    return make


@pytest.fixture(scope="session")
def data(make_task_data: Callable[..., TaskData]) -> TaskData:
    return make_task_data()


@pytest.fixture
def make_encoder(tokenizer: PreTrainedTokenizerFast) -> MakeEncoder:
    """The same random encoder each time."""

    def make() -> PreTrainedModel:
        torch.manual_seed(0)
        return encoders.fresh(SHAPE, tokenizer, Compute())

    return make


@pytest.fixture
def tokens(tokenizer: PreTrainedTokenizerFast) -> SpecialTokens:
    return SpecialTokens.of(tokenizer)


@pytest.fixture(scope="session")
def cpu() -> Device:
    return Device("cpu", torch.float32)
