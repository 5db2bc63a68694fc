"""What rules declare with a storage and without, and what Snakefile and jobs exchange through one."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from workspace import TINY

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.contents import freeze
from xstilts.graph.location import storage_of
from xstilts.graph.runs import Runs
from xstilts.graph.storage import Storage
from xstilts.runtime import heads


@dataclass
class Object:
    """A file in a folder that is the storage, as Snakemake's plugins give access to it."""

    query: str
    copies: Path

    def local_path(self) -> Path:
        return self.copies / self.query.lstrip("/")

    def exists(self) -> bool:
        return Path(self.query).exists()

    def store_object(self) -> None:
        Path(self.query).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.local_path(), self.query)

    def retrieve_object(self) -> None:
        shutil.copyfile(self.query, self.local_path())

    def remove(self) -> None:
        Path(self.query).unlink()


@dataclass
class Provider:
    copies: Path

    def object(self, query: str) -> Object:
        return Object(query, self.copies)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv(heads.VARIABLE, "mine")
    return Storage(Provider(Path("copies")), f"{tmp_path}/bucket/")


@pytest.fixture
def runs() -> Runs:
    return Runs(load(TINY))


def test_without_a_storage_paths_stay_as_they_are(runs: Runs) -> None:
    storage, manifest = Storage(), runs.paths.data_manifest("xnli")
    assert not storage
    assert storage.whole(manifest=manifest) == {"manifest": manifest} and storage.of([manifest]) == [manifest]
    assert storage.beside([manifest]) == []
    storage.put(manifest)
    assert storage.fetched("study.json") == "study.json" and not storage.exists(manifest)


def test_with_one_a_folder_stands_in_place_of_the_file_that_stands_for_it(storage: Storage, runs: Runs) -> None:
    paths = runs.paths
    weights = [paths.pretrained("small") / name for name in ("model.safetensors", "model.safetensors.index.json")]
    assert storage.of([paths.data_manifest("xnli"), *weights, paths.scores]) == [
        paths.data("xnli"),
        paths.pretrained("small"),
        paths.scores,
    ]
    (output,) = storage.whole(weights=weights[0], card=paths.pretrained("small") / "README.md").values()
    assert Path(output) == paths.pretrained("small") and output.flags["directory"]


def test_a_file_is_put_and_fetched_on_another_machine(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("results/tiny/studies/1.json")
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    storage.put(path)
    (tmp_path / "node").mkdir()
    monkeypatch.chdir(tmp_path / "node")
    assert Path(storage.fetched(str(path))) == storage.folder / path
    assert (storage.folder / path).read_text(encoding="utf-8") == "{}"


def test_a_run_leaves_word_of_its_storage_here_and_there(storage: Storage, runs: Runs, tmp_path: Path) -> None:
    freeze(runs)
    storage.put_study(runs)
    there = tmp_path / "bucket" / "results" / "tiny"
    assert sorted(path.name for path in there.rglob("*.json")) == sorted(
        [runs.frozen.name, "storage.json", "study.json"]
    )
    assert storage_of(runs.paths.root) == storage_of(there) == str(tmp_path / "bucket")
    Storage().put_study(runs)
    assert storage_of(runs.paths.root) == ""


def test_a_storage_that_does_not_answer_is_named(runs: Runs) -> None:
    class Unreachable:
        def object(self, query: str) -> Object:
            raise ConnectionError(f"{query}: no route to host")

    with pytest.raises(UserError, match=r"s3://mine: the storage does not answer \(ConnectionError"):
        Storage(Unreachable(), "s3://mine").refuse(runs, remote=False)


def test_a_job_looks_for_its_snakemake_in_the_storage(
    storage: Storage, runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        storage.begin(runs, "", "")
    assert "a job that is killed starts from its beginning" in caplog.text
    storage.refuse(runs, remote=True)
    storage.leave(runs)
    with pytest.raises(UserError, match="another one may have made its results"):
        storage.refuse(runs, remote=True)


def test_a_snakemake_that_takes_the_place_of_another_removes_its_file(
    storage: Storage, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.begin(runs, "", "")
    monkeypatch.setattr(heads.Head, "may_run", lambda head, locked: False)
    monkeypatch.setenv(heads.VARIABLE, "another")
    storage.begin(runs, "", "")
    assert not storage.exists(heads.file_of(runs.paths.heads, "mine"))
    assert storage.exists(heads.file_of(runs.paths.heads, "another"))


def test_checkpoints_have_a_folder_that_the_study_names(tmp_path: Path) -> None:
    named = Runs(load({**TINY, "compute": {"checkpoints": str(tmp_path)}}))
    assert named.checkpoints == tmp_path / "tiny"
    assert Runs(load(TINY)).checkpoints == named.paths.checkpoints
    with pytest.raises(UserError, match="must be an absolute path"):
        load({**TINY, "compute": {"checkpoints": "somewhere"}})
