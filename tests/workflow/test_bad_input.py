"""Data that is not as it should be: one message that says where, what and what to do, and nothing half-written."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from workspace import jobs_in

from xstilts.config import study as studies

TRAINING = {"pretrain", "intermediate", "finetune", "retrieve"}


def prepare(workspace, task):
    """``xstilts prepare`` as the rule runs it, on the workspace's study."""
    checked = studies.load(workspace.config)
    studies.store(checked, workspace.results / "study.json")
    return workspace.xstilts("prepare", "--study", f"results/{workspace.study}/study.json", "--task", task)


def written(workspace):
    """All files below results/, whether meant to stay or not, but for the study itself and logs."""
    found = {str(path.relative_to(workspace.results)) for path in workspace.results.rglob("*") if path.is_file()}
    return {name for name in found if name != "study.json" and not name.startswith(("logs/", "benchmarks/"))}


def replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert content.count(old.encode()) >= 1
        return content.replace(old.encode(), new.encode(), 1)

    return change


def to_latin1(content: bytes) -> bytes:
    return content.decode("utf-8").encode("latin-1")


def nothing(content: bytes) -> bytes:
    return b""


@dataclass(frozen=True)
class Case:
    """A file below the data root, what is done to it, and what the message must name beside the file."""

    task: str
    file: str
    change: Callable[[bytes], bytes]
    row: int | None
    says: str


QUESTIONS = "xtreme/xquad/xquad.de.json"
CASES = {
    "missing column": Case("mnli", "intermediate/mnli/train.tsv", replacing("gold_label", "label"), 1, "gold_label"),
    "unknown label": Case("xnli", "xtreme/xnli/test-de.tsv", replacing("neutral", "netural"), 3, "netural"),
    "no label": Case("xnli", "xtreme/xnli/test-de.tsv", replacing("\tneutral", ""), 3, "lacks a label"),
    "ragged row": Case("xnli", "xtreme/xnli/test-de.tsv", replacing("Ein Hund", "Ein\tHund"), 2, "4 fields"),
    "ragged row under a header": Case(
        "mnli", "intermediate/mnli/train.tsv", replacing("A dog", "A\tdog"), 3, "5 fields"
    ),
    "word without tag": Case(
        "udpos", "xtreme/udpos/test-de.tsv", replacing("laufen\tVERB", "laufen"), 2, "lacks a tag"
    ),
    "tag without word": Case(
        "udpos", "xtreme/udpos/test-de.tsv", replacing("laufen\tVERB", "laufen\tVERB\tX"), 2, "3 f"
    ),
    "unknown tag": Case("udpos", "xtreme/udpos/test-de.tsv", replacing("VERB", "VRB"), 2, "VRB"),
    "answer elsewhere": Case("xquad", QUESTIONS, replacing("Anna lebt", " Anna lebt"), 1, "offset 13"),
    "question without answer": Case("xquad", QUESTIONS, replacing('"text": "Rom"', '"text": ""'), 1, "q0"),
    "broken JSON": Case("xquad", QUESTIONS, lambda content: content[:-5], 1, "JSON"),
    "missing field": Case("xquad", QUESTIONS, replacing('"question"', '"frage"'), 1, "question"),
    "empty file": Case("xnli", "xtreme/xnli/test-de.tsv", nothing, None, "empty"),
    "only blank lines": Case("xnli", "xtreme/xnli/test-de.tsv", lambda content: b"\n\n", None, "no examples"),
    "wrong encoding": Case("xnli", "xtreme/xnli/test-de.tsv", to_latin1, 1, "UTF-8"),
    "repeated id": Case("mnli", "intermediate/mnli/dev_matched.tsv", replacing("\n1\t", "\n0\t"), None, "id '0'"),
    "sides of unequal length": Case(
        "tatoeba", "xtreme/tatoeba/tatoeba.deu-eng.eng", replacing("Yes.\n", ""), 3, "tatoeba.deu-eng.deu"
    ),
    "unlabelled text missing": Case("text", "text/de.txt", nothing, None, "empty"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_file(workspace, name):
    case = CASES[name]
    workspace.config["targets"]["udpos"] = {"languages": ["de", "en"]}
    path = workspace.data / case.file
    path.write_bytes(case.change(path.read_bytes()))
    done = prepare(workspace, case.task)
    assert_one_message(done, f"data/{case.file}" + (f", row {case.row}:" if case.row else ""), case.says)
    assert written(workspace) == set()


def assert_one_message(done, *parts):
    """Exit code 1, and one message from xstilts, after its log, with all of the parts and a remedy."""
    assert done.code == 1, done.text
    assert re.findall("^xstilts: ", done.text, re.MULTILINE) == ["xstilts: "] and done.text.count("xstilts: ") == 1
    for part in parts:
        assert part in done.text
    assert "docs/data.md" in done.text or "remove the duplicate" in done.text or "Is the file complete?" in done.text
    assert "Traceback" not in done.text


def test_a_missing_folder(workspace):
    workspace.config["source"]["root"] = "nowhere"
    done = prepare(workspace, "xnli")
    assert_one_message(done, "source.root", "no folder 'nowhere'")
    assert written(workspace) == set()


def test_a_missing_file(workspace):
    (workspace.data / "intermediate" / "mnli" / "dev_matched.tsv").rename(workspace.data / "dev.tsv")
    done = prepare(workspace, "mnli")
    assert_one_message(done, "data/intermediate/mnli/dev_matched.tsv", "no such file", "its folder holds train.tsv")
    assert written(workspace) == set()


def test_a_language_without_data(workspace):
    workspace.config["targets"]["xnli"]["languages"] = ["de", "en", "fr"]
    done = prepare(workspace, "xnli")
    assert_one_message(done, "data/xtreme/xnli/test-fr.tsv", "no such file")
    assert written(workspace) == set()


def test_a_task_that_the_source_does_not_have(workspace):
    workspace.config["targets"]["pawsx"] = {"languages": ["en"]}
    done = prepare(workspace, "pawsx")
    assert_one_message(done, "data/xtreme/pawsx/train-en.tsv", "only data/xtreme exists")
    assert written(workspace) == set()


def test_a_split_that_the_release_does_not_have_is_not_asked_for(workspace):
    workspace.config["splits"] = ["dev"]
    prepare(workspace, "xquad").ok()
    assert "data/xquad/test.de.parquet" in written(workspace)


def test_a_bad_file_leaves_earlier_data_as_they_were(workspace):
    prepare(workspace, "xnli").ok()
    before = {name: (workspace.results / name).read_bytes() for name in written(workspace)}
    path = workspace.data / "xtreme" / "xnli" / "test-en.tsv"
    path.write_bytes(replacing("neutral", "netural")(path.read_bytes()))
    assert prepare(workspace, "xnli").code == 1
    assert {name: (workspace.results / name).read_bytes() for name in written(workspace)} == before


@pytest.mark.parametrize("broken", [False, True])
def test_preparing_does_not_wait_for_torch(workspace, broken):
    if broken:
        (workspace.data / "xtreme" / "xnli" / "test-de.tsv").unlink()
    prepare(workspace, "mnli").ok()
    code = (
        "import sys; from xstilts.cli import commands\n"
        "sys.argv = ['xstilts', 'prepare', '--study', 'results/tiny/study.json', '--task', 'xnli']\n"
        "try: commands.run()\n"
        "except SystemExit as end: print('ended', end.code)\n"
        "print('imported', sorted({'torch', 'transformers', 'datasets', 'altair'} & sys.modules.keys()))"
    )
    done = workspace.program(sys.executable, "-c", code)
    assert done.text.splitlines()[-1] == "imported []"
    assert ("no such file" in done.text) == broken


# Through snakemake


@pytest.mark.parametrize("name", ["unknown label", "unlabelled text missing"])
def test_snakemake_shows_the_message_and_trains_nothing(workspace, name):
    """Also with the profile's keep-going, and although most of the training does not need the bad file."""
    case = CASES[name]
    workspace.config["arms"] = {"none": {}}
    del workspace.config["targets"]["xquad"]
    path = workspace.data / case.file
    path.write_bytes(case.change(path.read_bytes()))
    done = workspace.snakemake()
    assert done.code != 0
    assert done.text.count(f"xstilts: data/{case.file}") == 1 and case.says in done.text
    assert "Traceback" not in done.text
    assert not TRAINING & {job.split(" ")[0] for job in jobs_in(done.text)}
    assert not [name for name in written(workspace) if name.startswith((f"data/{case.task}/", "encoders", "scores"))]


def test_what_is_mended_runs_without_further_ado(workspace):
    path = workspace.data / "xtreme" / "xnli" / "test-de.tsv"
    good = path.read_bytes()
    path.write_bytes(b"")
    target = "results/tiny/data/xnli/manifest.json"
    assert workspace.snakemake(target).code != 0
    path.write_bytes(good)
    workspace.snakemake(target).ok()
    assert target.removeprefix("results/tiny/") in written(workspace)
