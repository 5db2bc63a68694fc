"""Downloads of datasets from a mirror and from a server with the Hub's API: complete, recorded, made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import Features
from fake_hub import serving

from xstilts.atomic import sha256_of
from xstilts.errors import UserError
from xstilts.sources.hub.fetch import fetch
from xstilts.sources.hub.origins import origins
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

GERMAN = languages_of("hub")["de"]
COMMIT = "0123456789" * 4
(XNLI,) = origins(TASKS["xnli"], "test", GERMAN)

#: Fetches files in a separate process, since the Hub's libraries read the environment only once. Arguments: folder,
#: mirror or '', then task, split and language of each file. Prints the record or the error message of each as JSON.
PROGRAM = """
import dataclasses, json, sys, time
from pathlib import Path
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS
from xstilts.errors import UserError
from xstilts.sources.hub.fetch import fetch
from xstilts.sources.hub.origins import origins
from xstilts.tasks.registry import TASKS

time.sleep = lambda seconds: None  # no waiting before retries of the Hub's client
folder, mirror, *files = sys.argv[1:]
for task, split, code in zip(*[iter(files)] * 3):
    for origin in origins(TASKS[task], split, languages_of("hub")[code]):
        part = dataclasses.replace(origin.part, revision={revision!r})
        origin = dataclasses.replace(origin, part=part, rows={rows!r})
        try:
            print(json.dumps(fetch(origin, origin.file(Path(folder), task), mirror or None)))
        except UserError as error:
            print(json.dumps(str(error)))
"""


def start(folder: Path, *files: str, mirror: str = "", rows: int | None = None, **environment: str) -> subprocess.Popen:
    program = PROGRAM.format(revision=COMMIT, rows=rows)
    variables = {**os.environ, "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "0", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder / "hub"), mirror, *files],
        env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def fetched(folder: Path, *files: str, **options: str) -> list:
    """Fetch files in a separate process; returns the record or the error message of each."""
    with start(folder, *files, **options) as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def endpoint(mirror: Path) -> Iterator[str]:
    refused = {"nyu-mll/glue": 401, "rajpurkar/squad": 404, "Rowan/hellaswag": 429, "tau/commonsense_qa": 503,
               "rajpurkar/squad_v2": 500}  # fmt: skip
    with serving(mirror, COMMIT, refused) as address:
        yield address


def test_a_record_describes_the_download(downloads):
    (record,) = downloads.fetch("xnli", "test", "de")
    file = downloads.file("xnli", "test", "de")
    assert record == {
        "repository": "facebook/xnli", "revision": "mirror", "config": "de", "split": "test", "rows": 3, "note": "",
        "sha256": sha256_of(file),
    }  # fmt: skip
    stored = json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))
    assert stored.items() >= record.items()
    assert Features.from_dict(stored["features"])["label"].names == ["entailment", "neutral", "contradiction"]


def test_columns_and_names_of_labels_are_the_repositorys(downloads):
    downloads.fetch("panx", "test", "de")
    features = Features.from_arrow_schema(pq.read_schema(downloads.file("panx", "test", "de")))
    assert list(features) == ["tokens", "ner_tags"]
    assert features["ner_tags"].feature.names[:3] == ["O", "B-PER", "I-PER"]


def test_an_existing_file_is_not_fetched_again(downloads, tmp_path):
    before = downloads.fetch("xnli", "test", "de")
    downloads.mirror = tmp_path / "no longer there"
    assert downloads.fetch("xnli", "test", "de") == before


def test_a_download_from_a_mirror_does_not_stand_in_for_one_from_the_hub(downloads, monkeypatch):
    downloads.fetch("xnli", "test", "de")
    monkeypatch.setattr("xstilts.sources.hub.fetch.check_reachable", unreachable)
    with pytest.raises(UserError, match="unreachable"):
        fetch(XNLI, XNLI.file(downloads.folder, "xnli"))


def unreachable(what: str) -> None:
    raise UserError("unreachable")


def test_a_local_folder_named_like_the_repository_is_not_read(tmp_path, mirror, monkeypatch):
    monkeypatch.chdir(mirror)
    monkeypatch.setattr("xstilts.sources.hub.fetch.check_reachable", lambda what: None)
    with pytest.raises(UserError, match=r"folder 'facebook/xnli' in .* in place of the Hub's"):
        fetch(XNLI, tmp_path / "file.parquet")


def test_rows_are_not_counted_in_a_mirror(downloads):
    assert XNLI.rows == 5010
    assert downloads.fetch("xnli", "test", "de")[0]["rows"] == 3


def test_a_mirror_without_the_repository(downloads, tmp_path):
    with pytest.raises(UserError, match=r"source\.mirror: there is no folder '.*facebook/xnli' with a clone"):
        fetch(XNLI, tmp_path / "file.parquet", str(tmp_path))


def test_a_mirror_without_the_config(downloads, tmp_path):
    with pytest.raises(UserError) as caught:
        downloads.fetch("xnli", "test", "ur")
    message = str(caught.value)
    assert "facebook/xnli (config ur, split test" in message and "'ur' not found" in message
    assert str(downloads.mirror) in message and "complete clone" in message


def test_a_clone_without_its_large_files(downloads, tmp_path):
    folder = tmp_path / "clones" / "facebook" / "xnli"
    (folder / "de").mkdir(parents=True)
    (folder / "README.md").write_text((downloads.mirror / "facebook/xnli/README.md").read_text(encoding="utf-8"))
    for split in ("train", "validation", "test"):
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
        (folder / "de" / f"{split}-00000-of-00001.parquet").write_text(pointer, encoding="utf-8")
    downloads.mirror = tmp_path / "clones"
    with pytest.raises(UserError, match="git lfs pull"):
        downloads.fetch("xnli", "test", "de")
    assert not downloads.file("xnli", "test", "de").exists()


def test_a_repository_with_a_script_is_not_run(downloads, tmp_path):
    folder = tmp_path / "clones" / "facebook" / "xnli"
    folder.mkdir(parents=True)
    (folder / "xnli.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    downloads.mirror = tmp_path / "clones"
    with pytest.raises(UserError, match="scripts are no longer supported"):
        downloads.fetch("xnli", "test", "de")
    assert not (tmp_path / "ran").exists()


def test_a_full_disk_is_not_reported_as_an_error_of_the_hub(downloads, monkeypatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        downloads.fetch("xnli", "test", "de")


def test_several_processes_may_fetch_the_same(tmp_path, mirror):
    files = "xnli", "test", "de", "mnli", "train", "en"
    running = [start(tmp_path, *files, mirror=str(mirror)) for _ in range(3)]
    answers = [process.communicate(timeout=120)[0] for process in running]
    records, *others = ([json.loads(line) for line in answer.splitlines()] for answer in answers)
    assert len(records) == 2 and others == [records, records]
    for record in records:
        (file,) = (tmp_path / "hub").rglob(f"{record['split']}.parquet")
        assert sha256_of(file) == record["sha256"]


def test_repositories_are_read_from_the_hub_at_their_commit(tmp_path, endpoint):
    files = "xnli", "test", "de", "cosmosqa", "train", "en", "mnli", "dev", "en", "panx", "test", "zh"
    records = fetched(tmp_path, *files, HF_ENDPOINT=endpoint)
    assert [(record["repository"], record["split"], record["rows"]) for record in records] == [
        ("facebook/xnli", "test", 3), ("allenai/cosmos_qa", "train", 4), ("nyu-mll/multi_nli", "validation_matched", 3),
        ("google/xtreme", "test", 3),
    ]  # fmt: skip
    assert {record["revision"] for record in records} == {COMMIT}
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size > 5000]
    assert not kept, "no second copy stays in the user's cache"


def test_another_number_of_rows_is_refused_with_both_numbers_and_the_reason(tmp_path, endpoint):
    (message,) = fetched(tmp_path, "pawsx", "train", "en", rows=49401, HF_ENDPOINT=endpoint)
    assert "google-research-datasets/paws-x (config en, split train" in message
    assert "has 3 rows where 49401 are expected" in message and "have lost rows" in message
    assert not list((tmp_path / "hub").rglob("*.parquet")), "it is not kept"


def test_refusals_of_the_hub_are_one_message_each(tmp_path, endpoint):
    refused = {"qqp": "nyu-mll/glue", "squad_v1": "rajpurkar/squad", "hellaswag": "Rowan/hellaswag",
             "commonsenseqa": "tau/commonsense_qa", "squad_v2": "rajpurkar/squad_v2"}  # fmt: skip
    messages = fetched(tmp_path, *(word for task in refused for word in (task, "dev", "en")), HF_ENDPOINT=endpoint)
    assert "401" in messages[0]
    for message, name in zip(messages, refused.values(), strict=True):
        assert name in message and COMMIT in message and endpoint in message
        for remedy in ("HF_ENDPOINT", "source.mirror", "machine with network", "docs/hub.md"):
            assert remedy in message


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "Connection refused"),
        ({"HF_HUB_OFFLINE": "1"}, "offline mode is enabled"),
    ],
)
def test_an_unreachable_hub_is_reported_at_once(tmp_path, environment, reason):
    before = time.monotonic()
    (message,) = fetched(tmp_path, "xnli", "test", "de", **environment)
    assert time.monotonic() - before < 30
    assert "facebook/xnli (config de, split test" in message and reason in message
    assert environment.get("HF_ENDPOINT", "https://") in message
    for remedy in ("HF_ENDPOINT", "source.mirror", "machine with network", "docs/hub.md"):
        assert remedy in message
    assert not list((tmp_path / "hub").rglob("*.parquet*.json"))


def test_a_commit_other_than_the_pinned_one_is_not_used(tmp_path, mirror):
    with serving(mirror, "f" * 40) as address:
        (message,) = fetched(tmp_path, "xnli", "test", "de", HF_ENDPOINT=address)
    assert COMMIT in message and "404" in message
