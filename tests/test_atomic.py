from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from xstilts.atomic import making_folder, remove_leftovers, replacing, sha256_of, write_json, write_text


@pytest.fixture
def umask() -> Iterator[int]:
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def test_a_finished_file_takes_its_place_in_a_new_folder(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "file.txt"
    with replacing(target) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == target.parent  # renaming is atomic only within a file system
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), replacing(target) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_files_get_the_rights_that_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    write_text(tmp_path / "file.txt", "text")
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


def test_text_is_utf8_with_its_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "file.txt", "ä\n中\r\n")
    assert (tmp_path / "file.txt").read_bytes() == "ä\n中\r\n".encode()


def test_json_does_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "one.json", {"b": [1, None], "a": "für"})
    write_json(tmp_path / "two.json", {"a": "für", "b": [1, None]})
    text = (tmp_path / "one.json").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.json").read_text(encoding="utf-8")
    assert "für" in text and text.endswith("}\n")
    assert json.loads(text) == {"a": "für", "b": [1, None]}


def test_json_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(tmp_path / "file.json", {"path": tmp_path})
    assert list(tmp_path.iterdir()) == []


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 100_000)
    assert sha256_of(path) == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_what_killed_processes_have_left_is_deleted_and_nothing_else(tmp_path):
    path = tmp_path / "scores.parquet"
    left = [tmp_path / ".scores.parquet.abc.tmp", tmp_path / ".scores.parquet.def.tmp"]
    left[0].touch()
    left[1].mkdir()
    (left[1] / "part").touch()
    others = {path, tmp_path / ".other.parquet.abc.tmp", tmp_path / "scores.parquet.tmp"}
    for other in others:
        other.touch()
    remove_leftovers(path)
    assert set(tmp_path.iterdir()) == others


def test_a_finished_folder_takes_its_place(tmp_path: Path, umask: int) -> None:
    target = tmp_path / "new" / "folder"
    with making_folder(target) as temporary:
        (temporary / "file.txt").write_text("whole")
        assert temporary.parent == target.parent and not target.exists()
    assert (target / "file.txt").read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o750


def test_a_folder_that_is_not_empty_stays(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "file.txt").write_text("old")
    with pytest.raises(OSError, match="not empty"), making_folder(target) as temporary:
        (temporary / "file.txt").write_text("new")
    assert (target / "file.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
