"""How alike a study's intermediate tasks and targets are, by their encoded texts and by the pretrained encoder.

Nothing is trained and no label is read. Words are compared in English alone, so that no language is mixed in;
embeddings in every language of a target. What has no English text, or no parallel sentences to be centred on, has no
row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from xstilts.analysis.corpora import PARALLEL, CorpusPart, Sequences, parallel_parts, parts_of, texts_of
from xstilts.analysis.similarity import Samples, centred_cosine, cosine, paired_samples, unigram_similarity
from xstilts.atomic import replacing
from xstilts.config.settings import Embedding
from xstilts.data import tokenizer
from xstilts.encoders import storage as encoders
from xstilts.graph.runs import Runs
from xstilts.retrieval.embedding import embed
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.languages import ENGLISH
from xstilts.training.device import Device

COLUMNS = ["model", "intermediate", "target", "language", "measure", "value", "tokens"]
Compared = tuple[str, str, str, str, float, int]  # the columns but model

_MOST_TOKENS = 50_000  # in one sample
_EMBEDDED_ROWS = 500


def similarity(runs: Runs, threads: int) -> None:
    """Write ``similarity.parquet``: a row per model, intermediate task, target, language and measure.

    ``jsd`` is 1 minus the corrected divergence (English only; ``tokens`` in each sample, as many in all of a model's);
    ``cosine`` and ``cosine_centred`` are those of mean embeddings (``tokens``: of the smaller set).
    """
    found = []
    device = Device.choose(runs.study.compute, threads)
    for model in runs.study.models:
        found += [(model, *row) for row in (*_of_words(runs, model), *_Embedded(runs, model, device).compared())]
        print(f"{model}: {len(found)} similarities so far", flush=True)
    table = pd.DataFrame(found, columns=COLUMNS).astype({"value": "float64", "tokens": "int64"})
    with replacing(runs.paths.similarity) as temporary:
        table.dropna(subset=["value"]).to_parquet(temporary, index=False)


def _of_words(runs: Runs, model: str) -> Iterator[Compared]:
    pieces = tokenizer.load(runs.paths.tokenizer(model))
    tasks, targets = runs.study.intermediate_tasks(), tuple(runs.study.targets)
    corpora = {task: texts_of(parts_of(runs, model, task, ENGLISH), pieces) for task in (*tasks, *targets)}
    sizes = [sum(map(len, texts)) for texts in corpora.values() if texts]
    budget = min(min(sizes, default=0) // 2, _MOST_TOKENS)
    samples: dict[str, Samples] = {}
    for task, texts in corpora.items():
        if texts and budget:
            rng = np.random.default_rng(zlib.crc32(task.encode()))  # what else is compared changes nothing
            samples[task] = paired_samples(texts, len(pieces), budget, rng)
    for task in tasks:
        for target in targets:
            if task in samples and target in samples:
                yield task, target, ENGLISH, "jsd", unigram_similarity(samples[task], samples[target]), budget


@dataclass(frozen=True)
class _Centre:
    """A set's mean embedding, and how many tokens went into it."""

    mean: np.ndarray
    tokens: int


class _Embedded:
    """A study's data sets as a pretrained encoder sees them; parallel sets are embedded once."""

    def __init__(self, runs: Runs, model: str, device: Device) -> None:
        self._runs, self._model, self._device = runs, model, device
        self._tokens = SpecialTokens.of(tokenizer.load(runs.paths.tokenizer(model)))
        self._origins: dict[tuple[str, str], tuple[np.ndarray, np.ndarray] | None] = {}

    def compared(self) -> Iterator[Compared]:
        study = self._runs.study
        tasks = {task: self._centre(self._parts(task, ENGLISH)) for task in study.intermediate_tasks()}
        for target in study.targets:
            for language in dict.fromkeys((ENGLISH, *study.languages(target))):
                there, origin = self._centre(self._parts(target, language)), self._origin(target, language)
                for task, here in tasks.items():
                    if here is None or there is None:
                        continue
                    place, size = (task, target, language), min(here.tokens, there.tokens)
                    yield *place, "cosine", cosine(here.mean, there.mean), size
                    if origin:
                        yield *place, "cosine_centred", centred_cosine(here.mean, there.mean, *origin), size

    @cached_property
    def _encoder(self) -> PreTrainedModel:
        folder = self._runs.pretrained_weights(self._model).parent
        encoder = encoders.load(folder, self._runs.study.compute)
        self._device.place(encoder)
        return encoder

    @cached_property
    def _settings(self) -> Embedding:
        """13 layers of 24, as XTREME's ``run_tatoeba`` takes of XLM-R Large, in proportion: fixed before any result."""
        return Embedding(layer=round(13 / 24 * self._encoder.config.num_hidden_layers), special_tokens=False)

    def _parts(self, task: str, language: str) -> list[CorpusPart]:
        return parts_of(self._runs, self._model, task, language)

    def _centre(self, parts: Sequence[CorpusPart], most: int | None = _EMBEDDED_ROWS) -> _Centre | None:
        """Of at most that many rows, evenly from all parts; None where there are no rows."""
        sets = [Sequences(part, most and max(1, most // len(parts))) for part in parts]
        embedded = [embed(self._encoder, rows, self._tokens, self._settings).numpy() for rows in sets if len(rows)]
        if not embedded:
            return None
        return _Centre(np.concatenate(embedded).mean(0), sum(int(rows.lengths.sum()) for rows in sets))

    def _origin(self, target: str, language: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Means of parallel sentences in English and in the language, from the first set that has them.

        It is never the target's own: centred on itself, a set would have no direction left.
        """
        for task in PARALLEL:
            if task != target and task in self._runs.study.targets:
                if (task, language) not in self._origins:
                    self._origins[task, language] = self._means(task, language)
                if found := self._origins[task, language]:
                    return found
        return None

    def _means(self, task: str, language: str) -> tuple[np.ndarray, np.ndarray] | None:
        parts = parallel_parts(self._runs, self._model, task, language)
        if parts is None:
            return None
        # files in the same order are sampled alike; the two sides of retrieval may be in any order, so all of it counts
        most = None if self._runs.study.task(task).type == "retrieval" else _EMBEDDED_ROWS
        english, other = (self._centre(of_language, most) for of_language in parts)
        return (english.mean, other.mean) if english and other else None
