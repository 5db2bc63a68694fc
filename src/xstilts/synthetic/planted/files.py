"""The files of a planted world: its tasks as a study's own, its unlabelled text, and a corpus of code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xstilts.atomic import write_text
from xstilts.config.sources import SyntheticSource
from xstilts.synthetic.planted.items import Item, World
from xstilts.synthetic.releases import language_csv
from xstilts.tasks.planted_languages import planted_languages

_CODE_LINES = 4000
_COLUMNS = "text\tlabel\tmarker\n"


def write(root: Path, source: SyntheticSource) -> None:
    """Write ``{task}/train.tsv``, ``{task}/dev.tsv``, ``{target}/test.{language}.tsv`` and ``text/{language}.txt``.

    Args:
        root: The folder.
        source: The study's source, with a ``planted`` section.
    """
    world = World(source)
    assert source.planted is not None
    write_text(root / "languages.csv", language_csv([*planted_languages(source.planted.languages).values()]))
    for split in ("train", "dev"):
        for name in world.design.intermediate:
            _write(root / name / f"{split}.tsv", world.intermediate(name, split))
        for name in world.design.targets:
            _write(root / name / f"{split}.tsv", world.target(name, split))
    for language in world.languages:
        for name in world.design.targets:
            _write(root / name / f"test.{language}.tsv", world.target(name, "test", language))
        passages = world.passages(language, source.documents // len(world.languages))
        _write_lines(root / "text" / f"{language}.txt", passages)


def write_code(path: Path, source: SyntheticSource) -> None:
    """Write the corpus of code; a study's corpora are files that are there before it is planned.

    Args:
        path: The file.
        source: The study's source, with a ``planted`` section.
    """
    _write_lines(path, World(source).code(_CODE_LINES))


def _write(path: Path, items: Iterable[Item]) -> None:
    write_text(path, _COLUMNS + "".join("\t".join(item) + "\n" for item in items))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    write_text(path, "".join(f"{line}\n" for line in lines))
