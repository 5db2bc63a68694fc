"""The study of :mod:`jobs`: a random encoder, and made-up pairs in XNLI's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import inputs
import numpy as np

from xstilts.config.study import load, store
from xstilts.graph.runs import Runs

LANGUAGES = ("en", "de")
TRAIN, EVALUATED = 3200, 200  # examples
LABELS = ("entailment", "neutral", "contradiction")


def study(steps: int) -> dict[str, Any]:
    """The study that the job belongs to."""
    stage = {"max_steps": steps, "eval_every": max(1, steps // 2), "eval_examples": 200, "learning_rate": 0.0015}
    return {
        "study": "jobs",
        "source": {"kind": "files", "root": "data"},
        "models": {"small": {"path": "encoder"}},
        "seeds": [1],
        "arms": {"none": {}},
        "targets": {"xnli": {"languages": list(LANGUAGES)}},
        "training": {"target": stage},
        "encoding": {"max_length": 100},
    }


def make(folder: Path, steps: int) -> None:
    """Make encoder, data and study in a folder."""
    inputs.random_encoder(folder / "encoder", layers=3, width=64)
    sizes = {"train-en": TRAIN, "dev-en": EVALUATED} | {f"test-{code}": EVALUATED for code in LANGUAGES}
    data = folder / "data" / "xtreme" / "xnli"
    data.mkdir(parents=True)
    for seed, (name, count) in enumerate(sizes.items()):
        (data / f"{name}.tsv").write_text("".join(_rows(count, 10 * seed)), encoding="utf-8")
    runs = Runs(load(study(steps)))
    store(runs.study, folder / runs.paths.study)


def _rows(count: int, seed: int) -> list[str]:
    premises, hypotheses = inputs.sentences(count, seed, words=12), inputs.sentences(count, seed + 1, words=6)
    labels = np.random.default_rng(seed).choice(LABELS, count)
    return ["\t".join(row) + "\n" for row in zip(premises, hypotheses, labels, strict=True)]
