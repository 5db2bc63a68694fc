"""Multiple choice: an example is one row with all its choices, and is truncated at the start."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import EncodedRow, SpecialTokens
from xstilts.task_types.multiple_choice import MultipleChoice
from xstilts.tasks.registry import TASKS

TASK = TASKS["hellaswag"]
RIVER = {
    "id": "1",
    "prompt": "The ferry from Lindholm",
    "choices": ["arrived", "sold forty coins", "twice"],
    "label": 1,
}
MARKET = {"id": "2", "prompt": "Ottilie sold", "choices": ["baskets at the harbour market", "the pier"], "label": 0}


def table(*examples: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(examples), schema=MultipleChoice.schema)


def rows_of(encoded: pa.Table) -> list[EncodedRow]:
    return [
        {name: np.array(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in encoded.to_pylist()
    ]


def choices_of(row: EncodedRow) -> list[list[int]]:
    return [part.tolist() for part in np.split(row["input_ids"], np.cumsum(row["lengths"])[:-1])]


def task_type(max_length: int = 64) -> MultipleChoice:
    return MultipleChoice(TASK, Encoding(max_length=max_length))


@pytest.fixture
def encoder(tokenizer: PreTrainedTokenizerFast) -> XLMRobertaModel:
    torch.manual_seed(0)
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=130,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.1,
        )
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": "  "}, "the prompt is empty"),
        ({"choices": ["only"], "label": 0}, "has 1 choice; at least 2"),
        ({"choices": ["", " "], "label": 0}, "all its choices are empty"),
        ({"label": 3}, "label 3 is not the index of a choice; there are 3"),
        ({"label": -1}, "label -1 is not the index"),
    ],
)
def test_problems_name_the_row(change: dict[str, Any], said: str) -> None:
    problems = list(MultipleChoice.problems(TASK, table(MARKET, RIVER | change)))
    assert [row for row, _ in problems] == [1]
    assert said in problems[0][1]


def test_good_examples_have_no_problems() -> None:
    assert not list(MultipleChoice.problems(TASK, table(MARKET, RIVER)))


def test_one_row_per_example_holds_each_choice_after_the_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    encoded = task_type().encode(table(RIVER, MARKET), tokenizer, first=7)
    assert encoded.schema.field("input_ids").type == pa.list_(pa.int32())
    assert encoded.schema.field("lengths").type == pa.list_(pa.int32())
    rows = rows_of(encoded)
    assert [row["example"] for row in rows] == [7, 8]
    assert [row["label"] for row in rows] == [1, 0]
    for row, example in zip(rows, (RIVER, MARKET), strict=True):
        assert choices_of(row) == [tokenizer(example["prompt"], choice)["input_ids"] for choice in example["choices"]]


def test_a_slice_is_encoded_like_the_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    whole = task_type().encode(table(RIVER, MARKET), tokenizer)
    assert task_type().encode(table(RIVER, MARKET).slice(1), tokenizer, first=1).to_pylist() == whole.to_pylist()[1:]


def test_truncation_drops_the_start(tokenizer: PreTrainedTokenizerFast) -> None:
    prompt = "The weaver sold forty baskets at the harbour market and her brother counted the coins"
    example = {"id": "1", "prompt": prompt, "choices": ["twice", "stone pier"], "label": 0}
    (row,) = rows_of(task_type(max_length=16).encode(table(example), tokenizer))
    for ids, choice in zip(choices_of(row), example["choices"], strict=True):
        own = tokenizer(choice, add_special_tokens=False)["input_ids"]
        kept = 16 - 4 - len(own)
        assert len(ids) == 16
        assert ids[0] == tokenizer.cls_token_id
        assert ids[1 : kept + 1] == tokenizer(prompt, add_special_tokens=False)["input_ids"][-kept:]
        assert ids[-len(own) - 1 : -1] == own
    assert tokenizer.truncation_side == "right"


def test_truncation_takes_from_both_ends_of_equal_length_alike(tokenizer: PreTrainedTokenizerFast) -> None:
    words = ["sold", "The", "ferry", "sold", "coins", "The"]  # of 1 sub-token each
    example = {"id": "1", "prompt": " ".join(words), "choices": [" ".join(reversed(words)), "coins"], "label": 0}
    pieces = tokenizer(" ".join(words), add_special_tokens=False)["input_ids"]
    assert len(pieces) == len(words)
    (row,) = rows_of(task_type(max_length=12).encode(table(example), tokenizer))
    assert choices_of(row) == [
        [0, *pieces[2:], 2, 2, *pieces[::-1][2:], 2],
        [0, *pieces, 2, 2, pieces[4], 2],
    ]


def test_segment_ids_of_tokenizers_that_make_them(tokenizer: PreTrainedTokenizerFast) -> None:
    bert_like = copy.deepcopy(tokenizer)
    bert_like.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    rows = rows_of(task_type().encode(table(RIVER, MARKET), bert_like))
    assert all(len(row["token_type_ids"]) == len(row["input_ids"]) for row in rows)
    batch = task_type().collate(rows, SpecialTokens.of(tokenizer))
    assert batch["token_type_ids"].shape == batch["input_ids"].shape


def test_collate_pads_choices_and_marks_missing_ones(tokenizer: PreTrainedTokenizerFast) -> None:
    rows = rows_of(task_type().encode(table(RIVER, MARKET), tokenizer))
    batch = task_type().collate(rows, SpecialTokens.of(tokenizer))
    lengths = [int(length) for row in rows for length in row["lengths"]]
    assert batch["input_ids"].shape == (5, max(lengths))
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths
    assert batch["choices"].tolist() == [[True, True, True], [True, True, False]]
    assert batch["labels"].tolist() == [1, 0]
    unpadded = [ids[:length].tolist() for ids, length in zip(batch["input_ids"], lengths, strict=True)]
    assert unpadded == choices_of(rows[0]) + choices_of(rows[1])


def test_logits_do_not_depend_on_the_batch(tokenizer: PreTrainedTokenizerFast, encoder: XLMRobertaModel) -> None:
    multiple_choice = task_type()
    rows, tokens = rows_of(multiple_choice.encode(table(RIVER, MARKET), tokenizer)), SpecialTokens.of(tokenizer)
    head = multiple_choice.head(encoder.config).eval()
    encoder.eval()
    with torch.no_grad():
        both = multiple_choice.logits(encoder, head, multiple_choice.collate(rows, tokens))
        alone = [multiple_choice.logits(encoder, head, multiple_choice.collate([row], tokens)) for row in rows]
    torch.testing.assert_close(both[0], alone[0][0])
    torch.testing.assert_close(both[1, :2], alone[1][0])
    assert both[1, 2] == float("-inf")


def test_outputs_are_scores_of_existing_choices_and_decode_to_the_best() -> None:
    logits = torch.tensor([[0.1, 0.3, 0.2], [2.0, -1.0, float("-inf")]], dtype=torch.bfloat16)
    batch = {"choices": torch.tensor([[True, True, True], [True, True, False]])}
    outputs = task_type().outputs(logits, batch)
    assert [len(scores) for scores in outputs] == [3, 2]
    assert all(scores.dtype == np.float32 for scores in outputs)
    assert task_type().decode(outputs[::-1], [{"example": 1}, {"example": 0}], table(RIVER, MARKET)) == ["1", "0"]


def test_score_is_accuracy_in_points() -> None:
    scored = MultipleChoice.score(TASK, "en", ["1", "1"], table(RIVER, MARKET))
    assert scored.metrics == {"accuracy": 50.0}
    assert scored.gold == ["1", "0"]
    assert scored.example_scores == [100.0, 0.0]


def test_a_prediction_that_is_not_the_index_of_a_choice_is_invalid() -> None:
    assert list(MultipleChoice.invalid_predictions(TASK, ["2", "2"], table(RIVER, MARKET))) == [
        ("2", "'2' is not the index of a choice; there are 2, counted from 0.")
    ]


def test_loss_falls_in_a_few_steps(tokenizer: PreTrainedTokenizerFast, encoder: XLMRobertaModel) -> None:
    multiple_choice = task_type()
    batch = multiple_choice.collate(
        rows_of(multiple_choice.encode(table(RIVER, MARKET), tokenizer)), SpecialTokens.of(tokenizer)
    )
    head = multiple_choice.head(encoder.config)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=3e-3)
    losses = []
    for _ in range(15):
        loss = multiple_choice.loss(multiple_choice.logits(encoder, head, batch), batch)
        assert loss.dtype == torch.float32
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx((np.log(3) + np.log(2)) / 2, abs=0.3)
    assert losses[-1] < 0.1 * losses[0]
    outputs = multiple_choice.outputs(multiple_choice.logits(encoder, head, batch).detach(), batch)
    assert multiple_choice.decode(outputs, [{"example": 0}, {"example": 1}], table(RIVER, MARKET)) == ["1", "0"]
