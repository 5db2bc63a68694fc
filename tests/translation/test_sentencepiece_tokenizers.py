"""Models whose tokenizers are SentencePiece's own files, as M2M-100 and OPUS-MT have them on the Hub."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import sentencepiece
import tiny_translators
from transformers import MarianTokenizer

from xstilts.config.settings import Compute
from xstilts.config.translation import Translation
from xstilts.tasks.languages import languages_of
from xstilts.training.device import Device
from xstilts.translation import translator
from xstilts.translation.languages import language_tokens
from xstilts.translation.translator import Translator

GERMAN = languages_of("files")["de"]
TEXT = "the cat [sleeps]"


def pieces(folder: Path, special: list[str]) -> tuple[Path, Path]:
    """A SentencePiece model of a few words, and the vocabulary of a translator that uses it."""
    folder.mkdir()
    sentences = ["the cat sleeps and the dog runs", "where is the bird? it sings [loud]."] * 50
    model = folder / "pieces"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_prefix=str(model), vocab_size=28, minloglevel=2
    )
    loaded = sentencepiece.SentencePieceProcessor(model_file=f"{model}.model")
    words = [loaded.id_to_piece(number) for number in range(len(loaded))]
    known = [*special, *(word for word in words if word not in special)]
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(known)}), encoding="utf-8")
    return Path(f"{model}.model"), vocabulary


def load(folder: Path) -> Translator:
    translation, compute = Translation(models={"de": str(folder)}, beams=2, max_length=20), Compute()
    return translator.load(folder, GERMAN, translation, compute, Device.choose(compute, 1))


def test_m2m_100(tmp_path: Path) -> None:
    from transformers import M2M100Tokenizer

    model, vocabulary = pieces(tmp_path / "pieces", ["<s>", "<pad>", "</s>", "<unk>"])
    made = M2M100Tokenizer(str(vocabulary), str(model))
    folder = tiny_translators.write("m2m", tmp_path / "m2m", vocab_size=made.get_lang_id("zu") + 9)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    made.save_pretrained(folder)
    assert not language_tokens(folder)  # they are in transformers' code
    found = load(folder)
    assert found.tokenizer.convert_ids_to_tokens(list(found.before)) == ["__en__"]
    first = found.settings.forced_bos_token_id
    assert found.tokenizer.convert_ids_to_tokens(first) == "__de__"
    ids = found.tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert found._read([first, *ids, found.tokenizer.eos_token_id, 1, 1]).text == TEXT
    assert all("__de__" not in one.text for one in found.translate([TEXT, "the dog"]))


@pytest.mark.parametrize("languages", [[], [">>deu<<", ">>fra<<"]])
def test_opus_mt(languages: list[str], tmp_path: Path) -> None:
    model, vocabulary = pieces(tmp_path / "pieces", ["<s>", "<pad>", "</s>", "<unk>", *languages])
    folder = tiny_translators.write("opus", tmp_path / "opus")
    for file in folder.glob("tokenizer*"):
        file.unlink()
    for name in ("source.spm", "target.spm"):
        shutil.copy(model, folder / name)
    MarianTokenizer(str(model), str(model), str(vocabulary)).save_pretrained(folder)
    assert language_tokens(folder) == set(languages)
    found = load(folder)
    assert found.tokenizer.convert_ids_to_tokens(list(found.before)) == languages[:1]
    ids = found.tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert found._read([*ids, found.tokenizer.eos_token_id, 1]).text == TEXT
