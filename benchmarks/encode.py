"""Compare the speed of encoding with ``datasets.map`` and the tokenizer's own call, as transformers' examples do it.

    python benchmarks/encode.py --tokenizer FOLDER
    python benchmarks/encode.py --reduced

Made-up examples with lengths as in MNLI (pairs), HellaSwag (choices), SQuAD (spans: each context has five questions)
and UDPOS (tags); FOLDER has a tokenizer.json. Both sides start from canonical examples in a Parquet file and end with
an Arrow file. One thread.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import inputs
import measuring
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, disable_progress_bars
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Encoding
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import encode_task
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TASKS

MAX_LENGTH, DOC_STRIDE, CHOICES = 384, 128, 4
VOCABULARY = 4000
TAGS = {"NOUN": 0}

Columns = dict[str, Any]
Encode = Callable[[PreTrainedTokenizerFast, Columns], Columns]


def pairs(count: int) -> Columns:
    """As of MNLI."""
    premises, hypotheses = inputs.sentences(count, seed=1, words=18), inputs.sentences(count, seed=2, words=9)
    return {"premise": premises, "hypothesis": hypotheses, "label": ["neutral"] * count}


def choices(count: int) -> Columns:
    """As of HellaSwag."""
    prompts, endings = inputs.sentences(count, seed=3, words=45), inputs.sentences(CHOICES * count, seed=4, words=20)
    return {"prompt": prompts, "choices": _in_rows(endings, CHOICES), "label": [0] * count}


def spans(count: int) -> Columns:
    """As of SQuAD; the answer is the first word of the context."""
    contexts = [text for text in inputs.sentences(-(-count // 5), seed=5, words=110) for _ in range(5)][:count]
    answers = [[text.split()[0]] for text in contexts]
    questions = inputs.sentences(count, seed=6, words=8)
    return {"context": contexts, "question": questions, "answers": answers, "answer_starts": [[0]] * count}


def tags(count: int) -> Columns:
    """As of UDPOS."""
    words = [text.split() for text in inputs.sentences(count, seed=7, words=17)]
    return {"tokens": words, "tags": [["NOUN"] * len(row) for row in words]}


def encode_pairs(tokenizer: PreTrainedTokenizerFast, rows: Columns) -> Columns:
    """As ``run_glue.py``."""
    return {**tokenizer(rows["premise"], rows["hypothesis"], truncation=True, max_length=MAX_LENGTH)}


def encode_choices(tokenizer: PreTrainedTokenizerFast, rows: Columns) -> Columns:
    """As ``run_swag.py``."""
    prompts = [prompt for prompt in rows["prompt"] for _ in range(CHOICES)]
    endings = [ending for row in rows["choices"] for ending in row]
    encoded = tokenizer(prompts, endings, truncation=True, max_length=MAX_LENGTH)
    return {name: _in_rows(values, CHOICES) for name, values in encoded.items()}


def encode_spans(tokenizer: PreTrainedTokenizerFast, rows: Columns) -> Columns:
    """As ``run_qa.py``, without the search for the answer's tokens, which XSTILTs does."""
    options = {"return_overflowing_tokens": True, "return_offsets_mapping": True, "stride": DOC_STRIDE}
    encoded = tokenizer(rows["question"], rows["context"], truncation="only_second", max_length=MAX_LENGTH, **options)
    return {**encoded}


def encode_tags(tokenizer: PreTrainedTokenizerFast, rows: Columns) -> Columns:
    """As ``run_ner.py``."""
    encoded = tokenizer(rows["tokens"], truncation=True, is_split_into_words=True, max_length=MAX_LENGTH)
    labels = []
    for row, names in enumerate(rows["tags"]):
        words = encoded.word_ids(row)
        first = [word is not None and word != before for before, word in zip([None, *words], words, strict=False)]
        labels.append([TAGS[names[word]] if new else -100 for new, word in zip(first, words, strict=True)])
    return {**encoded, "labels": labels}


#: By kind: the task, its examples, and how transformers' examples encode them.
KINDS: dict[str, tuple[str, Callable[[int], Columns], Encode]] = {
    "pairs": ("mnli", pairs, encode_pairs),
    "choices": ("hellaswag", choices, encode_choices),
    "spans": ("squad_v1", spans, encode_spans),
    "tags": ("udpos", tags, encode_tags),
}


def _in_rows(values: Sequence[Any], size: int) -> list[Any]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def ours(task: str, tokenizer: PreTrainedTokenizerFast, source: Path, folder: Path) -> Callable[[], None]:
    """Return a function that encodes a file as an encode job does."""
    settings = Encoding(max_length=MAX_LENGTH, doc_stride=DOC_STRIDE)
    return lambda: encode_task(TASKS[task], settings, tokenizer, [source], folder / "tokens")


def theirs(encode: Encode, tokenizer: PreTrainedTokenizerFast, source: Path, folder: Path) -> Callable[[], object]:
    """Return a function that encodes a file with ``datasets.map``."""

    def mapped() -> object:
        rows = Dataset(pq.read_table(source))
        return rows.map(
            lambda batch: encode(tokenizer, batch),
            batched=True,
            remove_columns=rows.column_names,
            cache_file_name=str(folder / "mapped.arrow"),
            load_from_cache_file=False,
            new_fingerprint="benchmark",
        )

    return mapped


def main() -> None:
    """Measure every kind of example, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--tokenizer", type=Path, help="a folder with a tokenizer.json")
    parser.add_argument("--examples", type=int, default=2000)
    arguments = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    disable_progress_bars()
    if arguments.reduced or not arguments.tokenizer:
        tokenizer = tokenizers.train(inputs.sentences(20_000, seed=0), VOCABULARY, MAX_LENGTH)
    else:
        tokenizer = tokenizers.load(arguments.tokenizer)
    _measure(tokenizer, 400 if arguments.reduced else arguments.examples, arguments.turns)


def _measure(tokenizer: PreTrainedTokenizerFast, count: int, turns: int) -> None:
    seconds = {}
    for kind, (task, examples, encode) in KINDS.items():
        with tempfile.TemporaryDirectory() as name:
            folder, source = Path(name), Path(name) / "train.en.parquet"
            rows = {"id": [str(row) for row in range(count)], **examples(count)}
            pq.write_table(pa.table(rows, schema=task_type_class(TASKS[task]).schema), source)
            ways = {
                measuring.OURS: ours(task, tokenizer, source, folder),
                "datasets": theirs(encode, tokenizer, source, folder),
            }
            seconds[kind] = measuring.take_turns(ways, turns)
    measuring.print_kinds("encode", seconds, ["transformers", "tokenizers", "datasets"], examples=count)


if __name__ == "__main__":
    main()
