"""How to run a study in parts that is too large to be planned at once: the command ``xstilts shard``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from xstilts.graph.runs import Runs
from xstilts.graph.shards import SHARED, By, shards
from xstilts.wording import counted

#: The rules that make of all scores what people read.
SUMMARY = ("all", "collect", "tables", "similarity", "answer", "figures", "report", "submission")


def instructions(runs: Runs, by: By, file: Path) -> Iterator[str]:
    """Iterate over the lines that tell how to run a study in parts.

    Args:
        runs: The study's jobs.
        by: What the jobs of a part have in common.
        file: The study's YAML file.
    """
    parts = shards(runs, by)
    config = f"--configfile {shlex.quote(str(file))}"
    total, largest = sum(map(len, parts.values())), max(map(len, parts.values()))
    yield f"# {counted(total, 'job')} that make scores, in {counted(len(parts), 'part')} of at most {largest}."
    yield "# First what all parts read: data, token ids, pretrained encoders."
    yield f"snakemake {runs.paths.shard(SHARED)} {config}"
    yield "# Then the parts, several at a time if you like, on any machines that share this folder."
    yield from (f"snakemake {runs.paths.shard(name)} {config}" for name in parts)
    yield "# When all have ended: what is made of all scores. No job is planned but these."
    yield f"snakemake {config} --allowed-rules {' '.join(SUMMARY)}"
