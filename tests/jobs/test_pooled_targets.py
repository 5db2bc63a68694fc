"""Which files a target with one pool of candidates is scored with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.jobs import pooled
from xstilts.training.session import Session

STUDY: dict[str, Any] = {
    "study": "pooled",
    "benchmark": "xtreme_r",
    "source": {"kind": "files", "root": "data"},
    "models": {"ready": {"path": "models/ready"}},
    "arms": {"none": {}},
    "targets": {"mewslix": {"languages": ["de", "ja"]}, "lareqa": {"languages": ["de", "en"]}},
    "splits": ["dev", "test"],
}


@dataclass
class FakeType:
    """A task type whose queries are complete as they are read."""

    task: Any

    def completed(self, task: Any, tables: Mapping[str, str]) -> dict[str, str]:
        return {code: f"complete {table}" for code, table in tables.items()}


@dataclass
class Recorder:
    """Stands for the job's outputs and for the search."""

    searched: list[tuple[list[str], list[str]]] = field(default_factory=list)
    added: list[tuple[str, str, str, str]] = field(default_factory=list)

    def search(self, asked: Mapping[str, Any], pool: Iterable[Any], _device: Any) -> dict[str, str]:
        self.searched.append(([file.examples for file in asked.values()], [file.examples for file in pool]))
        return {code: f"found in {code}" for code in asked}

    def add(self, _type: Any, language: str, split: str, predictions: str, gold: str) -> None:
        self.added.append((language, split, predictions, gold))


@pytest.mark.parametrize(
    ("target", "split", "languages", "own_pool"),
    [
        ("mewslix", "dev", ["de", "ja"], True),
        ("mewslix", "test", ["de", "ja"], True),
        ("lareqa", "test", ["de", "en"], False),
    ],
)
def test_the_pool_has_the_files_of_a_split_and_the_release_s_own(
    target: str, split: str, languages: list[str], own_pool: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, recorder = Runs(load(STUDY)), Recorder()
    monkeypatch.setattr(pooled, "EncodedRows", lambda path: path)
    monkeypatch.setattr(pooled.examples, "read", lambda path: path.stem)
    monkeypatch.setattr(pooled, "search", recorder.search)
    fake: Any = FakeType(runs.study.task(target))
    pooled.score_from_pool(runs, "ready", fake, lambda *_: [], "cpu", Session(), recorder)  # type: ignore[arg-type]
    files = [f"{split}.{code}" for code in languages]
    (asked, pool), *_ = [found for found in recorder.searched if found[0] == files]
    assert asked == files
    assert pool[: len(files)] == files and [name for name in pool if name.startswith("pool.")] == pool[len(files) :]
    assert bool(pool[len(files) :]) == own_pool
    for code in languages:
        assert (code, split, f"found in {code}", f"complete {split}.{code}") in recorder.added
