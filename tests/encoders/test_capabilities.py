"""What is known of an encoder by its config, for every family."""

from __future__ import annotations

import pytest
import tiny_encoders
from tiny_encoders import KINDS, WIDTH
from transformers import AutoConfig, BertConfig, PreTrainedConfig, T5Config

from xstilts.encoders import capabilities

NO_SDPA = {"rembert", "mdeberta"}
TWO_TYPES = {"bert", "electra", "albert", "rembert"}
NARROW = {"electra", "albert", "rembert"}
UNLIMITED = {"mt5", "mt5-whole", "umt5"}
DROPOUT = {
    "albert": 0.0,
    "rembert": 0.0,
    "modernbert": 0.0,
    "eurobert": 0.0,
    **dict.fromkeys(tiny_encoders.DECODERS, 0.0),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def config(kind: str) -> PreTrainedConfig:
    return KINDS[kind].build()[1].config


def test_what_a_family_has(kind: str, config: PreTrainedConfig) -> None:
    assert (capabilities.layers(config), capabilities.hidden_size(config)) == (2, WIDTH)
    assert capabilities.embedding_size(config) == (8 if kind in NARROW else WIDTH)
    assert capabilities.dropout(config) == DROPOUT.get(kind, 0.1)
    assert capabilities.initialiser_range(config) == (0.02 if kind in UNLIMITED else tiny_encoders.RANGE)
    assert capabilities.attention(config, "auto") == ("eager" if kind in NO_SDPA else "sdpa")
    assert capabilities.attention(config, "eager") == "eager"
    assert capabilities.causal(config) == (kind in tiny_encoders.DECODERS)
    assert (capabilities.token_types(config) > 1) == (kind in TWO_TYPES)
    assert capabilities.longest_input(config) == (None if kind in UNLIMITED else 64)


def test_embeddings_have_the_rows_and_the_width(kind: str, config: PreTrainedConfig) -> None:
    matrix = capabilities.model_class(config)(config).get_input_embeddings().weight
    assert matrix.shape == (capabilities.vocabulary(config), capabilities.embedding_size(config))


def test_a_decoder_whose_mask_is_removed_is_not_causal() -> None:
    config = KINDS["llama"].build()[1].config
    config.is_causal = False
    assert not capabilities.causal(config)
    assert capabilities.causal(BertConfig(is_decoder=True))


def test_of_encoder_decoders_the_encoder_is_taken() -> None:
    assert capabilities.model_class(T5Config()).__name__ == "T5EncoderModel"


def test_positions_of_x_mod() -> None:
    config = AutoConfig.for_model("xmod", languages=["en_XX", "de_DE"], max_position_embeddings=66)
    assert capabilities.longest_input(config) == 64


def test_a_model_that_encodes_no_text() -> None:
    with pytest.raises(ValueError, match="transformers has no encoder for the model type"):
        capabilities.model_class(PreTrainedConfig())
