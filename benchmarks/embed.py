"""Compare the speed of sentence embedding with sentence-transformers: same encoder, texts, layer and pooling.

    python benchmarks/embed.py ENCODER FILE [FILE ...] --layer 8
    python benchmarks/embed.py --reduced

ENCODER is a transformers folder of an encoder whose layers are ``encoder.layer`` (BERT, XLM-R), each FILE has a
sentence per line. Both sides start from the texts, so that tokenisation counts. One thread. Two ways of
sentence-transformers are measured: the whole encoder, and one whose layers above the wanted one have been cut off by
hand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import inputs
import measuring
import pyarrow as pa
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules

from xstilts.config.settings import Compute, Embedding, Encoding
from xstilts.data import tokenizer as tokenizers
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
            rows = inputs.write_rows(Path(name) / "rows.arrow", task_type.encode(examples, tokenizer))
            return embed(encoder, rows, tokens, Embedding(layer=layer))

    return embedded


def theirs(folder: Path, texts: Sequence[str], layers: int | None) -> Way:
    """Return a function that embeds the texts with sentence-transformers, with so many layers; None: all."""
    transformer = modules.Transformer(str(folder), max_seq_length=MAX_LENGTH)
    if layers is not None:
        encoder = transformer.auto_model.encoder
        encoder.layer = encoder.layer[:layers]
    pooling = modules.Pooling(capabilities.hidden_size(transformer.auto_model.config), pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling, modules.Normalize()], device="cpu")
    return lambda: model.encode(list(texts), convert_to_tensor=True, show_progress_bar=False)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("encoder", type=Path, nargs="?")
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--layer", type=int, default=4)
    parser.add_argument("--sentences", type=int, default=2000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        if arguments.reduced:
            folder, texts = (
                inputs.random_encoder(Path(name), layers=6, width=128),
                inputs.sentences(300, seed=1, words=8),
            )
        elif arguments.encoder and arguments.files:
            folder, texts = arguments.encoder, _lines(arguments.files)[: arguments.sentences]
        else:
            parser.error("give ENCODER and FILE, or --reduced")
        _measure(folder, texts, arguments.layer, arguments.turns)


def _lines(files: Sequence[Path]) -> list[str]:
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _measure(folder: Path, texts: Sequence[str], layer: int, turns: int) -> None:
    ways = {
        measuring.OURS: ours(folder, texts, layer),
        "sentence-transformers": theirs(folder, texts, None),
        "sentence-transformers, cut": theirs(folder, texts, layer),
    }
    cosine = (ways[measuring.OURS]() * ways["sentence-transformers, cut"]()).sum(dim=1).min()
    measuring.print_result(
        "embed",
        measuring.take_turns(ways, turns),
        ["torch", "transformers", "sentence-transformers"],
        sentences=len(texts),
        layer=layer,
        smallest_cosine=round(float(cosine), 6),
    )


if __name__ == "__main__":
    main()
