from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import Scored, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.tasks.registry import TASKS
from xstilts.training.collapse import primary_score
from xstilts.training.device import Device
from xstilts.training.prediction import predict
from xstilts.training.steps import TaskData


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_predictions_are_those_of_each_example_alone(
    make_encoder: Callable[[], PreTrainedModel], data: TaskData, tokens: SpecialTokens, cpu: Device, batch_size: int
) -> None:
    encoder, task_type = make_encoder().eval(), data.task_type
    head = task_type.head(encoder.config).eval()
    assert data.dev is not None and data.dev_examples is not None
    alone = [task_type.collate(data.dev[[index]], tokens) for index in range(len(data.dev))]
    with torch.no_grad():
        logits = torch.cat([task_type.logits(encoder, head, batch) for batch in alone])
        threshold = (logits[:, 0] - logits[:, 1]).median() + 1e-6
        head.output.bias[1] += threshold  # now it says '1' for half of the examples, and a wrong order shows
    expected = [task_type.labels[int(first - second < threshold)] for first, second in logits]
    found = predict(task_type, encoder, head, data.dev, data.dev_examples, tokens, batch_size, cpu)
    assert not encoder.training and not head.training
    assert found == expected


def test_dropout_has_no_part_in_predictions(
    make_encoder: Callable[[], PreTrainedModel], data: TaskData, tokens: SpecialTokens, cpu: Device
) -> None:
    encoder, task_type = make_encoder(), data.task_type
    head = task_type.head(encoder.config)
    head.dropout.p = 0.9
    head.train()
    assert data.dev is not None and data.dev_examples is not None
    one, two = (predict(task_type, encoder, head, data.dev, data.dev_examples, tokens, 8, cpu) for _ in range(2))
    assert one == two


def test_gold_answers_score_100(data: TaskData) -> None:
    assert data.dev_examples is not None
    gold = data.dev_examples.column("label").to_pylist()
    assert primary_score(data.task_type, gold, data.dev_examples) == 100.0


def test_a_tasks_score_is_the_mean_of_its_primary_metrics(data: TaskData, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = Scored({"accuracy": 80.0, "f1": 60.0, "other": 0.0}, [], [])
    monkeypatch.setattr(Classification, "score", lambda *_arguments: scored)
    assert data.dev_examples is not None
    for task, expected in (("qqp", 70.0), ("mnli", 80.0)):
        assert primary_score(Classification(TASKS[task], Encoding(), ()), [], data.dev_examples) == expected
