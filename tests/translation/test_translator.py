"""Tiny models of each family: where the languages go, batches, what does not end, and folders that are no models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_translators

from xstilts.config.settings import Compute
from xstilts.config.translation import Translation
from xstilts.errors import UserError
from xstilts.tasks.languages import languages_of
from xstilts.training.device import Device
from xstilts.translation import translator
from xstilts.translation.languages import language_tokens
from xstilts.translation.translator import Translator, batches

GERMAN = languages_of("files")["de"]
TEXTS = [
    "the cat sleeps",
    "a dog runs, it is morning",
    "a",
    "where is the bird? it sings.",
    "an animal moves",
    "[ dog ]",
]


def load(folder: Path, **settings: Any) -> Translator:
    translation = Translation(**{"models": {"de": str(folder)}, "beams": 2, "max_length": 20, **settings})
    return translator.load(folder, GERMAN, translation, Compute(), Device.choose(Compute(), 1))


@pytest.mark.parametrize(
    ("family", "before", "first"),
    [
        ("nllb", "eng_Latn", "deu_Latn"),
        ("m2m", "__en__", "__de__"),
        ("opus", ">>deu<<", None),
        ("opus-pair", None, None),
    ],
)
def test_languages_stand_where_the_family_has_them(family: str, before: str, first: str, tmp_path: Path) -> None:
    model = load(tiny_translators.write(family, tmp_path))
    assert [*model.tokenizer.convert_ids_to_tokens(list(model.before))] == [before] * (before is not None)
    forced = model.settings.forced_bos_token_id
    assert (forced and model.tokenizer.convert_ids_to_tokens(forced)) == first
    found = model.translate(TEXTS)
    assert {one.problem for one in found} <= {None, "empty"} and any(one.text for one in found)


@pytest.mark.parametrize("family", ["m2m", "opus"])
def test_a_translation_depends_neither_on_its_batch_nor_on_the_order(family: str, tmp_path: Path) -> None:
    tiny_translators.write(family, tmp_path)
    together = load(tmp_path, batch_tokens=1000).translate(TEXTS)
    assert len(set(together)) > 2
    assert load(tmp_path, batch_tokens=1).translate(TEXTS) == together
    assert load(tmp_path, batch_tokens=40).translate(TEXTS[::-1]) == together[::-1]


def test_another_language_is_translated_otherwise(tmp_path: Path) -> None:
    tiny_translators.write("m2m", tmp_path)
    german, other = load(tmp_path), load(tmp_path, language_codes={"de": "sw"})
    assert german.settings.forced_bos_token_id != other.settings.forced_bos_token_id
    assert german.translate(TEXTS) != other.translate(TEXTS)


def test_what_does_not_end_or_does_not_fit_is_no_translation(tmp_path: Path) -> None:
    tiny_translators.write("m2m", tmp_path)
    assert {found.problem for found in load(tmp_path, max_length=3).translate(TEXTS)} == {"unfinished"}
    long = load(tmp_path).translate(["a " * 80, "a dog"])
    assert [found.problem for found in long] == ["too_long", None]


def test_batches_are_of_like_length_within_the_budget() -> None:
    assert list(batches([3, 9, 1, 9, 2], 18)) == [[1, 3], [0, 4, 2]]
    assert list(batches([50, 2], 10)) == [[0], [1]]
    assert list(batches([], 10)) == []


@pytest.mark.parametrize("family", ["nllb", "m2m", "opus", "opus-pair"])
def test_the_languages_of_a_model_are_known_from_its_files(family: str, tmp_path: Path) -> None:
    tiny_translators.write(family, tmp_path)
    assert language_tokens(tmp_path) == set(tiny_translators.LANGUAGES[family])


def test_a_model_is_refused_with_the_key(tmp_path: Path) -> None:
    folder = tiny_translators.write("m2m", tmp_path / "m2m")
    with pytest.raises(UserError, match=r"^translation.models.de: this model has no language 'de' \(German\)"):
        load(folder, language_codes={"de": "xx"})
    with pytest.raises(UserError, match=r"^translation.model: this model has no tokens for languages"):
        load(tiny_translators.write("opus-pair", tmp_path / "pair"), models={}, model=str(tmp_path / "pair"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"^translation.models.de: .* has no model.safetensors; pickled weights"):
        load(folder)


def test_a_folder_that_transformers_cannot_use_is_refused(tmp_path: Path) -> None:
    folder = tiny_translators.write("m2m", tmp_path)
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(UserError, match=r"^translation.models.de: transformers cannot load .* sequence-to-sequence"):
        load(folder)
    (folder / "config.json").write_text(json.dumps({**config, "decoder_layers": 2}))
    with pytest.raises(UserError, match=r"^translation.models.de: the weights in .* are not whole"):
        load(folder)
