"""The files that prefetching writes for a study."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from configs import ready_made

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.paths import DOWNLOADS
from xstilts.graph.runs import Runs
from xstilts.jobs import prefetch
from xstilts.sources.hub.read import read
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

sys.path.insert(0, str(Path(__file__).parents[1] / "sources" / "hub"))
import repositories

MODEL = f"hf://someone/encoder@{'0123456789' * 4}"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study on a mirror's data, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    repositories.write(tmp_path / "mirror")
    return runs_of()


def runs_of(**changes: Any) -> Runs:
    source = {"kind": "hub", "mirror": "mirror"}
    targets = {"xnli": {"languages": ["de", "en"]}, "tydiqa": {"languages": ["fi", "ko"]}}
    return Runs(load(ready_made(**{"source": source, "models": {"x": {"path": MODEL}}, "targets": targets, **changes})))


def recorded(runs: Runs, task: str) -> dict[str, Any]:
    prefetch.data(runs, task)
    record: dict[str, Any] = json.loads(runs.paths.prefetched(task).read_text(encoding="utf-8"))
    return record


def test_the_record_lists_what_every_file_is_made_from(runs, capsys):
    files = recorded(runs, "xnli")["files"]
    assert {name: [(one["config"], one["split"], one["rows"]) for one in made] for name, made in files.items()} == {
        "train.en": [("en", "train", 3)],
        "dev.en": [("en", "validation", 3)],
        "test.de": [("de", "test", 3)],
        "test.en": [("en", "test", 3)],
    }
    assert all(len(one["sha256"]) == 64 and one["revision"] == "mirror" for made in files.values() for one in made)
    assert "facebook/xnli, config de, split test, revision mirror: 3 rows" in capsys.readouterr().out


def test_files_of_one_download_name_it_alike_and_it_is_made_once(runs, capsys):
    files = recorded(runs, "tydiqa")["files"]
    assert files["dev.en"] == files["test.fi"] == files["test.ko"]
    assert capsys.readouterr().out.count("split validation") == 1


def test_what_was_prefetched_can_be_read(runs):
    for task in runs.study.tasks():
        prefetch.data(runs, task)
        for split, code in runs.files(task):
            assert read(DOWNLOADS, TASKS[task], split, languages_of("hub")[code]).num_rows


def test_a_task_that_is_read_from_files_is_not_downloaded(runs):
    with pytest.raises(UserError, match="reads xnli from files"):
        prefetch.data(runs_of(source={"kind": "files", "root": "data"}), "xnli")


def test_a_model_comes_with_its_record(runs, tmp_path, capsys):
    import numpy as np
    from safetensors.numpy import save_file

    clone = tmp_path / "mirror" / "someone" / "encoder"
    clone.mkdir(parents=True)
    save_file({"weight": np.zeros(2, dtype=np.float32)}, clone / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        (clone / name).write_text("{}", encoding="utf-8")
    prefetch.model(runs.ready_made("x").name, runs.study.mirror)
    assert (runs.ready_made("x") / "xstilts.json").is_file()
    assert "someone/encoder" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x", "someone--encoder", "someone--encoder--main", "../x"])
def test_only_snapshots_are_downloaded(name):
    with pytest.raises(UserError, match="is no model of the Hub at a commit"):
        prefetch.model(name, None)
