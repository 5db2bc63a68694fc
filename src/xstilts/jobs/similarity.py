"""The similarity of a study's intermediate tasks and targets, by their tokens and by the pretrained encoder.

Nothing is trained and no label is read. Token distributions are compared in English only, so that languages are not
compared; embeddings in every language of a target. A target without English text has no row of the former; one without
parallel sentences in a language has no centred cosine there.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from xstilts.analysis.corpora import (
    PARALLEL,
    CorpusPart,
    Sequences,
    domain_parts,
    parallel_parts,
    parts_of,
    texts_of,
    training_parts,
)
from xstilts.analysis.selection import domain_arms, domain_text
from xstilts.analysis.similarity import Samples, centred_cosine, cosine, paired_samples, unigram_similarity
from xstilts.atomic import replacing
from xstilts.config.settings import Embedding
from xstilts.data import tokenizer
from xstilts.encoders.capabilities import layers
from xstilts.graph.runs import Runs
from xstilts.jobs.loading import load_encoder
from xstilts.retrieval.embedding import embed
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.languages import ENGLISH
from xstilts.training.device import Device

COLUMNS = ["model", "intermediate", "target", "language", "measure", "value", "tokens"]
SimilarityRow = tuple[str, str, str, str, float, int]  # all columns but the model

_MOST_TOKENS = 50_000  # of one sample of a task
#: The most texts of a data set that are embedded, evenly spaced; a study of XTREME's targets has some 200 sets.
TEXTS = 100

logger = logging.getLogger(__name__)


def similarity(runs: Runs, threads: int) -> None:
    """Write ``similarity.parquet``: a row per model, intermediate task or domain of one, target, language and measure.

    Measures: ``jsd`` is 1 minus the bias-corrected Jensen-Shannon divergence of token frequencies (English only);
    ``tokens`` is the size of each sample, the same for all tasks of a model. ``cosine`` and ``cosine_centred`` compare
    mean embeddings; ``tokens`` is that of the smaller data set.

    Args:
        runs: The study's jobs and paths.
        threads: CPU threads.
    """
    rows = []
    device = Device.choose(runs.study.compute, threads)
    for model in runs.study.models:
        embedded = _EmbeddingSimilarity(runs, model, device)
        rows += [(model, *row) for row in (*_token_similarity(runs, model), *embedded.rows())]
        logger.info("%s: %d similarities so far", model, len(rows))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"value": "float64", "tokens": "int64"})
    with replacing(runs.paths.similarity) as temporary:
        table.dropna(subset=["value"]).to_parquet(temporary, index=False, write_page_checksum=True)


def _intermediate_parts(runs: Runs, model: str) -> dict[str, list[CorpusPart]]:
    """The texts of intermediate tasks, and of arms of one domain of a task, by their names in the table."""
    study = runs.study
    parts = {task: training_parts(runs, model, task) for task in study.intermediate_tasks()}
    return parts | {domain_text(study, arm): domain_parts(runs, model, arm) for arm in domain_arms(study)}


def _token_similarity(runs: Runs, model: str) -> Iterator[SimilarityRow]:
    pieces = tokenizer.load(runs.paths.tokenizer(model))
    targets, parts = tuple(runs.study.targets), _intermediate_parts(runs, model)
    corpora = {(task, False): texts_of(of_task, pieces) for task, of_task in parts.items()}
    corpora |= {(target, True): texts_of(parts_of(runs, model, target, ENGLISH), pieces) for target in targets}
    sizes = [sum(map(len, texts)) for texts in corpora.values() if texts]
    budget = min(min(sizes, default=0) // 2, _MOST_TOKENS)
    samples: dict[tuple[str, bool], Samples] = {}
    for (name, is_target), texts in corpora.items():
        if texts and budget:
            rng = np.random.default_rng(zlib.crc32(f"{name} {is_target}".encode()))  # independent of the others
            samples[name, is_target] = paired_samples(texts, len(pieces), budget, rng)
    for task in parts:
        for target in targets:
            here, there = samples.get((task, False)), samples.get((target, True))
            if here is not None and there is not None:
                yield task, target, ENGLISH, "jsd", unigram_similarity(here, there), budget


@dataclass(frozen=True)
class _MeanEmbedding:
    """The (hidden,) mean embedding of a data set, and its number of tokens."""

    mean: np.ndarray
    tokens: int


class _EmbeddingSimilarity:
    """Mean embeddings of a study's data sets by the pretrained encoder; those of parallel sentences are cached."""

    def __init__(self, runs: Runs, model: str, device: Device) -> None:
        self._runs, self._model, self._device = runs, model, device
        self._tokens = SpecialTokens.of(tokenizer.load(runs.paths.tokenizer(model)))
        self._embedded: dict[tuple[str, ...], _MeanEmbedding | None] = {}
        self._parallel: dict[tuple[str, str], tuple[np.ndarray, np.ndarray] | None] = {}

    def rows(self) -> Iterator[SimilarityRow]:
        study = self._runs.study
        of_tasks = _intermediate_parts(self._runs, self._model)
        tasks = {task: self._mean_embedding(parts) for task, parts in of_tasks.items()}
        for number, target in enumerate(study.targets, start=1):
            logger.info("%s: texts of %s, target %d of %d", self._model, target, number, len(study.targets))
            for language in dict.fromkeys((ENGLISH, *study.languages(target))):
                there = self._mean_embedding(self._parts(target, language))
                origins = self._parallel_means(target, language)
                for task, here in tasks.items():
                    if here is None or there is None:
                        continue
                    pair, size = (task, target, language), min(here.tokens, there.tokens)
                    yield *pair, "cosine", cosine(here.mean, there.mean), size
                    if origins:
                        yield *pair, "cosine_centred", centred_cosine(here.mean, there.mean, *origins), size

    @cached_property
    def _encoder(self) -> PreTrainedModel:
        encoder = load_encoder(self._runs, self._model, self._runs.pretrained_weights(self._model))
        self._device.place(encoder)
        return encoder

    @cached_property
    def _settings(self) -> Embedding:
        """Layer 13 of 24, or the same share of the depth, as in XTREME's ``run_tatoeba``; chosen before any results."""
        return Embedding(layer=round(13 / 24 * layers(self._encoder.config)), special_tokens=False)

    def _parts(self, task: str, language: str) -> list[CorpusPart]:
        return parts_of(self._runs, self._model, task, language)

    def _mean_embedding(self, parts: Sequence[CorpusPart]) -> _MeanEmbedding | None:
        """The mean embedding of at most :data:`TEXTS` rows, evenly from all parts; None where there are no rows.

        A set is embedded once: the English side of parallel sentences comes with each of their languages.
        """
        key = tuple(part.name for part in parts)
        if key not in self._embedded:
            self._embedded[key] = self._embed(parts)
        return self._embedded[key]

    def _embed(self, parts: Sequence[CorpusPart]) -> _MeanEmbedding | None:
        sets = [Sequences(part, max(1, TEXTS // len(parts))) for part in parts]
        embedded = [embed(self._encoder, rows, self._tokens, self._settings).numpy() for rows in sets if len(rows)]
        if not embedded:
            return None
        return _MeanEmbedding(np.concatenate(embedded).mean(0), sum(int(rows.lengths.sum()) for rows in sets))

    def _parallel_means(self, target: str, language: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Mean embeddings of parallel sentences in English and in a language, from the first task that has them.

        The target itself is not used: centred on its own mean, it would be the zero vector.
        """
        for task in PARALLEL:
            if task != target and task in self._runs.study.targets:
                if (task, language) not in self._parallel:
                    self._parallel[task, language] = self._means(task, language)
                if means := self._parallel[task, language]:
                    return means
        return None

    def _means(self, task: str, language: str) -> tuple[np.ndarray, np.ndarray] | None:
        parts = parallel_parts(self._runs, self._model, task, language)
        if parts is None:
            return None
        english, other = map(self._mean_embedding, parts)
        return (english.mean, other.mean) if english and other else None
