"""Texts that have been translated, kept on disk: what a killed job has done is not done again, nor by another study.

Texts are translated in shards, each of the same texts whenever it is made. A shard's file is named by a hash of its
texts and lies in the folder of its translator, which is named by all else that determines it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.translation.translator import Translated

SHARD = 2048  # texts; at the most so many are translated again after a kill
_SCHEMA = pa.schema([("source", pa.string()), ("text", pa.string()), ("problem", pa.string())])

#: Translates texts; returns as many translations.
Translate = Callable[[Sequence[str]], Sequence[Translated]]

logger = logging.getLogger(__name__)


def translations(texts: Iterable[str], folder: Path, translate: Translate) -> dict[str, Translated]:
    """Translate texts, each once; what is in the folder already is read from there.

    Args:
        texts: The texts; where they repeat, the first counts.
        folder: The folder of the translator.
        translate: Called for each shard that is not there.

    Returns:
        The translation of each text.
    """
    known: dict[str, Translated] = {}
    shards = list(_shards(dict.fromkeys(texts)))
    for number, shard in enumerate(shards):
        path = folder / f"{_name(shard)}.parquet"
        found = _read(path, shard)
        if found is None:
            found = list(translate(shard))
            _write(path, shard, found)
            logger.info("Translated %d of %d parts (%d texts each)", number + 1, len(shards), SHARD)
        known |= dict(zip(shard, found, strict=True))
    return known


def _shards(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while shard := list(islice(remaining, SHARD)):
        yield shard


def _name(shard: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(shard).encode()).hexdigest()[:24]


def _read(path: Path, shard: Sequence[str]) -> list[Translated] | None:
    """The translations of a shard; None where there are none, or the file is damaged."""
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path, page_checksum_verification=True, schema=_SCHEMA)
    except (pa.ArrowException, OSError) as error:
        logger.warning("%s: damaged, and made again (%s)", path, error)
        return None
    if table["source"].to_pylist() != list(shard):
        logger.warning("%s: holds other texts, and is made again", path)
        return None
    return [Translated(*pair) for pair in zip(table["text"].to_pylist(), table["problem"].to_pylist(), strict=True)]


def _write(path: Path, shard: Sequence[str], found: Sequence[Translated]) -> None:
    columns = [list(shard), [one.text for one in found], [one.problem for one in found]]
    table = pa.table(columns, schema=_SCHEMA)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, write_page_checksum=True)
