"""Embeddings: the right layer, the right positions, the right order."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Embedding
from xstilts.data.encoding import EncodedRows
from xstilts.errors import UserError
from xstilts.retrieval.embedding import embed
from xstilts.task_types.base import SpecialTokens

BOS, PAD, EOS, UNK, MASK = range(5)
TOKENS = SpecialTokens(pad=PAD, mask=MASK, special=(BOS, PAD, EOS, UNK, MASK), vocabulary=50)
LAYERS = 3


@pytest.fixture(scope="module")
def encoder() -> XLMRobertaModel:
    torch.manual_seed(0)
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=LAYERS,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=66,
            initializer_range=0.2,
            pad_token_id=PAD,
        )
    )


@pytest.fixture
def sentences() -> list[list[int]]:
    draw = np.random.default_rng(1)
    inner = [draw.integers(5, 50, length).tolist() for length in (3, 12, 1, 7, 12, 5, 2)]
    return [[BOS, *ids, EOS] for ids in inner]


def rows_of(sentences: list[list[int]], folder: Path) -> EncodedRows:
    columns = {"example": pa.array(range(len(sentences)), pa.int32()), "input_ids": pa.array(sentences)}
    table = pa.table({**columns, "input_ids": columns["input_ids"].cast(pa.list_(pa.int32()))})
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return EncodedRows(folder / "rows.arrow")


@torch.no_grad()
def one_by_one(encoder: XLMRobertaModel, sentences: list[list[int]], layer: int, inner: bool = False) -> torch.Tensor:
    """The same embeddings without batches, padding or masks."""
    encoder.eval()
    means = []
    for ids in sentences:
        state = encoder.embeddings(torch.tensor([ids]))
        if layer:
            state = encoder(torch.tensor([ids]), output_hidden_states=True).hidden_states[layer]
        means.append(state[0, 1:-1].mean(dim=0) if inner else state[0].mean(dim=0))
    return torch.stack([mean / mean.norm() for mean in means])


@pytest.mark.parametrize("layer", range(LAYERS + 1))
@pytest.mark.parametrize("batch_tokens", [1, 20, 1000])
def test_mean_of_the_layer_in_the_order_of_the_rows(
    encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path, layer: int, batch_tokens: int
) -> None:
    found = embed(encoder, rows_of(sentences, tmp_path), TOKENS, Embedding(layer=layer), batch_tokens)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, one_by_one(encoder, sentences, layer), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(len(sentences)))


def test_last_layer_is_the_encoders_output(
    encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path
) -> None:
    found = embed(encoder, rows_of(sentences[:1], tmp_path), TOKENS, Embedding(layer=LAYERS))
    with torch.no_grad():
        output = encoder(torch.tensor(sentences[:1])).last_hidden_state.mean(dim=1)
    torch.testing.assert_close(found, torch.nn.functional.normalize(output), atol=1e-5, rtol=1e-4)


def test_special_tokens_can_be_left_out(encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path) -> None:
    settings = Embedding(layer=2, special_tokens=False)
    found = embed(encoder, rows_of(sentences, tmp_path), TOKENS, settings)
    torch.testing.assert_close(found, one_by_one(encoder, sentences, 2, inner=True), atol=1e-5, rtol=1e-4)


def test_unknown_words_are_no_special_tokens_and_an_empty_sentence_has_an_embedding(
    encoder: XLMRobertaModel, tmp_path: Path
) -> None:
    settings = Embedding(layer=2, special_tokens=False)
    found = embed(encoder, rows_of([[BOS, UNK, EOS], [BOS, EOS]], tmp_path), TOKENS, settings)
    torch.testing.assert_close(found[:1], one_by_one(encoder, [[BOS, UNK, EOS]], 2, inner=True))
    torch.testing.assert_close(found[1:], one_by_one(encoder, [[BOS, EOS]], 2))


@pytest.mark.parametrize(
    ("pooling", "special_tokens", "position"),
    [("first_token", True, 0), ("first_token", False, 0), ("last_token", True, -1), ("last_token", False, -2)],
)
def test_one_token_alone(
    encoder: XLMRobertaModel,
    sentences: list[list[int]],
    tmp_path: Path,
    pooling: Literal["first_token", "last_token"],
    special_tokens: bool,
    position: int,
) -> None:
    settings = Embedding(layer=2, pooling=pooling, special_tokens=special_tokens)
    found = embed(encoder, rows_of(sentences, tmp_path), TOKENS, settings, 30)
    with torch.no_grad():
        layers = [encoder(torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0] for ids in sentences]
    states = [layer[position] for layer in layers]
    torch.testing.assert_close(found, torch.nn.functional.normalize(torch.stack(states)), atol=1e-5, rtol=1e-4)


def test_embeddings_are_float32_of_unit_length_in_the_main_memory(
    encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path
) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        found = embed(encoder, rows_of(sentences, tmp_path), TOKENS, Embedding(layer=1))
    assert (found.dtype, found.device.type, found.shape) == (torch.float32, "cpu", (len(sentences), 16))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(len(sentences)))


def test_every_row_is_reported_once(encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path) -> None:
    done: list[int] = []
    embed(encoder, rows_of(sentences, tmp_path), TOKENS, Embedding(layer=1), 30, done.append)
    assert sum(done) == len(sentences) and len(done) > 1


def test_a_layer_that_is_not_there(encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"retrieval\.layer is 4, but the encoder has 3 layers"):
        embed(encoder, rows_of(sentences, tmp_path), TOKENS, Embedding(layer=4))


def test_a_broken_encoder_is_named(encoder: XLMRobertaModel, sentences: list[list[int]], tmp_path: Path) -> None:
    broken = XLMRobertaModel(encoder.config)
    torch.nn.init.constant_(broken.encoder.layer[0].output.dense.bias, float("nan"))
    with pytest.raises(UserError, match="layer 1 are not finite"):
        embed(broken, rows_of(sentences, tmp_path), TOKENS, Embedding(layer=1))
