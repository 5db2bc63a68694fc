"""Study files as text: a key that stands twice, and what is no YAML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xstilts.config.reading import read_config
from xstilts.config.yaml_files import read_yaml, refuse_repeated_keys
from xstilts.errors import UserError


def written(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arms:\n  none: {}\nseeds: [1]\narms:\n  mnli: {}\n", ["arms: in line 1 and in line 4"]),
        (
            "training:\n  target:\n    max_steps: 20\n    max_steps: 20000\n",
            ["training.target.max_steps: in line 3 and"],
        ),
        ("a: {b: 1, c: 2, b: 3}\n", ["a.b: in line 1 and in line 1"]),
        ("a:\n- b: 1\n  b: 2\n", ["a.b: in line 2 and in line 3"]),
        ("a: 1\n'a': 2\n", ["a: in line 1 and in line 2"]),
        (
            "a: 1\na: 2\nb: {c: 1,\n c: 2}\na: 3\n",
            ["a: in line 1 and in line 2", "b.c: in line 3", "a: in line 1 and in line 5"],
        ),
        ('{\n\t"a": 1,\n\t"a": 2\n}\n', ["a: in line 2 and in line 3"]),
    ],
    ids=["section", "value", "in one line", "in a list", "quoted", "several", "JSON with tabs"],
)
def test_a_key_that_stands_twice(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        refuse_repeated_keys(path := written(tmp_path, text))
    assert str(caught.value).startswith(f"{path}: a section has a key twice")
    assert all(part in str(caught.value) for part in said)


@pytest.mark.parametrize(
    "text", ["", "a: {b: 1}\nc: {b: 1}\n", "a: &x {b: 1}\nc: *x\nd: {<<: *x, b: 2}\n", "1: a\n'1': b\n", "- a\n- a\n"]
)
def test_keys_of_other_sections_may_be_the_same(tmp_path: Path, text: str) -> None:
    refuse_repeated_keys(written(tmp_path, text))


@pytest.mark.parametrize(
    "text", ["a: [", "a: \x07", "a: " + "[" * 5_000, "seeds: [" + "9" * 5_000 + "]", "a: &a {b: *a}"],
    ids=["cut", "control character", "nested without end", "thousands of digits", "within itself"],
)  # fmt: skip
def test_what_is_no_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"study\.yaml: "):
        read_config(written(tmp_path, text))


def test_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_bytes(b"study: K\xf6ln\n")
    with pytest.raises(UserError, match="not a YAML file"):
        read_yaml(tmp_path / "study.yaml")


def test_a_file_that_can_be_read_but_once_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refuse_repeated_keys(tmp_path / "pipe")
