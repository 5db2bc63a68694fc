"""F1, precision and recall of spans of tags, as seqeval computes them.

XTREME's ``evaluate.py`` uses seqeval for parts of speech too, whose tags have no B- or I-. There seqeval reads a run of
equal tags as one span, but each tag that begins with S as a span of its own. Since version 1.0 it also leaves the first
letter out of a span's type, so that CCONJ and SCONJ are the same type, and ignores an X at the end of a sentence.
XTREME does not pin a version; ``f1_whole_tags`` is the F1 of earlier versions, which were current when its baselines
were published.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence


def span_metrics(gold: list[list[str]], predicted: list[list[str]], labels: Sequence[str]) -> dict[str, float]:
    """Score spans of tags.

    Args:
        gold: The gold tags of each sentence.
        predicted: The predicted tags of each sentence.
        labels: The label set.

    Returns:
        Micro-averaged ``f1``, ``precision`` and ``recall`` in points, 0 if there are no spans; for label sets without
        B- and I- also ``f1_whole_tags``.
    """
    metrics = _seqeval(gold, predicted)
    if labels and not any(label.startswith(("B-", "I-")) for label in labels):
        metrics["f1_whole_tags"] = _seqeval(_with_prefix(gold), _with_prefix(predicted))["f1"]
    return metrics


def _seqeval(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about tags without B- and I-
        precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    return {"f1": 100.0 * float(f1), "precision": 100.0 * float(precision), "recall": 100.0 * float(recall)}


def _with_prefix(sentences: list[list[str]]) -> list[list[str]]:
    """Prefix each tag with its first letter, so that seqeval takes the whole tag as the type of the span.

    The first letter still decides where spans begin and end.
    """
    return [[f"{tag[0]}-{tag}" for tag in tags] for tags in sentences]
