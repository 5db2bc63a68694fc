"""What config.json says of an encoder's size is what transformers says of the config that it reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_encoders
from tiny_encoders import KINDS

from xstilts.encoders import capabilities, storage
from xstilts.encoders.config_file import Size, size_of


@pytest.mark.parametrize("kind", KINDS)
def test_every_family(kind: str, tmp_path: Path) -> None:
    tiny_encoders.write(kind, tmp_path)
    config = storage.read_config(tmp_path)
    assert size_of(tmp_path) == Size(
        capabilities.hidden_size(config), capabilities.layers(config), capabilities.longest_input(config)
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"hidden_size": null, "n_layers": "six"}'])
def test_nothing_is_known_of_another_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    assert size_of(tmp_path) == Size()
    assert size_of(tmp_path / "nowhere") == Size()


def test_padding_of_another_id(tmp_path: Path) -> None:
    values = {"model_type": "roberta", "max_position_embeddings": 64, "pad_token_id": 0}
    (tmp_path / "config.json").write_text(json.dumps(values), encoding="utf-8")
    assert size_of(tmp_path).longest_input == 63
