from __future__ import annotations

import pyarrow as pa
import pytest
import torch
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.task_types.base import IGNORED, Batch, SpecialTokens
from xstilts.task_types.masked_lm import MaskedLM
from xstilts.tasks.registry import TEXT

#: Not the special tokens 0–4 of the test tokenizer, and few enough that a random replacement is rarely one of them.
ORDINARY = list(range(100, 110))


def built(**settings: float) -> MaskedLM:
    return MaskedLM(TEXT, Encoding(**settings))  # type: ignore[arg-type]


def texts(*passages: str) -> pa.Table:
    values = {"id": [str(row) for row in range(len(passages))], "text": list(passages)}
    return pa.table(values, schema=MaskedLM.schema)


def tokens(tokenizer: PreTrainedTokenizerFast, seed: int = 1) -> SpecialTokens:
    return SpecialTokens.of(tokenizer, torch.Generator().manual_seed(seed))


def big_batch(tokenizer: PreTrainedTokenizerFast, seed: int = 1) -> tuple[torch.Tensor, Batch]:
    """(original ids, batch) of 400 rows: <s>, ordinary tokens and an <unk>, </s>, and padding after every other row."""
    rows = [{"input_ids": [0, *ORDINARY * (10 - row % 2), 3, 2]} for row in range(400)]
    batch = built().collate(rows, tokens(tokenizer, seed))
    original = torch.full_like(batch["input_ids"], tokenizer.pad_token_id)
    for row, values in enumerate(rows):
        original[row, : len(values["input_ids"])] = torch.tensor(values["input_ids"])
    return original, batch


def test_empty_passages_are_a_problem() -> None:
    problems = list(MaskedLM.problems(TEXT, texts("words", " \t")))
    assert problems == [(1, "the passage is empty.")]


def test_long_passages_become_several_rows_and_lose_nothing(tokenizer: PreTrainedTokenizerFast) -> None:
    passages = "The old stone pier", "The weaver sold forty baskets at the old stone pier on the second of March"
    encoded = built(max_length=10).encode(texts(*passages), tokenizer, first=5)
    rows = encoded.to_pylist()
    assert all(len(row["input_ids"]) <= 10 and row["input_ids"][0] == 0 and row["input_ids"][-1] == 2 for row in rows)
    for example, passage in enumerate(passages, start=5):
        rejoined = [token for row in rows if row["example"] == example for token in row["input_ids"][1:-1]]
        assert rejoined == tokenizer(passage, add_special_tokens=False)["input_ids"]


def test_share_of_tokens_to_predict_and_what_becomes_of_them(tokenizer: PreTrainedTokenizerFast) -> None:
    original, batch = big_batch(tokenizer)
    chosen = batch["labels"] != IGNORED
    ordinary = torch.isin(original, torch.tensor(ORDINARY))
    n = int(chosen.sum())
    assert n / int(ordinary.sum()) == pytest.approx(0.15, abs=0.01)
    masked = chosen & (batch["input_ids"] == tokenizer.mask_token_id)
    kept = chosen & (batch["input_ids"] == original)
    replaced = chosen & ~masked & ~kept
    assert masked.sum().item() / n == pytest.approx(0.8, abs=0.02)
    assert kept.sum().item() / n == pytest.approx(0.1, abs=0.02)
    assert replaced.sum().item() / n == pytest.approx(0.1, abs=0.02)
    assert len(batch["input_ids"][replaced].unique()) > 150  # drawn from the whole vocabulary of 400


def test_labels_are_the_original_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    original, batch = big_batch(tokenizer)
    chosen = batch["labels"] != IGNORED
    assert torch.equal(batch["labels"][chosen], original[chosen])
    assert torch.equal(batch["input_ids"][~chosen], original[~chosen])


def test_special_tokens_and_padding_are_never_chosen(tokenizer: PreTrainedTokenizerFast) -> None:
    original, batch = big_batch(tokenizer)
    special = torch.isin(original, torch.tensor(tokenizer.all_special_ids))
    assert not (special & (batch["labels"] != IGNORED)).any()


def test_choices_follow_from_the_generator(tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(1)
    _, one = big_batch(tokenizer, seed=3)
    torch.manual_seed(2)
    _, again = big_batch(tokenizer, seed=3)
    _, other = big_batch(tokenizer, seed=4)
    assert torch.equal(one["input_ids"], again["input_ids"]) and torch.equal(one["labels"], again["labels"])
    assert not torch.equal(one["labels"], other["labels"])


def test_the_same_row_is_masked_anew_in_every_batch(tokenizer: PreTrainedTokenizerFast) -> None:
    source, rows = tokens(tokenizer), [{"input_ids": [0, *ORDINARY * 10, 2]}]
    assert not torch.equal(built().collate(rows, source)["labels"], built().collate(rows, source)["labels"])


class TestLoss:
    @pytest.fixture
    def encoder(self, tokenizer: PreTrainedTokenizerFast) -> XLMRobertaModel:
        torch.manual_seed(0)
        config = XLMRobertaConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
        return XLMRobertaModel(config).eval()

    def test_is_the_mean_over_tokens_to_predict(
        self, tokenizer: PreTrainedTokenizerFast, encoder: XLMRobertaModel
    ) -> None:
        _, batch = big_batch(tokenizer)
        small = {name: value[:3] for name, value in batch.items()}
        head = built().head(encoder.config)
        logits = built().logits(encoder, head, small)
        n = int((small["labels"] != IGNORED).sum())
        assert logits.shape == (n, len(tokenizer))
        everywhere = head(encoder(small["input_ids"], small["attention_mask"]).last_hidden_state,
                          encoder.get_input_embeddings().weight)  # fmt: skip
        expected = torch.nn.functional.cross_entropy(everywhere.flatten(0, 1), small["labels"].flatten())
        assert built().loss(logits, small).item() == pytest.approx(expected.item(), rel=1e-5)

    def test_is_0_where_nothing_is_to_be_predicted(
        self, tokenizer: PreTrainedTokenizerFast, encoder: XLMRobertaModel
    ) -> None:
        batch = built().collate([{"input_ids": [0, 2]}], tokens(tokenizer))
        loss = built().loss(built().logits(encoder, built().head(encoder.config), batch), batch)
        assert loss.item() == 0
        loss.backward()
        assert all(weight.grad is None or not weight.grad.any() for weight in encoder.parameters())

    def test_output_weights_are_the_embeddings(self, encoder: XLMRobertaModel) -> None:
        shapes = [weight.shape for weight in built().head(encoder.config).parameters()]
        assert encoder.get_input_embeddings().weight.shape not in shapes
