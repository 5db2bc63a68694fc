"""Writes a whole synthetic data root: every task, in every synthetic language, in the official file formats."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from xstilts.atomic import write_text
from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import documents, intermediate, releases, targets
from xstilts.synthetic.scenes import Scenes
from xstilts.synthetic.workshop import Workshop
from xstilts.tasks.synthetic_languages import LANGUAGES


def generate(root: Path, settings: SyntheticSource, tasks: Collection[str] | None = None) -> None:
    """Write the data of the given tasks (default: all, and the unlabelled text) below ``root``.

    The files are those of the tasks' declarations, and ``languages.csv`` with what the catalogue's begins with.
    The same settings give the same bytes, whichever tasks are asked for; a seed changes the world, words and examples,
    but not the design of the languages.
    """
    shop = Workshop.of(Path(root), settings)
    write_text(shop.root / "languages.csv", releases.language_table(LANGUAGES))
    for task in sorted(_WRITERS if tasks is None else set(tasks)):
        _WRITERS[task](shop)


def _text(shop: Workshop) -> None:
    for code, number in documents.counts(shop.settings.documents, list(shop.grammars)).items():
        scenes = Scenes(shop.world, shop.rng("text", code))
        lines = documents.documents(number, shop.grammars[code], shop.grammars, scenes)
        shop.write("text", "train", "".join(f"{line}\n" for line in lines), code)


_WRITERS: dict[str, Callable[[Workshop], None]] = {**intermediate.WRITERS, **targets.WRITERS, "text": _text}
