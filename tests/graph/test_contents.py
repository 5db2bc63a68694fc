"""What the study reads and no job makes counts by its content: when the study is planned, and when a job reads it."""

from __future__ import annotations

import os
from pathlib import Path

import configs
import pytest
import tiny_release

from xstilts.config.study import load, load_file
from xstilts.errors import UserError
from xstilts.graph import contents
from xstilts.graph.contents import freeze, of_model, planned, refuse_changed
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs

GERMAN = Path("data/xtreme/xnli/test-de.tsv")
WEIGHTS = Path("encoder/model.safetensors")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the tiny release, and files that stand for an encoder's."""
    monkeypatch.chdir(tmp_path)
    tiny_release.write(Path("data"))
    WEIGHTS.parent.mkdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json", "pytorch_model.bin"):
        (WEIGHTS.parent / name).write_text(name)


def runs(encoder: str = "encoder") -> Runs:
    targets = {"xnli": {"languages": ["de", "en"]}, "tatoeba": {"languages": ["de"]}}
    arms = {"none": {}, "mnli": {"tasks": ["mnli"]}}
    models = {"small": {"path": encoder}}
    source = {"kind": "files", "root": "data"}
    return Runs(planned(load(configs.ready_made(source=source, models=models, arms=arms, targets=targets))))


def replace_with_older(path: Path, text: str) -> None:
    """As wget, tar and cp -p do: another content, an older date, and here the same size."""
    new = path.with_name("new")
    new.write_text(text, encoding="utf-8")
    os.utime(new, (1_500_000_000, 1_500_000_000))
    new.replace(path)


def test_lists_every_file_that_no_job_makes() -> None:
    listed = set(runs().study.contents)
    assert {str(GERMAN), "data/intermediate/mnli/train.tsv", str(WEIGHTS), "encoder/config.json"} <= listed
    assert "encoder/pytorch_model.bin" not in listed
    assert "data/xtreme/xquad/xquad.de.json" not in listed


def test_another_content_with_an_older_date_changes_what_reads_it_and_nothing_else() -> None:
    before = Specs(runs())
    text = GERMAN.read_text(encoding="utf-8")
    replace_with_older(GERMAN, text.replace("a", "b"))
    after = Specs(runs())
    assert before.prepare("xnli") != after.prepare("xnli")
    assert before.finetune("small", "none", "xnli", 1)["id"] != after.finetune("small", "none", "xnli", 1)["id"]
    assert before.prepare("mnli") == after.prepare("mnli")
    assert before.retrieve("small", "none", 1) == after.retrieve("small", "none", 1)
    assert before.tokenizer("small") == after.tokenizer("small")


def test_other_weights_change_what_starts_from_them() -> None:
    before = Specs(runs())
    replace_with_older(WEIGHTS, WEIGHTS.read_text().upper())
    after = Specs(runs())
    for spec in (Specs.similarity, lambda specs: specs.retrieve("small", "none", 1)):
        assert spec(before)["id"] != spec(after)["id"]
    assert before.intermediate("small", "mnli", 1)["id"] != after.intermediate("small", "mnli", 1)["id"]
    assert before.prepare("xnli") == after.prepare("xnli")


def test_a_copy_of_the_encoder_elsewhere_is_the_same_encoder() -> None:
    before = runs()
    WEIGHTS.parent.rename("moved")
    after = runs("moved")
    assert of_model(before, "small") == of_model(after, "small")
    assert Specs(before).tokenizer("small") == Specs(after).tokenizer("small")


def test_files_are_read_once_and_again_only_if_they_may_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(runs())
    read: list[Path] = []
    digest = contents.sha256_of
    monkeypatch.setattr(contents, "sha256_of", lambda path: read.append(path) or digest(path))
    assert runs().study.contents == load_file(runs().frozen).contents
    assert read == []
    replace_with_older(GERMAN, GERMAN.read_text(encoding="utf-8").replace("a", "b"))
    runs()
    assert read == [GERMAN]


@pytest.mark.parametrize("damage", ["", "[]", '{"data": 1}', "{"])
def test_damaged_checksums_are_taken_again(damage: str) -> None:
    first = runs()
    freeze(first)
    first.paths.checksums.write_text(damage, encoding="utf-8")
    assert runs().study == first.study


def test_planning_writes_nothing() -> None:
    runs()
    assert not Path("results").exists()


def test_a_frozen_study_stays_when_another_one_is_frozen() -> None:
    first = runs()
    freeze(first)
    text = first.frozen.read_bytes()
    replace_with_older(GERMAN, "neutral\n")
    second = runs()
    freeze(second)
    assert first.frozen != second.frozen
    assert first.frozen.read_bytes() == text
    assert load_file(first.frozen) == first.study
    assert load_file(second.paths.study) == second.study


def test_a_job_refuses_a_file_that_has_changed_since_it_was_planned() -> None:
    planned_runs = runs()
    refuse_changed(planned_runs, planned_runs.data_files("xnli"))
    replace_with_older(GERMAN, "neutral\n")
    with pytest.raises(UserError, match=r"test-de\.tsv: the file has changed since snakemake planned this job\."):
        refuse_changed(planned_runs, planned_runs.data_files("xnli"))
    refuse_changed(planned_runs, planned_runs.data_files("mnli"))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_job_refuses_an_encoder_of_which_any_file_has_changed(name: str) -> None:
    planned_runs = runs()
    (WEIGHTS.parent / name).unlink()
    with pytest.raises(UserError, match=f"{name}: the file has changed"):
        refuse_changed(planned_runs, [WEIGHTS])
