"""What has been translated is read again, and not translated again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from translation_texts import Dictionary

from xstilts.translation import finished
from xstilts.translation.finished import translations
from xstilts.translation.translator import Translated

TEXTS = ["one", "two", "one", "three", "four", "five", "six"]
KNOWN = {text: text.upper() for text in TEXTS if text != "three"}


@pytest.fixture(autouse=True)
def _two_texts_in_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "SHARD", 2)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_text_is_translated_once(tmp_path: Path) -> None:
    model = Dictionary(KNOWN)
    found = translations(TEXTS, tmp_path, model.translate)
    assert model.asked == ["one", "two", "three", "four", "five", "six"]
    assert found["one"] == Translated("ONE") and found["three"] == Translated("", "empty")
    again = Dictionary({})
    assert translations(TEXTS, tmp_path, again.translate) == found and again.asked == []


def test_after_a_kill_only_what_is_left_is_translated_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    def killed(texts: Sequence[str]) -> list[Translated]:
        if "three" in texts:
            raise KeyboardInterrupt
        return Dictionary(KNOWN).translate(texts)

    with pytest.raises(KeyboardInterrupt):
        translations(TEXTS, tmp_path / "killed", killed)
    assert len(contents(tmp_path / "killed")) == 1
    model = Dictionary(KNOWN)
    found = translations(TEXTS, tmp_path / "killed", model.translate)
    assert model.asked == ["three", "four", "five", "six"]
    assert found == translations(TEXTS, tmp_path / "whole", Dictionary(KNOWN).translate)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_damaged_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = translations(TEXTS, tmp_path, Dictionary(KNOWN).translate)
    first, second, _ = sorted(tmp_path.iterdir())
    before = contents(tmp_path)
    first.write_bytes(first.read_bytes()[:-20])
    second.write_bytes(before[first.name])
    assert translations(TEXTS, tmp_path, Dictionary(KNOWN).translate) == found
    assert contents(tmp_path) == before
    assert "damaged, and made again" in caplog.text and "holds other texts" in caplog.text
