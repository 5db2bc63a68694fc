"""Compare the speed of sentence embedding with sentence-transformers: same encoder, texts, layer and pooling.

    pip install sentence-transformers
    python benchmarks/embed.py ENCODER FILE [FILE ...] --layer 8

ENCODER is a transformers folder of an encoder whose layers are ``encoder.layer`` (BERT, XLM-R), each FILE has a
sentence per line. Both sides start from the texts, so that tokenisation counts, and take turns. CPU seconds on one
thread are compared, which other programs on the machine lengthen less than wall time. Two ways of sentence-transformers
are measured: the whole encoder, and one whose layers above the wanted one have been cut off by hand.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import torch
from sentence_transformers import SentenceTransformer, models

from xstilts.config.settings import Compute, Embedding, Encoding
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import EncodedRows
from xstilts.data.fitting import fitted
from xstilts.encoders import capabilities, storage
from xstilts.retrieval.embedding import embed
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TASKS

MAX_LENGTH = 128  # tokens

Way = Callable[[], torch.Tensor]


def ours(folder: Path, texts: Sequence[str], layer: int) -> Way:
    """Return a function that embeds the texts as a retrieval job does."""
    tokenizer = fitted(tokenizers.load(folder), storage.read_config(folder), "benchmark")
    task_type = task_type_of(TASKS["tatoeba"], Encoding(max_length=MAX_LENGTH))
    encoder, tokens = storage.load(folder, Compute()), SpecialTokens.of(tokenizer)
    examples = pa.table({"text": list(texts)})

    def embedded() -> torch.Tensor:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "rows.arrow"
            rows = task_type.encode(examples, tokenizer).combine_chunks()
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
                writer.write_table(rows)
            return embed(encoder, EncodedRows(path), tokens, Embedding(layer=layer))

    return embedded


def theirs(folder: Path, texts: Sequence[str], layers: int | None) -> Way:
    """Return a function that embeds the texts with sentence-transformers, with so many layers; None: all."""
    transformer = models.Transformer(str(folder), max_seq_length=MAX_LENGTH)
    if layers is not None:
        encoder = transformer.auto_model.encoder
        encoder.layer = encoder.layer[:layers]
    pooling = models.Pooling(capabilities.hidden_size(transformer.auto_model.config), pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling, models.Normalize()], device="cpu")
    return lambda: model.encode(list(texts), convert_to_tensor=True, show_progress_bar=False)


def measured(ways: dict[str, Way], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each way in each of some rounds, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, way in ways.items():
            started = time.process_time()
            way()
            if turn:
                seconds[name].append(time.process_time() - started)
    return seconds


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--layer", type=int, required=True)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = [line for file in arguments.files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = lines[: arguments.sentences]
    ways = {
        "xstilts": ours(arguments.encoder, texts, arguments.layer),
        "sentence-transformers": theirs(arguments.encoder, texts, None),
        "sentence-transformers, cut": theirs(arguments.encoder, texts, arguments.layer),
    }
    cosine = (ways["xstilts"]() * ways["sentence-transformers, cut"]()).sum(dim=1).min()
    seconds = {name: statistics.median(times) for name, times in measured(ways, arguments.repeats).items()}
    result = {
        "sentences": len(texts),
        "layer": arguments.layer,
        "smallest cosine": round(float(cosine), 6),
        "CPU seconds": {name: round(value, 2) for name, value in seconds.items()},
        "times faster": {name: round(value / seconds["xstilts"], 2) for name, value in seconds.items()},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
