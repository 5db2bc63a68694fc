"""Random scores for the small study of made_up."""

from __future__ import annotations

import numpy as np
from made_up import Row

LANGUAGES = {"xnli": ("en", "de", "sw"), "udpos": ("en", "de"), "tatoeba": ("de",)}


def complete(draw: int = 0) -> list[Row]:
    """Draw every score of the study at random."""
    rng = np.random.default_rng(draw)
    return [
        (arm, target, language, "f1" if target == "udpos" else "accuracy", seed, float(rng.uniform(20, 80)))
        for arm in ("none", "mnli", "qqp", "random")
        for target, languages in LANGUAGES.items()
        for language in languages
        for seed in (1, 2)
    ]
