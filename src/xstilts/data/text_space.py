"""A vector space of a task's texts, and measures of how diverse a set of texts is in it.

Vectors are TF-IDF of words, reduced to a few dimensions by a truncated singular value decomposition (latent semantic
analysis, Deerwester et al. 1990) and scaled to unit length. Words are hashed, and the space is fitted on a sample of
the texts, so that memory does not grow with the vocabulary. The space of a task is the same in every arm and for every
seed. scikit-learn is imported where a space is made, because few training jobs make one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

#: Texts that a space is fitted on; all of them where there are fewer.
FITTED = 20_000
#: Texts that diversity is measured on; subsets of at least so many examples are comparable.
MEASURED = 1_000
#: Clusters of a task's texts that a subset's are counted in.
CLUSTERS = 64
_FEATURES, _DIMENSIONS, _BLOCK = 2**16, 64, 10_000
_WORD = re.compile(r"\w+")


class TextSpace:
    """The space of one task's texts.

    Args:
        texts: All of them.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

        rng = np.random.default_rng(0)
        chosen = rng.permutation(len(texts))[:FITTED]
        self._words = HashingVectorizer(
            n_features=_FEATURES, norm=None, alternate_sign=False, token_pattern=_WORD.pattern
        )
        counts = self._words.transform([texts[index] for index in chosen])
        occurring = np.flatnonzero(counts.getnnz(axis=0))
        self._columns = np.union1d(occurring, [0, 1])  # the decomposition needs two, whatever the texts have
        counts = counts[:, self._columns]
        self._weights = TfidfTransformer(sublinear_tf=True).fit(counts)
        dimensions = max(1, min(_DIMENSIONS, len(chosen) - 1, len(self._columns)))
        with np.errstate(invalid="ignore"):  # the share of variance explained, of texts that do not vary
            self._reduced = TruncatedSVD(dimensions, random_state=0).fit(self._weights.transform(counts))
        self._fitted = self._project([texts[index] for index in chosen])

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, dimensions) float32 vectors of unit length; all zeros for a text without words."""
        blocks = [self._project(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
        return np.concatenate(blocks)

    def clusters(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """(texts,) the number of the cluster of each vector, 0 to ``count`` - 1.

        The clusters are those of k-means over the texts that the space was fitted on, at most one per text.
        """
        from sklearn.cluster import MiniBatchKMeans

        count = min(count, len(self._fitted))
        return MiniBatchKMeans(count, random_state=0, n_init=3).fit(self._fitted).predict(vectors)

    def _project(self, texts: Sequence[str]) -> np.ndarray:
        counts = self._words.transform(texts)[:, self._columns]
        vectors = self._reduced.transform(self._weights.transform(counts)).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


@dataclass(frozen=True)
class Diversity:
    """How diverse a set of texts is, measured on a sample of them.

    Attributes:
        measured: Texts in the sample.
        vendi: Vendi score, the effective number of different texts: :func:`vendi_score`.
        pairwise_distance: Mean of 1 - cosine over all pairs of different texts.
        distinct_bigrams: Different pairs of neighbouring words by all of them, between 0 and 1.
        clusters: How many of the :data:`CLUSTERS` clusters of the whole task's texts the sample has texts of.
    """

    measured: int
    vendi: float
    pairwise_distance: float
    distinct_bigrams: float
    clusters: int

    @classmethod
    def of(cls, space: TextSpace, texts: Sequence[str]) -> Diversity:
        """Measure a set of texts in the space of their task."""
        sample = np.random.default_rng(0).permutation(len(texts))[:MEASURED]
        chosen = [texts[index] for index in sample]
        vectors = space.vectors(chosen)
        bigrams = list(_bigrams(chosen))
        return cls(
            measured=len(chosen),
            vendi=vendi_score(vectors),
            pairwise_distance=pairwise_distance(vectors),
            distinct_bigrams=len(set(bigrams)) / max(1, len(bigrams)),
            clusters=len(set(space.clusters(vectors, CLUSTERS).tolist())),
        )

    def entry(self) -> dict[str, float]:
        """What a job's record has of it."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def vendi_score(vectors: np.ndarray) -> float:
    """Return the Vendi score of vectors of unit length (Friedman and Dieng 2022, arXiv 2210.02410, definition 3.1).

    It is exp(-sum of w log w) over the eigenvalues w of K / n, where K has the cosines of all pairs of the n vectors:
    1 if they all are the same, n if all are orthogonal. The eigenvalues of X'X / n are the same but for zeros, and X
    has fewer dimensions than rows.
    """
    exact = vectors.astype(np.float64)
    eigenvalues = np.linalg.eigvalsh(exact.T @ exact / len(exact))
    positive = eigenvalues[eigenvalues > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def pairwise_distance(vectors: np.ndarray) -> float:
    """Return the mean of 1 - cosine over all pairs of different rows of unit length; 0 for a single row."""
    count, exact = len(vectors), vectors.astype(np.float64)
    if count < 2:
        return 0.0
    total = exact.sum(0)
    cosines = (total @ total - (exact * exact).sum()) / (count * (count - 1))
    return float(1 - cosines)


def _bigrams(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        words = _WORD.findall(text.lower())
        yield from pairwise(words)
