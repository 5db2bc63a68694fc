"""Plain files as passages of unlabelled text."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.errors import DataError
from xstilts.sources.corpora import PASSAGE, passages


def read(*files: Path) -> list[str]:
    return list(passages(files))


def test_lines_of_a_file_go_together_and_files_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("def f():\n    return 1\n\n\nx = f()\n", encoding="utf-8")
    (tmp_path / "b").write_text("\ufeffein Haus", encoding="utf-8")
    (tmp_path / "c").write_text(" \n\t\n", encoding="utf-8")
    assert read(tmp_path / "a", tmp_path / "b", tmp_path / "c") == ["def f():\n    return 1\n\n\nx = f()", "ein Haus"]


def test_long_texts_are_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    lines = [f"line {number} " + "ä" * (number % 90) + "\n" for number in range(400)]
    (tmp_path / "a").write_text("".join(lines) + "x" * (3 * PASSAGE), encoding="utf-8")
    found = read(tmp_path / "a")
    assert all(0 < len(passage) <= PASSAGE for passage in found)
    assert "".join(found).replace("\n", "") == "".join(lines).replace("\n", "") + "x" * (3 * PASSAGE)


def test_what_is_no_text_is_refused_with_file_and_remedy(tmp_path: Path) -> None:
    binary, latin = tmp_path / "a.bin", tmp_path / "b.txt"
    binary.write_bytes(b"ELF\n\0\1\2")
    latin.write_bytes("fünf".encode("latin-1"))
    for file, message in ((binary, "is no text: it has a zero byte"), (latin, "is no text in UTF-8")):
        with pytest.raises(DataError, match=f"{file.name}.*{message}.*plain text in UTF-8"):
            read(file)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "gone")


def test_no_more_than_a_passage_is_read_ahead(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("word\n" * 100_000, encoding="utf-8")
    stream = passages([tmp_path / "a", tmp_path / "gone"])
    assert len(next(stream)) <= PASSAGE, "the second file has not been looked for"
