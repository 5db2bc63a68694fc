"""Languages without files are left out where the study says so, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import ready_made

from xstilts.config.available import as_available
from xstilts.config.study import load


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / "xtreme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def absent(root: Path, targets: dict[str, Any], **changes: Any) -> dict[str, dict[str, list[str]]]:
    source = {"kind": "files", "root": str(root), "missing": "skip"}
    study = load(ready_made(**{"source": source, "targets": targets, **changes}))
    return {target: dict(chosen.absent) for target, chosen in as_available(study).targets.items()}


def test_a_language_without_a_file_is_left_out_of_its_split(tmp_path: Path) -> None:
    touch(tmp_path, "xnli/test-en.tsv", "xnli/test-de.tsv", "xnli/dev-en.tsv")
    targets = {"xnli": {"languages": ["de", "en", "sw"]}}
    assert absent(tmp_path, targets) == {"xnli": {"test": ["sw"]}}
    assert absent(tmp_path, targets, splits=["dev", "test"]) == {"xnli": {"dev": ["de", "sw"], "test": ["sw"]}}


def test_a_split_without_any_file_is_left_for_the_reader_to_complain_about(tmp_path: Path) -> None:
    assert absent(tmp_path, {"xnli": {"languages": ["de", "en"]}}) == {"xnli": {}}


@pytest.mark.parametrize("missing", ["dev", "test"])
def test_mining_needs_both_splits_of_a_language(tmp_path: Path, missing: str) -> None:
    sides = [f"{code}-en.{split}.{code}" for code in ("de", "fr") for split in ("dev", "test")]
    touch(tmp_path, *(f"bucc2018/{name}" for name in sides if name != f"fr-en.{missing}.fr"))
    assert absent(tmp_path, {"bucc2018": {"languages": ["de", "fr"]}}) == {"bucc2018": {"dev": ["fr"], "test": ["fr"]}}


def test_nothing_is_left_out_unless_the_study_says_so(tmp_path: Path) -> None:
    study = load(ready_made(source={"kind": "files", "root": str(tmp_path)}))
    assert as_available(study) is study
    synthetic = load(ready_made(source={"kind": "synthetic"}, targets={"xnli": {}}))
    assert as_available(synthetic) is synthetic


def translated(root: Path, source: dict[str, Any], translation: dict[str, str] | None) -> dict[str, list[str]]:
    arms = {"none": {}, "other": {"tasks": ["mnli", "xnli"], "languages": ["de", "en", "sw"]}}
    settings = {"models": {"xlmr": {"path": "x"}}, "targets": {"xquad": {}}}
    if source["kind"] == "synthetic":
        arms["other"] = {"tasks": ["mnli", "commonsenseqa"], "languages": ["qaa"]}
    config = ready_made(**settings, source=source, arms=arms, **({"translation": translation} if translation else {}))
    return dict(as_available(load(config)).translated)


def test_what_has_no_files_is_translated_if_the_study_says_so(tmp_path: Path) -> None:
    source = {"kind": "files", "root": str(tmp_path)}
    assert translated(tmp_path, source, None) == {}
    assert translated(tmp_path, source, {"model": "m2m"}) == {"mnli": ["de", "sw"], "xnli": ["de", "sw"]}
    touch(tmp_path / "translated" / "sw", "xnli/train-sw.tsv")
    touch(tmp_path, "xnli/train-de.tsv")
    assert translated(tmp_path, source, {"model": "m2m"}) == {"mnli": ["de", "sw"]}


def test_what_the_hub_or_the_synthetic_source_has_is_not_translated(tmp_path: Path) -> None:
    assert translated(tmp_path, {"kind": "hub", "root": str(tmp_path)}, {"model": "m2m"}) == {"mnli": ["de", "sw"]}
    assert translated(tmp_path, {"kind": "synthetic"}, {"model": "m2m"}) == {"commonsenseqa": ["qaa"]}
