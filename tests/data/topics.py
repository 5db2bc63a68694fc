"""Texts of two topics that share no word."""

from __future__ import annotations

import numpy as np

WORDS = {"sea": "ship wave sail fish harbour storm", "farm": "cow field plough barn hay pig"}


def texts(topic: str, count: int, seed: int = 0) -> list[str]:
    """Texts of six words each, drawn from those of a topic."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS[topic].split(), 6)) for _ in range(count)]
