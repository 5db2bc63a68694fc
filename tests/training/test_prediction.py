from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import Scored, Tokens
from xstilts.task_types.classification import Classification
from xstilts.tasks.registry import TASKS
from xstilts.training.device import Device
from xstilts.training.loop import Material
from xstilts.training.prediction import headline, predict


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_predictions_are_those_of_each_example_alone(
    make_encoder: Callable[[], PreTrainedModel], material: Material, tokens: Tokens, cpu: Device, batch_size: int
) -> None:
    encoder, formatter = make_encoder().eval(), material.formatter
    head = formatter.head(encoder.config).eval()
    assert material.dev is not None and material.dev_examples is not None
    alone = [formatter.collate(material.dev[[index]], tokens) for index in range(len(material.dev))]
    with torch.no_grad():
        logits = torch.cat([formatter.logits(encoder, head, batch) for batch in alone])
        threshold = (logits[:, 0] - logits[:, 1]).median() + 1e-6
        head.output.bias[1] += threshold  # now it says '1' for half of the examples, and a wrong order shows
    expected = [formatter.labels[int(first - second < threshold)] for first, second in logits]
    found = predict(formatter, encoder, head, material.dev, material.dev_examples, tokens, batch_size, cpu)
    assert not encoder.training and not head.training
    assert found == expected


def test_dropout_has_no_part_in_predictions(
    make_encoder: Callable[[], PreTrainedModel], material: Material, tokens: Tokens, cpu: Device
) -> None:
    encoder, formatter = make_encoder(), material.formatter
    head = formatter.head(encoder.config)
    head.dropout.p = 0.9
    head.train()
    assert material.dev is not None and material.dev_examples is not None
    one, two = (
        predict(formatter, encoder, head, material.dev, material.dev_examples, tokens, 8, cpu) for _ in range(2)
    )
    assert one == two


def test_scores_are_of_the_formatter_s_task(material: Material) -> None:
    assert material.dev_examples is not None
    gold = material.dev_examples.column("label").to_pylist()
    scored = material.formatter.score(material.formatter.task, "en", gold, material.dev_examples)
    assert headline(material.formatter, scored) == 100.0


def test_headline_is_the_mean_of_the_metrics() -> None:
    formatter = Classification(TASKS["qqp"], Encoding(), TASKS["qqp"].labels)
    assert headline(formatter, Scored({"accuracy": 80.0, "f1": 60.0, "other": 0.0}, [], [])) == 70.0
