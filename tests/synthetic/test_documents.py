from __future__ import annotations

import random
from pathlib import Path

import pytest

from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import documents
from xstilts.synthetic.concepts import UPOS_OF
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.world import World


def test_a_quarter_of_the_documents_is_english(
    root: Path, small: SyntheticSource, grammars: dict[str, Grammar]
) -> None:
    lines = {code: (root / f"text/{code}.txt").read_text(encoding="utf-8").splitlines() for code in grammars}
    assert sum(map(len, lines.values())) == small.documents
    assert len(lines["en"]) == small.documents * documents.ENGLISH_SHARE
    others = [len(lines[code]) for code in lines if code != "en"]
    assert max(others) - min(others) <= 1
    assert all(line.strip() == line and line for text in lines.values() for line in text)


def test_documents_are_short_passages_of_several_sentences(world: World, grammars: dict[str, Grammar]) -> None:
    sampler = EventSampler(world, random.Random("length"))
    lengths = [len(text.split()) for text in documents.documents(1000, grammars["en"], grammars, sampler)]
    assert 15 < sum(lengths) / len(lengths) < 27 and max(lengths) < 80


@pytest.mark.parametrize(
    ("code", "planted"), [("en", documents.FOREIGN_WORD_SHARE), ("qaf", documents.ENGLISH_WORD_SHARE)]
)
def test_words_of_other_languages_occur_in_the_planted_share(
    world: World, grammars: dict[str, Grammar], code: str, planted: float
) -> None:
    """Counted by script: words in Latin letters in Greek text, in other letters in English text."""
    sampler = EventSampler(world, random.Random(code))
    words = [word for text in documents.documents(1500, grammars[code], grammars, sampler) for word in text.split()]
    words = [word for word in words if not word.isdigit() and word.isalpha() and word.islower()]
    if code == "en":
        # of seven languages four are not written in Latin letters
        share = sum(not word.isascii() for word in words) / len(words)
        assert share == pytest.approx(planted * 4 / 7, rel=0.25)
    else:
        share = sum(word.isascii() for word in words) / len(words)
        assert share == pytest.approx(planted, rel=0.15)


def test_no_text_is_parallel(root: Path, grammars: dict[str, Grammar]) -> None:
    """Documents of different languages mention names in different order."""
    names = {name for name in grammars["en"].forms if name not in UPOS_OF and name.istitle()}
    names_by_line = {}
    for code in ("en", "qaa", "qab"):
        lines = (root / f"text/{code}.txt").read_text(encoding="utf-8").splitlines()[:100]
        names_by_line[code] = [[word for word in line.split() if word in names] for line in lines]
    assert names_by_line["en"] != names_by_line["qaa"] != names_by_line["qab"]
