"""Similarity of two data sets: by the words they use, and by the mean embeddings of an encoder.

A corpus is a list of *texts*, each an array of token ids. The similarity of words is 1 minus the Jensen–Shannon
divergence of the unigram distributions, in bits (Lin 1991), as in Kashyap et al. 2021 (NAACL). Two samples of the same
source diverge too, the more the smaller they are, so all samples have the same number of tokens, and the divergence of
samples of the same corpus is subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import jensenshannon

#: Two disjoint samples of one corpus, drawn several times: (resamples, 2, vocabulary) counts.
Samples = np.ndarray


def jsd(counts_a: np.ndarray, counts_b: np.ndarray) -> float:
    """Return the Jensen–Shannon divergence in bits, 0 to 1, of two vectors of counts over one vocabulary."""
    return float(jensenshannon(counts_a, counts_b, base=2) ** 2)


def paired_samples(
    corpus: Sequence[np.ndarray], vocabulary: int, budget: int, rng: np.random.Generator, resamples: int = 5
) -> Samples:
    """Draw pairs of disjoint samples of a corpus.

    Whole texts are drawn, without replacement: the words of a text depend on each other, and samples that share texts
    would look more similar than those of two corpora can. Only the text at the border is cut in two.

    Args:
        corpus: Token ids of each text.
        vocabulary: Number of token ids.
        budget: Tokens in each sample.
        rng: Source of the draws.
        resamples: Number of pairs.

    Returns:
        (resamples, 2, vocabulary) counts.

    Raises:
        ValueError: The corpus has fewer than twice that many tokens.
    """
    lengths = np.array([len(text) for text in corpus], dtype=np.int64)
    if budget < 1 or lengths.sum() < 2 * budget:
        raise ValueError(f"two samples of {budget} tokens cannot be drawn from {lengths.sum()} tokens")
    samples = np.zeros((resamples, 2, vocabulary), dtype=np.int32)
    for sample in samples:
        order = rng.permutation(len(corpus))
        enough = int(np.searchsorted(np.cumsum(lengths[order]), 2 * budget)) + 1
        drawn = np.concatenate([corpus[index] for index in order[:enough]])
        for side, ids in enumerate((drawn[:budget], drawn[budget : 2 * budget])):
            sample[side] = np.bincount(ids, minlength=vocabulary)
    return samples


def within(samples: Samples) -> float:
    """Return the mean divergence between samples of one corpus: the bias due to their size."""
    return float(np.mean([jsd(first, second) for first, second in samples]))


def unigram_similarity(samples_a: Samples, samples_b: Samples) -> float:
    """Return 1 minus the corrected divergence of two corpora; sampling error may take it slightly above 1.

    Corrected: the mean divergence between samples of the two, minus the mean of :func:`within` of both. Samples of
    equal corpora are exchangeable, so that its expectation is then 0 for samples of any size.
    """
    between = np.mean([jsd(a, b) for one, other in zip(samples_a, samples_b, strict=True) for a in one for b in other])
    return float(1 - (between - (within(samples_a) + within(samples_b)) / 2))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of two vectors; NaN if one of them is 0."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 1e-12 else float("nan")


def centred_cosine(a: np.ndarray, b: np.ndarray, origin_a: np.ndarray, origin_b: np.ndarray) -> float:
    """Return the cosine of two corpora's mean embeddings after centring each on its language.

    Raw means mostly encode the language.

    Args:
        a: Mean embedding of one corpus.
        b: Mean embedding of the other corpus.
        origin_a: Mean embedding of a parallel set in the first corpus' language.
        origin_b: Mean embedding of the same sentences in the second corpus' language.
    """
    return cosine(a - origin_a, b - origin_b)
