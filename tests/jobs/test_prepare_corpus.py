"""Corpora as canonical and encoded files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from configs import own

from xstilts.config.study import load
from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.data.tokenizer import save, train
from xstilts.errors import DataError, UserError
from xstilts.graph.contents import planned
from xstilts.graph.runs import Runs
from xstilts.jobs import prepare as jobs
from xstilts.jobs.encode import encode

TEXT = {
    "code": {"files": "code/**/*.py", "licence": "MIT"},
    "prose": {"languages": {"de": "prose/de/*", "en": "prose/en/*"}},
}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A study with two corpora, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("code/a.py", "def f(x):\n    return x\n" * 600),
        ("code/deep/b.py", "y = 2\n"),
        ("prose/de/1", "Ein Haus.\nEin Hund.\n"),
        ("prose/en/1", "A house.\n"),
    ):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return study()


def study() -> Runs:
    arms: dict[str, Any] = {"none": {}, "a": {"masked_lm": {"text": "code"}}, "b": {"masked_lm": {"text": "prose"}}}
    return Runs(planned(load({**own(), "arms": arms, "text": TEXT})))


def test_each_language_is_a_file_of_passages(runs: Runs) -> None:
    for text in ("text_code", "text_prose"):
        jobs.prepare(runs, text)
    manifest = runs.manifests()["text_prose"]["files"]
    assert {name: entry["examples"] for name, entry in manifest.items()} == {"train.de": 1, "train.en": 1}
    path = runs.paths.examples("text_code", "train", "und")
    table = examples.read(path)
    assert table.column("id").to_pylist() == [str(number) for number in range(table.num_rows)]
    assert table.column("text").to_pylist()[-1] == "y = 2"
    provenance = examples.provenance_of(path)
    assert (provenance.licence, provenance.synthetic) == ("MIT", False)
    listed = runs.manifests()["text_code"]["files"]["train.und"]
    assert provenance.fingerprint == examples.fingerprint(table) == listed["fingerprint"]


def test_passages_are_written_a_few_at_a_time(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_TOGETHER", 2)
    jobs.prepare(runs, "text_code")
    found = pq.ParquetFile(runs.paths.examples("text_code", "train", "und"))
    assert found.metadata.num_row_groups > 1
    assert all(found.metadata.row_group(group).num_rows <= 2 for group in range(found.metadata.num_row_groups))


def test_a_corpus_is_encoded_with_the_settings_of_text(runs: Runs) -> None:
    jobs.prepare(runs, "text_code")
    save(train(["def f(x): return x y = 2"], 60, 32), runs.paths.tokenizer("tiny"))
    encode(runs, "tiny", "text_code", threads=1)
    rows = EncodedRows(runs.paths.encoded("tiny", "text_code", "train", "und"))
    assert len(rows) > 10 and max(rows.lengths) == 32


def test_a_corpus_without_text_is_refused_with_its_key(runs: Runs) -> None:
    for path in Path("data/code").rglob("*.py"):
        path.write_text(" \n\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"text\.code\.files: there is no text in 2 files of the study"):
        jobs.prepare(study(), "text_code")
    assert not runs.paths.data_manifest("text_code").exists()


def test_a_binary_file_is_refused_and_nothing_is_written(runs: Runs) -> None:
    Path("data/prose/en/1").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"prose/en/1.*is no text"):
        jobs.prepare(study(), "text_prose")
    assert not list(runs.paths.data("text_prose").glob("*.parquet"))


def test_a_file_that_has_changed_since_the_plan_is_refused(runs: Runs) -> None:
    Path("data/code/deep/b.py").write_text("y = 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.py: the file has changed since snakemake planned this job"):
        jobs.prepare(runs, "text_code")
