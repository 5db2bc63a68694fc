"""Downloads of models: safe files only, complete, recorded, made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_hub import serving
from safetensors.numpy import save_file

from xstilts.atomic import sha256_of
from xstilts.errors import DataError, UserError
from xstilts.sources.hub.models import TRANSLATOR, fetch_model

COMMIT = "abcdef0123" * 4
NAME = "someone/encoder"
KEPT = ["config.json", "model.safetensors", "sentencepiece.bpe.model", "tokenizer.json", "tokenizer_config.json"]

#: Runs in a separate process, since the Hub's libraries read the environment only once.
PROGRAM = """
import sys
from pathlib import Path
from xstilts.errors import UserError
from xstilts.sources.hub.models import fetch_model
try:
    fetch_model(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
except UserError as error:
    print(error)
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror with the clone of a model's repository, which contains many files that are not needed."""
    folder = tmp_path / "mirror" / NAME
    (folder / "onnx").mkdir(parents=True)
    save_file({"weight": np.zeros((2, 2), dtype=np.float32)}, folder / "model.safetensors")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "onnx/config.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    others = (
        "pytorch_model.bin",
        "tf_model.h5",
        "modeling.py",
        "README.md",
        "training_args.bin",
        "onnx/model.safetensors",
    )
    for name in ("sentencepiece.bpe.model", *others):
        (folder / name).write_bytes(b"\x80\x04.")
    return tmp_path / "mirror"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "models" / "encoder"


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.name.startswith("."))


def from_hub(mirror: Path, folder: Path, revision: str = COMMIT, repository: str = NAME, **environment: str) -> str:
    """Fetch from a server in a separate process; returns the error message, or an empty string."""
    with serving(mirror, COMMIT) as endpoint:
        variables = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(folder.parent / "cache")}
        program = [sys.executable, "-c", PROGRAM, repository, revision, str(folder)]
        process = subprocess.run(
            program, env={**os.environ, **variables, **environment}, capture_output=True, text=True
        )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_only_config_weights_and_tokenizer_are_copied(mirror, folder):
    record = fetch_model(NAME, COMMIT, folder, str(mirror))
    assert files_in(folder) == sorted([*KEPT, "xstilts.json"])
    assert json.loads((folder / "xstilts.json").read_text(encoding="utf-8")) == record
    assert record["repository"] == NAME and record["revision"] == "mirror"
    assert record["sha256"] == {name: sha256_of(folder / name) for name in KEPT}


def test_only_config_weights_and_tokenizer_are_downloaded(mirror, folder):
    assert from_hub(mirror, folder) == ""
    assert files_in(folder) == sorted([*KEPT, "xstilts.json"])
    record = json.loads((folder / "xstilts.json").read_text(encoding="utf-8"))
    assert record["revision"] == COMMIT and set(record["sha256"]) == set(KEPT)
    assert (folder / "model.safetensors").read_bytes() == (mirror / NAME / "model.safetensors").read_bytes()


def test_an_existing_model_is_not_fetched_again(mirror, folder, tmp_path):
    before = fetch_model(NAME, COMMIT, folder, str(mirror))
    assert fetch_model(NAME, COMMIT, folder, str(tmp_path / "gone")) == before


def test_a_damaged_file_is_fetched_again(mirror, folder):
    before = fetch_model(NAME, COMMIT, folder, str(mirror))
    (folder / "model.safetensors").write_bytes(b"damaged")
    (folder / "tokenizer.json").unlink()
    assert fetch_model(NAME, COMMIT, folder, str(mirror)) == before
    assert sha256_of(folder / "model.safetensors") == before["sha256"]["model.safetensors"]


def test_a_damaged_file_is_downloaded_again(mirror, folder):
    assert from_hub(mirror, folder) == ""
    (folder / "model.safetensors").write_bytes(b"damaged")
    assert from_hub(mirror, folder) == ""
    assert (folder / "model.safetensors").read_bytes() == (mirror / NAME / "model.safetensors").read_bytes()


def test_the_record_is_written_last(mirror, folder):
    fetch_model(NAME, COMMIT, folder, str(mirror))
    (folder / "config.json").unlink()
    (mirror / NAME / "model.safetensors").unlink()
    with pytest.raises(UserError):
        fetch_model(NAME, COMMIT, folder, str(mirror))
    assert not (folder / "xstilts.json").exists()


def test_pickled_weights_are_refused_and_named(mirror, folder):
    (mirror / NAME / "model.safetensors").unlink()
    with pytest.raises(UserError) as caught:
        fetch_model(NAME, COMMIT, folder, str(mirror))
    message = str(caught.value)
    assert NAME in message and "no model.safetensors, only pytorch_model.bin" in message and "hold code" in message
    assert files_in(folder) == []
    assert "no model.safetensors, only pytorch_model.bin" in from_hub(mirror, folder)
    assert files_in(folder) == []


def test_weights_in_several_files_are_refused(mirror, folder):
    (mirror / NAME / "model.safetensors").rename(mirror / NAME / "model-00001-of-00002.safetensors")
    (mirror / NAME / "model.safetensors.index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="weights in several files"):
        fetch_model(NAME, COMMIT, folder, str(mirror))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_model_without_config_or_tokenizer_is_refused(mirror, folder, name):
    (mirror / NAME / name).unlink()
    with pytest.raises(UserError, match=f"has no {name}"):
        fetch_model(NAME, COMMIT, folder, str(mirror))


def test_a_clone_without_its_large_files(mirror, folder):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (mirror / NAME / "model.safetensors").write_text(pointer, encoding="utf-8")
    with pytest.raises(DataError, match=r"holds no safetensors weights .*git lfs pull"):
        fetch_model(NAME, COMMIT, folder, str(mirror))
    assert not (folder / "xstilts.json").exists()


def test_a_mirror_without_the_model(folder, tmp_path):
    with pytest.raises(UserError, match=r"source\.mirror: there is no folder '.*someone/encoder'"):
        fetch_model(NAME, COMMIT, folder, str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"revision": "0" * 40}, "404"),
        ({"repository": "someone/other"}, "404"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "Connection refused"),
        ({"HF_HUB_OFFLINE": "1"}, "offline mode is enabled"),
    ],
)
def test_an_unreachable_model_is_one_message(mirror, folder, changes, reason):
    message = from_hub(mirror, folder, **changes)
    assert changes.get("repository", NAME) in message and changes.get("revision", COMMIT) in message
    assert reason in message
    for remedy in ("HF_ENDPOINT", "source.mirror", "machine with network", "docs/hub.md"):
        assert remedy in message


@pytest.mark.parametrize(
    "tokenizer",
    [("tokenizer.json",), ("sentencepiece.bpe.model", "vocab.json"), ("source.spm", "target.spm", "vocab.json")],
)
def test_a_model_for_translation_comes_with_the_tokenizer_of_its_family(
    tokenizer: tuple[str, ...], mirror: Path, folder: Path
) -> None:
    clone = mirror / NAME
    for name in ("tokenizer.json", "sentencepiece.bpe.model"):
        (clone / name).unlink()
    with pytest.raises(UserError, match=r"has no tokenizer.json or sentencepiece.bpe.model, vocab.json or source.spm"):
        fetch_model(NAME, COMMIT, folder, str(mirror), TRANSLATOR)
    for name in (*tokenizer, "generation_config.json"):
        (clone / name).write_text("{}", encoding="utf-8")
    record = fetch_model(NAME, COMMIT, folder, str(mirror), TRANSLATOR)
    kept = {"config.json", "generation_config.json", "model.safetensors", "tokenizer_config.json", *tokenizer}
    assert (
        set(record["sha256"])
        == kept
        == {path.name for path in folder.iterdir() if path.name[0] != "."} - {"xstilts.json"}
    )
