from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import IGNORED, SpecialTokens
from xstilts.task_types.classification import Classification
from xstilts.tasks.registry import TASKS

XNLI, QQP, ANLI = TASKS["xnli"], TASKS["qqp"], TASKS["anli"]
SINGLE = replace(XNLI, name="single", title="Single", single_sentence=True)
LONG, SHORT = "The weaver sold forty baskets at the old harbour market twice.", "The coins."


def pairs(*rows: tuple[str, str, str | None]) -> pa.Table:
    """Canonical examples from (premise, hypothesis, label)."""
    columns = zip(*rows, strict=True)
    values = dict(zip(("premise", "hypothesis", "label"), map(list, columns), strict=True))
    return pa.table({"id": [f"id{row}" for row in range(len(rows))], **values}, schema=Classification.schema)


def built(max_length: int = 128) -> Classification:
    return Classification(XNLI, Encoding(max_length=max_length), XNLI.labels)


def test_a_label_that_is_none_of_the_task_s() -> None:
    table = pairs(("a", "b", "neutral"), ("a", "b", "-"))
    assert list(Classification.problems(XNLI, table)) == [
        (1, "label '-' is not one of XNLI's: entailment, neutral, contradiction.")
    ]


def test_texts_are_both_sentences_in_the_language_of_the_file() -> None:
    table = pairs(("a", "b", "neutral"), ("c", "d", "neutral"))
    assert sorted(Classification.texts(table, "de", "de")) == ["a", "b", "c", "d"]
    assert list(Classification.texts(table, "de", "en")) == []


def test_encodes_pairs_as_roberta_does(tokenizer: PreTrainedTokenizerFast) -> None:
    encoded = built().encode(pairs((LONG, SHORT, "neutral"), (SHORT, LONG, "contradiction")), tokenizer, first=10)
    assert encoded.column("example").to_pylist() == [10, 11]
    assert encoded.column("label").to_pylist() == [1, 2]
    premise, hypothesis = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (LONG, SHORT))
    assert encoded.column("input_ids")[0].as_py() == [0, *premise, 2, 2, *hypothesis, 2]
    assert set(encoded.column_names) == {"example", "input_ids", "label"}


def test_examples_without_gold_are_read_like_others(tokenizer: PreTrainedTokenizerFast) -> None:
    rows = [(LONG, SHORT, "neutral"), (SHORT, LONG, "entailment")]
    without = pairs(*((premise, hypothesis, None) for premise, hypothesis, _ in rows))
    assert not list(Classification.problems(XNLI, without)) and not Classification.has_gold(without)
    encoded, unlabelled = built().encode(pairs(*rows), tokenizer), built().encode(without, tokenizer)
    assert unlabelled.column("input_ids") == encoded.column("input_ids")
    assert unlabelled.column("label").to_pylist() == [IGNORED, IGNORED]
    assert built().collate(unlabelled.to_pylist(), SpecialTokens.of(tokenizer))["labels"].tolist() == [IGNORED, IGNORED]


def test_cuts_the_end_of_the_longer_sentence(tokenizer: PreTrainedTokenizerFast) -> None:
    premise, hypothesis = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (LONG, SHORT))
    room = 20 - 4
    assert len(hypothesis) < room / 2 < len(premise)
    ids = built(max_length=20).encode(pairs((LONG, SHORT, "neutral")), tokenizer).column("input_ids")[0].as_py()
    assert ids == [0, *premise[: room - len(hypothesis)], 2, 2, *hypothesis, 2]


def test_a_single_sentence_is_encoded_without_a_second_segment(tokenizer: PreTrainedTokenizerFast) -> None:
    table = pairs((LONG, "", "neutral"), (SHORT, "", None))
    encoded = Classification(SINGLE, Encoding(max_length=64), SINGLE.labels).encode(table, tokenizer)
    assert encoded.column("input_ids").to_pylist() == [tokenizer(text)["input_ids"] for text in (LONG, SHORT)]
    cut = Classification(SINGLE, Encoding(max_length=8), SINGLE.labels).encode(table, tokenizer)
    assert cut.column("input_ids")[0].as_py() == [*tokenizer(LONG)["input_ids"][:7], tokenizer.sep_token_id]


def test_a_single_sentence_task_has_no_second_sentences() -> None:
    table = pairs((SHORT, "", "neutral"), (SHORT, LONG, "neutral"))
    assert [row for row, _ in Classification.problems(SINGLE, table)] == [1]
    assert list(Classification.problems(XNLI, table)) == []
    assert list(Classification.texts(table.slice(0, 1), "en", "en")) == [SHORT]


def test_batch_is_padded_to_its_longest_row(tokenizer: PreTrainedTokenizerFast) -> None:
    rows = built().encode(pairs((LONG, SHORT, "neutral"), (SHORT, SHORT, "entailment")), tokenizer).to_pylist()
    batch = built().collate(rows, SpecialTokens.of(tokenizer))
    lengths = [len(row["input_ids"]) for row in rows]
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, max(lengths))
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths
    assert batch["input_ids"][1, lengths[1] :].unique().tolist() == [tokenizer.pad_token_id]
    assert batch["labels"].tolist() == [1, 0]


def test_padding_changes_no_logits_and_the_head_has_an_output_per_label(tokenizer: PreTrainedTokenizerFast) -> None:
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    encoder, head = XLMRobertaModel(config).eval(), built().head(config).eval()
    rows = built().encode(pairs((LONG, SHORT, "neutral"), (SHORT, SHORT, "entailment")), tokenizer).to_pylist()
    tokens = SpecialTokens.of(tokenizer)
    with torch.no_grad():
        together = built().logits(encoder, head, built().collate(rows, tokens))
        alone = built().logits(encoder, head, built().collate(rows[1:], tokens))
    assert together.shape == (2, 3)
    assert torch.allclose(together[1], alone[0], atol=1e-5)


def test_loss_is_mean_cross_entropy() -> None:
    logits, labels = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([0, 1])
    expected = -(logits.log_softmax(dim=1)[[0, 1], labels]).mean()
    assert built().loss(logits.bfloat16(), {"labels": labels}).item() == pytest.approx(expected.item())


def test_predictions_stand_in_the_order_of_the_examples() -> None:
    logits = torch.tensor([[0.0, 0.0, 5.0], [3.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    outputs = built().outputs(logits, {})
    rows = [{"example": index} for index in (2, 0, 1)]
    table = pairs(*[("a", "b", "neutral")] * 3)
    assert built().decode(outputs, rows, table) == ["entailment", "neutral", "contradiction"]


def test_scores_by_hand() -> None:
    gold = pairs(("a", "b", "neutral"), ("a", "b", "neutral"), ("a", "b", "entailment"), ("a", "b", "contradiction"))
    scored = Classification.score(XNLI, "de", ["neutral", "entailment", "entailment", "contradiction"], gold)
    assert scored.metrics == {"accuracy": 75.0}
    assert scored.example_scores == [100.0, 0.0, 100.0, 100.0]
    assert scored.gold == ["neutral", "neutral", "entailment", "contradiction"]


def test_anli_plus_is_scored_by_part_too() -> None:
    ids = ["R1/1", "mnli/2", "R1/3", "snli/4/5", "snli/6"]
    gold = pairs(*[("a", "b", "neutral")] * 5).set_column(0, "id", pa.array(ids))
    predictions = ["neutral", "entailment", "entailment", "neutral", "neutral"]
    parts = {"accuracy_R1": 50.0, "accuracy_mnli": 0.0, "accuracy_snli": 100.0}
    assert Classification.score(ANLI, "en", predictions, gold).metrics == {"accuracy": 60.0, **parts}
    assert Classification.score(XNLI, "en", predictions, gold).metrics == {"accuracy": 60.0}
    by_part = replace(XNLI, scored_by_part=True)
    assert Classification.score(by_part, "en", predictions, gold).metrics == {"accuracy": 60.0, **parts}


def test_a_prediction_that_is_none_of_the_labels_is_invalid() -> None:
    gold = pairs(("a", "b", None), ("a", "b", None), ("a", "b", None))
    assert list(Classification.invalid_predictions(XNLI, ["neutral", "Neutral", ""], gold)) == [
        ("id1", "label 'Neutral' is not one of XNLI's: entailment, neutral, contradiction."),
        ("id2", "label '' is not one of XNLI's: entailment, neutral, contradiction."),
    ]


@given(st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("01")), min_size=1, max_size=30))
def test_qqp_s_scores_are_scikit_learn_s(labels: list[tuple[str, str]]) -> None:
    gold, predictions = ([pair[side] for pair in labels] for side in (0, 1))
    scored = Classification.score(QQP, "en", predictions, pairs(*[("a", "b", label) for label in gold]))
    assert scored.metrics["accuracy"] == pytest.approx(100 * accuracy_score(gold, predictions))
    assert scored.metrics["f1"] == pytest.approx(100 * f1_score(gold, predictions, pos_label="1", zero_division=0))
