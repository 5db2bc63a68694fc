"""Generation of a synthetic data root: every task, in every synthetic language, in the official file formats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from xstilts.atomic import write_text
from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import documents, intermediate, releases, targets, xtreme_r
from xstilts.synthetic.builder import DatasetBuilder
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.planted import files as planted
from xstilts.tasks.synthetic_languages import LANGUAGES


def generate(
    root: Path,
    settings: SyntheticSource,
    tasks: Collection[str] | None = None,
    more: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the data of tasks below a folder.

    The files are those of the tasks' declarations, and ``languages.csv`` with the first columns of the catalogue of
    languages. The same settings give the same bytes, whichever tasks are asked for. The seed determines the world, the
    words and the examples, but not the design of the languages. Of a planted world, all tasks are written.

    Args:
        root: The folder.
        settings: The study's settings of the synthetic source.
        tasks: Names of tasks, "text" for the unlabelled text; None for all of them.
        more: By task, the languages that its training data, and the dev data of tagging tasks, are also rendered in.
    """
    if settings.planted:
        planted.write(Path(root), settings)
        return
    builder = DatasetBuilder.of(Path(root), settings, more)
    write_text(builder.root / "languages.csv", releases.language_csv(LANGUAGES))
    for task in sorted(_WRITERS if tasks is None else set(tasks)):
        _WRITERS[task](builder)


def _write_text(builder: DatasetBuilder) -> None:
    for code, count in documents.documents_per_language(builder.settings.documents, list(builder.grammars)).items():
        sampler = EventSampler(builder.world, builder.rng("text", code))
        lines = documents.documents(count, builder.grammars[code], builder.grammars, sampler)
        builder.write("text", "train", "".join(f"{line}\n" for line in lines), code)


_WRITERS: dict[str, Callable[[DatasetBuilder], None]] = {
    **intermediate.WRITERS,
    **targets.WRITERS,
    **xtreme_r.WRITERS,
    "text": _write_text,
}
